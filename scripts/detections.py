"""Door of the rule detections."""

from redpix.catalogue.detections import list_detections
from redpix.core.job import arguments, job

with job(snakemake):
    list_detections(**arguments(snakemake))
