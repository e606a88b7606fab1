"""Door of the rule photoz_table_mlz."""

from redpix.core.job import arguments, job
from redpix.photoz.mlz_files import export_table

with job(snakemake):
    export_table(**arguments(snakemake))
