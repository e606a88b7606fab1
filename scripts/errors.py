"""Door of the rule errors."""

from redpix.core.job import arguments, job
from redpix.sdss.write_error_maps import write_error_maps

with job(snakemake):
    write_error_maps(**arguments(snakemake), field=snakemake.wildcards.field)
