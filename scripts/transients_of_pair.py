"""Door of the rule transients_of_pair."""

from redpix.core.job import job
from redpix.subtraction.join_bands import main

with job(snakemake):
    main(snakemake)
