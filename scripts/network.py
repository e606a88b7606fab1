"""Door of the rule network."""

from redpix.core.job import arguments, job
from redpix.simulation.train_network import train_network

with job(snakemake):
    train_network(**arguments(snakemake))
