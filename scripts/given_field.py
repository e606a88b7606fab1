"""Door of the rule given_field."""

from redpix.core.job import arguments, job
from redpix.pixels.given_field import prepare_field

with job(snakemake):
    prepare_field(**arguments(snakemake), field=snakemake.wildcards.field)
