"""Door of the rule errors."""

from redpix.core.job import job
from redpix.sdss.write_error_maps import main

with job(snakemake):
    main(snakemake)
