"""Door of the rule injection_frame."""

from redpix.core.job import job
from redpix.injection.inject_frame import main

with job(snakemake):
    main(snakemake)
