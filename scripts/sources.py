"""Door of the rule sources."""

from redpix.catalogue.extract import main
from redpix.core.job import job

with job(snakemake):
    main(snakemake)
