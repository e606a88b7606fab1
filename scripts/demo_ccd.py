"""Door of the rule demo_ccd."""

from redpix.core.job import job
from redpix.demo.write_ccd import main

with job(snakemake):
    main(snakemake)
