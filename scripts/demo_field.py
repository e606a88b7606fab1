"""Door of the rule demo_field."""

from redpix.core.job import job
from redpix.demo.write_field import main

with job(snakemake):
    main(snakemake)
