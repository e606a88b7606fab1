"""List the fields that came whole, and why the others are left out."""

import csv
import io
import json
from pathlib import Path

from redpix.core.atomic_files import write_text
from redpix.core.job import log


def main(snakemake):
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    writer.writerow(["field", "delivered", "reason"])
    left_out = 0
    for path in snakemake.input.statuses:
        status = json.loads(Path(path).read_text(encoding="utf-8"))
        writer.writerow([status["field"], "yes" if status["delivered"] else "no", status["reason"]])
        left_out += not status["delivered"]
        log.info("%s: %s", path, status["reason"] or "came")
    write_text(snakemake.output[0], rows.getvalue())
    log.info(
        "%s: %d fields asked for, %d left out",
        *(snakemake.output[0], len(snakemake.input.statuses), left_out),
    )
