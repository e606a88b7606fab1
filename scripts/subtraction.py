"""Door of the rule subtraction."""

from redpix.core.job import job
from redpix.subtraction.subtract_pair import main

with job(snakemake):
    main(snakemake)
