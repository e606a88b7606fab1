"""Door of the rule coaddition."""

from redpix.coaddition.coadd_exposures import main
from redpix.core.job import job

with job(snakemake):
    main(snakemake)
