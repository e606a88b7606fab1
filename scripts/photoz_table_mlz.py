"""Door of the rule photoz_table_mlz."""

from redpix.core.job import job
from redpix.photoz.mlz_files import main

with job(snakemake):
    main(snakemake)
