"""Door of the rule training_images."""

from redpix.core.job import arguments, job
from redpix.simulation.make_training_images import make_training_images

with job(snakemake):
    make_training_images(**arguments(snakemake), threads=snakemake.threads)
