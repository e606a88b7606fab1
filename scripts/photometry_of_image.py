"""Door of the rule photometry_of_image."""

from redpix.core.job import arguments, job
from redpix.photometry.measure import measure_or_leave_out

with job(snakemake):
    measure_or_leave_out(**arguments(snakemake))
