"""Door of the rule sources."""

from redpix.catalogue.extract import find_objects
from redpix.core.job import arguments, job

with job(snakemake):
    find_objects(**arguments(snakemake), field=snakemake.wildcards.field)
