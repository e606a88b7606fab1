"""Door of the rule photometry_of_image."""

from redpix.core.job import arguments, job
from redpix.photometry.measure import measure_stars

with job(snakemake):
    measure_stars(**arguments(snakemake))
