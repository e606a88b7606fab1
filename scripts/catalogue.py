"""Door of the rule catalogue."""

from redpix.catalogue.origins import make_catalogue
from redpix.core.job import arguments, job

with job(snakemake):
    make_catalogue(**arguments(snakemake))
