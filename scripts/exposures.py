"""Door of the rule exposures."""

from redpix.core.job import arguments, job
from redpix.sdss.delivered import list_delivered

with job(snakemake):
    list_delivered(**arguments(snakemake))
