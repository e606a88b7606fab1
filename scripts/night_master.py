"""Door of the rule night_master."""

from redpix.core.job import arguments, job
from redpix.photometry.make_master import make_or_leave_out

with job(snakemake):
    make_or_leave_out(**arguments(snakemake))
