"""Door of the rule demo_sky."""

from redpix.core.job import arguments, job
from redpix.demo.write_sky import write_sky

with job(snakemake):
    write_sky(**arguments(snakemake))
