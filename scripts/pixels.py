"""Door of the rule pixels."""

from redpix.core.job import job
from redpix.pixels.pixel_table import main

with job(snakemake):
    main(snakemake)
