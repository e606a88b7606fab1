"""Door of the rule injection_sources."""

from redpix.core.job import job
from redpix.injection.choose_sources import main

with job(snakemake):
    main(snakemake)
