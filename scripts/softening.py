"""Door of the rule softening."""

from redpix.core.job import arguments, job
from redpix.pixels.softening import write_softening

with job(snakemake):
    write_softening(**arguments(snakemake))
