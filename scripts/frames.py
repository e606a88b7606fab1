"""Door of the rule frames."""

from redpix.core.job import arguments, job
from redpix.sdss.named_frames import name_frames

with job(snakemake):
    name_frames(
        **arguments(snakemake),
        field=snakemake.wildcards.field,
        retries=snakemake.resources.download_retries,
        timeout=snakemake.resources.download_timeout,
    )
