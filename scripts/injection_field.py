"""Door of the rule injection_field."""

from redpix.core.job import arguments, job
from redpix.injection.inject_given import inject_field

with job(snakemake):
    inject_field(**arguments(snakemake), field=snakemake.wildcards.field)
