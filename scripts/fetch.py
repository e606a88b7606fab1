"""Door of the rule fetch."""

from redpix.core.job import job
from redpix.sdss.fetch import main

with job(snakemake):
    main(snakemake)
