"""Door of the rule series."""

from redpix.core.job import arguments, job
from redpix.subtraction.series_files import write_series

with job(snakemake):
    write_series(**arguments(snakemake))
