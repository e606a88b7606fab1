"""Door of the rule report."""

from redpix.core.job import job
from redpix.report.run_page import main

with job(snakemake):
    main(snakemake)
