"""Door of the rule photometry_of_image."""

from redpix.core.job import job
from redpix.photometry.measure import main

with job(snakemake):
    main(snakemake)
