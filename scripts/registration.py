"""Door of the rule registration."""

from redpix.core.job import job
from redpix.pixels.register_field import main

with job(snakemake):
    main(snakemake)
