"""Bring the transients of a pair's bands into one table, each with its host."""

import csv

from redpix.core.atomic_files import atomic
from redpix.core.job import log
from redpix.subtraction.hosts import nearest

HOST_COLUMNS = ("host_id", "host_z_phot", "host_z_error")


def read_rows(path):
    """Rows of a CSV and its columns."""
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        return list(reader), reader.fieldnames


def add_hosts(rows, paths, radius):
    """Give each transient its host from tables of objects; empty cells where there is none."""
    objects = [row for path in paths for row in read_rows(path)[0]]
    objects = [row for row in objects if (row["class"] or row["class_phot"]) != "STAR"]
    places = [
        [float(row[name]) for row in table] for table in (rows, objects) for name in ("ra", "dec")
    ]
    for row, index in zip(rows, nearest(*places, radius), strict=True):
        host = objects[index] if index >= 0 else {}
        values = (host.get(name, "") for name in ("object_id", "z_phot", "z_error"))
        row.update(zip(HOST_COLUMNS, values, strict=True))


def main(snakemake):
    tables = [read_rows(path) for path in snakemake.input.tables]
    rows = [row for table, _ in tables for row in table]
    add_hosts(rows, snakemake.input.objects, snakemake.params.host_radius)
    columns = tables[0][1]
    place = columns.index("flags") + 1
    columns = [*columns[:place], *HOST_COLUMNS, *columns[place:]]
    with atomic(snakemake.output[0]) as path, open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | {"id": number} for number, row in enumerate(rows, start=1))
    hosts = sum(row["host_id"] != "" for row in rows)
    log.info("%s: %d rows, %d with a host", snakemake.output[0], len(rows), hosts)
