"""Door of the rule registration."""

from redpix.core.job import arguments, job
from redpix.pixels.register_field import register_field

with job(snakemake):
    register_field(**arguments(snakemake))
