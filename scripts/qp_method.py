"""Door of the rule qp_method."""

from redpix.core.job import arguments, job
from redpix.photoz.qp_file import write_qp

with job(snakemake):
    write_qp(**arguments(snakemake))
