"""Door of the rule known_bodies."""

from redpix.core.job import arguments, job
from redpix.subtraction.known_bodies import fetch_bodies

with job(snakemake):
    fetch_bodies(**arguments(snakemake))
