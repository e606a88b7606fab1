"""What a run's end tells: which fields were left out, which jobs failed."""

import csv
import re
from pathlib import Path

from redpix.core.field_name import FIELD_PATTERN


def read_left_out(path):
    """Fields that did not come and why, from a list of what was delivered."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {row["field"]: row["reason"] for row in rows if row["delivered"] != "yes"}


def failed_jobs(logs):
    """Jobs that failed for good.

    Parameters
    ----------
    logs : list of str
        Paths of Snakemake's own logs of a run.

    Returns
    -------
    list of str
        Each job's field, or else its first product, and its rule. A job whose product is there,
        because a later attempt came to its end, is none.
    """
    text = "".join(Path(path).read_text(encoding="utf-8") for path in logs)
    failed = {}
    for rule, details in re.findall(r"^Error in rule (\w+):\n((?: {4}.*\n)*)", text, re.M):
        named = dict(re.findall(r"^ {4}(\w+): ([^,\n]+)", details, re.M))
        if "output" in named and not Path(named["output"]).exists():
            field = re.search(FIELD_PATTERN, Path(named["output"]).name)
            what = f"field {field[0]}" if field else named["output"]
            failed[named["output"]] = f"{what}: {rule}"
    return list(failed.values())
