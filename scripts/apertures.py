"""Door of the rule apertures."""

from redpix.core.job import arguments, job
from redpix.pixels.aperture_files import measure_apertures

with job(snakemake):
    measure_apertures(**arguments(snakemake), field=snakemake.wildcards.field)
