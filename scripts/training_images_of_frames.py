"""Door of the rule training_images_of_frames."""

from redpix.core.job import job
from redpix.simulation.redshift_frames import main

with job(snakemake):
    main(snakemake)
