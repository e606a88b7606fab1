"""Door of the rule compare."""

from redpix.core.job import arguments, job
from redpix.report.compared_page import write_comparison

with job(snakemake):
    write_comparison(**arguments(snakemake))
