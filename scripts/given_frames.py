"""Door of the rule given_frames."""

from redpix.core.job import arguments, job
from redpix.pixels.given_field import name_given

with job(snakemake):
    name_given(**arguments(snakemake))
