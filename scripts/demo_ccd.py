"""Door of the rule demo_ccd."""

from redpix.core.job import arguments, job
from redpix.demo.write_ccd import write_ccd

with job(snakemake):
    write_ccd(**arguments(snakemake))
