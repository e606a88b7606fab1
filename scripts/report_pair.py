"""Door of the rule report_pair."""

from redpix.core.job import job
from redpix.report.pair_page import main

with job(snakemake):
    main(snakemake)
