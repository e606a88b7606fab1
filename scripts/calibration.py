"""Door of the rule calibration."""

from redpix.core.job import job
from redpix.photometry.calibrate import main

with job(snakemake):
    main(snakemake)
