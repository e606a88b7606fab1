"""Draw the demo's sky: every galaxy, star and transient, as a table."""

from redpix.core.atomic_files import atomic
from redpix.core.job import log
from redpix.demo.truth import truth


def main(snakemake):
    table = truth(
        snakemake.params.seed,
        snakemake.params.galaxies,
        snakemake.params.stars,
        snakemake.params.transients,
    )
    for kind, number in table["kind"].value_counts().items():
        log.info("%s: %d", kind, number)
    log.info("catalogued: %d", table["catalogued"].sum())
    with atomic(snakemake.output[0]) as temporary:
        table.to_csv(temporary, index=False)
    log.info("wrote %s", snakemake.output[0])
