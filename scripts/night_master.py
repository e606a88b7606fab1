"""Door of the rule night_master."""

from redpix.core.job import arguments, job
from redpix.photometry.make_master import make_master

with job(snakemake):
    make_master(**arguments(snakemake))
