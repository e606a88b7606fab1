"""Door of the rule network."""

from redpix.core.job import job
from redpix.simulation.train_network import main

with job(snakemake):
    main(snakemake)
