"""Door of the rule injection_psf."""

from redpix.core.job import arguments, job
from redpix.injection.choose_psf import choose_psf

with job(snakemake):
    choose_psf(
        **arguments(snakemake),
        field=snakemake.wildcards.field,
        retries=snakemake.resources.download_retries,
        timeout=snakemake.resources.download_timeout,
    )
