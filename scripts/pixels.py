"""Door of the rule pixels."""

from redpix.core.job import arguments, job
from redpix.pixels.pixel_table import write_pixel_table

with job(snakemake):
    write_pixel_table(**arguments(snakemake))
