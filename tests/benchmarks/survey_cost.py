"""Extrapolate the cost of the fields of a run to a whole survey.

    .venv/bin/python tests/benchmarks/survey_cost.py results/demo [--fields 938046]

Reads what a run on full-size fields has measured and recorded: CPU seconds of each stage, bytes and
number of the files of each stage, by field. The demo's frames have the survey's size. CPU seconds
are those of the scripts, with what they call and their imports; Snakemake's own are what
`scaling_cost.py overhead` prints.
"""

import argparse
import re
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from redpix.core.provenance import records

STAGES = ("frames", "errors", "registration", "sources", "pixels")
# the last line of a script's log
DONE = re.compile(r"done in [\d.]+ s, ([\d.]+) CPU s after ([\d.]+) to start")
KEPT = ("pixels", "logs", "benchmarks", "provenance")


def seconds(results, stage):
    """Mean CPU seconds of a field in a stage, as its scripts' logs tell."""
    paths = [results / "logs" / stage / f"{field}.log" for field in worked(results)]
    found = [DONE.search(path.read_text()) for path in paths]
    return sum(float(number) for line in found for number in line.groups()) / len(paths)


def worked(results):
    """Fields that came to their pixel vectors."""
    return [e["wildcards"]["field"] for e in records(results) if e["rule"] == "pixels"]


def files(results, folder, field):
    """Number and bytes of the files that a field has in a folder; links take no room."""
    names = [p.relative_to(results) for p in (results / folder).rglob("*") if p.is_file()]
    # the sky of the demo is made by jobs that a survey has not
    own = [(results / p).stat() for p in names if field in str(p) and "demo" not in p.parts]
    return len(own), sum({known.st_ino: known.st_size for known in own}.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--fields", type=int, default=938_046)
    options = parser.parse_args()
    results, n = options.results, options.fields
    fields = worked(results)
    print(f"{results}: {len(fields)} fields; carried to {n:,}\n")
    print("stage           CPU s a field    core-hours")
    total = 0
    for stage in STAGES:
        cost = seconds(results, stage)
        total += cost
        print(f"{stage:15} {cost:13.2f} {cost * n / 3600:13,.0f}")
    print(f"{'all':15} {total:13.2f} {total * n / 3600:13,.0f}\n")
    print("folder          files a field   MB a field      million files           TB")
    for folder in ("frames", "errors", "registered", "sources", *KEPT):
        counts = pd.DataFrame([files(results, folder, field) for field in fields])
        number, size = counts.mean()
        kept = "" if folder in KEPT else "   images gone with keep_images: false"
        print(
            f"{folder:15} {number:13.1f} {size / 1e6:12.2f} {number * n / 1e6:18.1f} "
            f"{size * n / 1e12:12.2f}{kept}"
        )


if __name__ == "__main__":
    main()
