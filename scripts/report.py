"""Door of the rule report."""

from redpix.core.job import arguments, job
from redpix.report.run_page import write_report

with job(snakemake):
    write_report(**arguments(snakemake), threads=snakemake.threads)
