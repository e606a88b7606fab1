"""Door of the rule photoz_mlz."""

from redpix.core.job import arguments, job
from redpix.photoz.mlz_files import export_pixels

with job(snakemake):
    export_pixels(**arguments(snakemake))
