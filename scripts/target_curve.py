"""Door of the rule target_curve."""

from redpix.core.job import arguments, job
from redpix.report.target_curve import write_target_curve

with job(snakemake):
    write_target_curve(**arguments(snakemake))
