"""Door of the rule qp_table."""

from redpix.core.job import arguments, job
from redpix.photoz.qp_file import write_qp

with job(snakemake):
    write_qp(**arguments(snakemake))
