"""Door of the rule subtraction."""

from redpix.core.job import arguments, job
from redpix.subtraction.subtract_files import subtract_files

with job(snakemake):
    names = {"pair": snakemake.wildcards.pair, "band": snakemake.wildcards.band}
    subtract_files(**arguments(snakemake), **names, threads=snakemake.threads)
