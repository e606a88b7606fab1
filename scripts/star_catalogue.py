"""Door of the rule star_catalogue."""

from redpix.core.job import arguments, job
from redpix.photometry.fetch_stars import fetch_stars

with job(snakemake):
    fetch_stars(**arguments(snakemake))
