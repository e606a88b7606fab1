"""Door of the rule calibration."""

from redpix.core.job import arguments, job
from redpix.photometry.calibration import calibrate_or_leave_out

with job(snakemake):
    calibrate_or_leave_out(**arguments(snakemake))
