"""Door of the rule catalogue."""

from redpix.catalogue.origins import main
from redpix.core.job import job

with job(snakemake):
    main(snakemake)
