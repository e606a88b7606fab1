"""Door of the rule subtraction."""

from redpix.core.job import arguments, job
from redpix.subtraction.subtract_files import subtract_files

with job(snakemake):
    subtract_files(**arguments(snakemake), band=snakemake.wildcards.band, threads=snakemake.threads)
