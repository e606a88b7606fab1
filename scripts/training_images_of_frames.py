"""Door of the rule training_images_of_frames."""

from redpix.core.job import arguments, job
from redpix.simulation.redshift_frames import redshift_galaxies

with job(snakemake):
    redshift_galaxies(**arguments(snakemake))
