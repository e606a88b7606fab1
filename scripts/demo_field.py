"""Door of the rule demo_field."""

from redpix.core.job import arguments, job
from redpix.demo.write_field import write_field

with job(snakemake):
    write_field(**arguments(snakemake))
