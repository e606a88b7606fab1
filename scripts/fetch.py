"""Door of the rule fetch."""

from redpix.core.job import arguments, job
from redpix.sdss.fetch import fetch_frames

with job(snakemake):
    fetch_frames(
        **arguments(snakemake),
        field=snakemake.wildcards.field,
        retries=snakemake.resources.download_retries,
        timeout=snakemake.resources.download_timeout,
    )
