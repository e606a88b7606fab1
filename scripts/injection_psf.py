"""Door of the rule injection_psf."""

from redpix.core.job import job
from redpix.injection.choose_psf import main

with job(snakemake):
    main(snakemake)
