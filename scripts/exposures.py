"""Door of the rule exposures."""

from redpix.core.job import job
from redpix.sdss.delivered import main

with job(snakemake):
    main(snakemake)
