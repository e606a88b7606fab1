"""Door of the rule gaia_sources."""

from redpix.core.job import arguments, job
from redpix.subtraction.gaia_sources import fetch_gaia

with job(snakemake):
    fetch_gaia(**arguments(snakemake))
