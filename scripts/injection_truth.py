"""Door of the rule injection_truth."""

from redpix.core.job import arguments, job
from redpix.injection.truth import join_truth

with job(snakemake):
    join_truth(**arguments(snakemake))
