"""Door of the rule injection_truth."""

from redpix.core.job import job
from redpix.injection.truth import main

with job(snakemake):
    main(snakemake)
