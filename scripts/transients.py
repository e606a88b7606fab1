"""Bring the transients of a pair's bands into one table."""

import csv

from files import atomic
from job import job, log


def main(snakemake):
    rows = []
    for path in snakemake.input.tables:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows += list(reader)
            columns = reader.fieldnames
    with atomic(snakemake.output[0]) as path, open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | {"id": number} for number, row in enumerate(rows, start=1))
    log.info("%s: %d rows", snakemake.output[0], len(rows))


if "snakemake" in globals():
    with job(snakemake):
        main(snakemake)
