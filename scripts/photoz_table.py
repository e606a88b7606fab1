"""Door of the rule photoz_table."""

from redpix.core.job import arguments, job
from redpix.photoz.run_catalogue import estimate_from_table

with job(snakemake):
    estimate_from_table(**arguments(snakemake), n_threads=snakemake.threads)
