"""Door of the rule report_pair."""

from redpix.core.job import arguments, job
from redpix.report.pair_page import write_pair_report

with job(snakemake):
    write_pair_report(**arguments(snakemake), pair=snakemake.wildcards.pair)
