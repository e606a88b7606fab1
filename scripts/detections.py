"""Door of the rule detections."""

from redpix.catalogue.detect import main
from redpix.core.job import job

with job(snakemake):
    main(snakemake)
