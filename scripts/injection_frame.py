"""Door of the rule injection_frame."""

from redpix.core.job import arguments, job
from redpix.injection.inject_frame import inject_frame

with job(snakemake):
    inject_frame(**arguments(snakemake), band=snakemake.wildcards.band)
