"""Door of the rule light_curves."""

from redpix.core.job import arguments, job
from redpix.photometry.light_curve_files import make_light_curves

with job(snakemake):
    make_light_curves(**arguments(snakemake))
