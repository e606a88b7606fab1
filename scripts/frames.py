"""Door of the rule frames."""

from redpix.core.job import job
from redpix.sdss.named_frames import main

with job(snakemake):
    main(snakemake)
