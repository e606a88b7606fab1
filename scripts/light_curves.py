"""Door of the rule light_curves."""

from redpix.core.job import job
from redpix.photometry.light_curve_files import main

with job(snakemake):
    main(snakemake)
