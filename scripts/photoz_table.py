"""Door of the rule photoz_table."""

from redpix.core.job import job
from redpix.photoz.run_catalogue import main

with job(snakemake):
    main(snakemake)
