"""Door of the rule training_images."""

from redpix.core.job import job
from redpix.simulation.make_training_images import main

with job(snakemake):
    main(snakemake)
