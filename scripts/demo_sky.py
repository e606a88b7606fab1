"""Draw the demo's sky: every galaxy, star and transient, as a table."""

from files import atomic
from job import job, log
from redpix.demo_truth import truth


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


if "snakemake" in globals():
    with job(snakemake):
        main(snakemake)
