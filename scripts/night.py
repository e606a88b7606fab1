"""Door of the rule night."""

from redpix.core.job import arguments, job
from redpix.photometry.sort_night import sort_night

with job(snakemake):
    sort_night(**arguments(snakemake))
