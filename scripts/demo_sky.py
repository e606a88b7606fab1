"""Door of the rule demo_sky."""

from redpix.core.job import job
from redpix.demo.write_sky import main

with job(snakemake):
    main(snakemake)
