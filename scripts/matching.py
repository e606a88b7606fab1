"""Door of the rule matching."""

from redpix.core.job import arguments, job
from redpix.pixels.match_field import match_field

with job(snakemake):
    match_field(**arguments(snakemake))
