"""Door of the rule psfields."""

from redpix.core.job import arguments, job
from redpix.sdss.fetch_psfields import fetch_survey_psfs

with job(snakemake):
    fetch_survey_psfs(
        **arguments(snakemake),
        field=snakemake.wildcards.field,
        retries=snakemake.resources.download_retries,
        timeout=snakemake.resources.download_timeout,
    )
