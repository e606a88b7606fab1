"""Door of the rule photoz_method."""

from redpix.core.job import arguments, job
from redpix.photoz.run_pixels import estimate_from_pixels

with job(snakemake):
    estimate_from_pixels(**arguments(snakemake), n_threads=snakemake.threads)
