"""Door of the rule injection_sources."""

from redpix.core.job import arguments, job
from redpix.injection.choose_sources import choose_sources

with job(snakemake):
    choose_sources(**arguments(snakemake), field=snakemake.wildcards.field)
