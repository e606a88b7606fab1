"""List the delivered fields, and the reasons why the others are left out."""

import json
from pathlib import Path

from redpix.core.atomic_files import write_csv
from redpix.core.job import log


def list_delivered(statuses, table):
    """Write the table of delivered and missing fields.

    Parameters
    ----------
    statuses : list of str
        JSON files with field, delivered and reason, one per field.
    table : str
        CSV to write, with one row per field: field, delivered (yes or no), reason.
    """
    rows, left_out = [], 0
    for path in statuses:
        status = json.loads(Path(path).read_text(encoding="utf-8"))
        rows.append((status["field"], "yes" if status["delivered"] else "no", status["reason"]))
        left_out += not status["delivered"]
        log.info("%s: %s", path, status["reason"] or "delivered")
    write_csv(table, ("field", "delivered", "reason"), rows)
    log.info("%s: %d fields requested, %d left out", table, len(statuses), left_out)
