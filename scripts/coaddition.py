"""Door of the rule coaddition."""

from redpix.coaddition.coadd_exposures import coadd_exposures
from redpix.core.job import arguments, job

with job(snakemake):
    coadd_exposures(**arguments(snakemake), band=snakemake.wildcards.band)
