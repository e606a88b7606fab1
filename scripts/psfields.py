"""Door of the rule psfields."""

from redpix.core.job import job
from redpix.sdss.fetch_psfields import main

with job(snakemake):
    main(snakemake)
