"""Door of the rule transients_of_pair."""

from redpix.core.job import arguments, job
from redpix.subtraction.join_bands import join_bands

with job(snakemake):
    join_bands(**arguments(snakemake))
