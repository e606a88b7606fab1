"""Door of the rule injection_table."""

from redpix.core.job import arguments, job
from redpix.injection.inject_given import list_injected

with job(snakemake):
    list_injected(**arguments(snakemake))
