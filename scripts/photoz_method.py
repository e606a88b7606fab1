"""Door of the rule photoz_method."""

from redpix.core.job import job
from redpix.photoz.run_pixels import main

with job(snakemake):
    main(snakemake)
