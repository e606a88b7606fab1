"""Door of the rule calibration."""

from redpix.core.job import arguments, job
from redpix.photometry.calibrate import calibrate_exposure

with job(snakemake):
    calibrate_exposure(**arguments(snakemake))
