"""Check the products of a run against the records of their origin.

    .venv/bin/python scripts/verify.py [--without-images] results/demo

The command lists missing products, products that changed after their jobs wrote them, and inputs
that changed after a job read them. Inputs include the code: names of files of redpix begin with
"redpix:". A run with ``keep_images: false`` has removed its images: allow that with
--without-images. The exit status is 0 if all files agree with the records, else 1.
"""

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

from redpix.core.exceptions import refusals
from redpix.core.provenance import FOLDER, checksum, located, records

#: folders of results/<name>/ that a run with keep_images: false empties
IMAGES = ("frames", "errors", "registered", "matched", "sources")


def flaws(results, entries, without_images=False):
    """Yield the files that do not agree with the records.

    Parameters
    ----------
    results : Path
        ``results/<name>``, relative to the folder of the run.
    entries : list of dict
        Records of the jobs.
    without_images : bool
        Whether images may be missing.

    Yields
    ------
    (str, str)
        Kind of the flaw, and the fact with the file first.
    """
    if not entries:
        yield (
            "no record",
            f"{results / FOLDER}: the folder has no records; allowed: results of redpix",
        )
    sums = {}
    removed = tuple(f"{results / name}/" for name in IMAGES) if without_images else ()

    def absent(path):
        return path.startswith(removed) and not os.path.exists(path)

    for entry in entries:
        for path, recorded in entry["outputs"].items():
            if not absent(path):
                yield from _product_flaw(path, recorded, entry["rule"], sums)
    for entry in entries:
        for path, recorded in (entry["inputs"] | entry.get("code", {})).items():
            if not absent(path):
                yield from _input_flaw(path, recorded, entry, sums)


def _input_flaw(path, recorded, entry, sums):
    """Yield the flaw of one input if it has one, and store its checksum in `sums`."""
    here = located(path)
    if here not in sums:
        sums[here] = checksum(here) if os.path.isfile(here) else None
    if sums[here] != recorded:
        change = "is gone" if sums[here] is None else "has changed"
        first = next(iter(entry["outputs"]), entry["rule"])
        yield "input changed", f"{path}: {change} since {first} was made from it"


def _product_flaw(path, recorded, rule, sums):
    """Yield the flaw of one product if it has one, and store its checksum in `sums`."""
    if not os.path.isfile(path):
        sums[path] = None
        yield "missing", f"{path}: missing; rule {rule} wrote it"
        return
    sums[path] = checksum(path)
    if sums[path] != recorded["sha256"]:
        yield "altered", f"{path}: changed after rule {rule} wrote {recorded['sha256'][:12]}..."


def main():
    """Check the run that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="results/<name>")
    parser.add_argument(
        "--without-images", action="store_true", help="the run has keep_images: false"
    )
    options = parser.parse_args()
    folder = options.results.absolute()
    if not folder.is_dir():
        sys.exit(f"{folder}: the folder does not exist; allowed: results/<name> of a run")
    os.chdir(folder.parents[1])  # records name files relative to this folder
    results = folder.relative_to(folder.parents[1])
    with refusals(""):
        entries = list(records(results))
    problems = list(flaws(results, entries, options.without_images))
    for _, fact in problems:
        print(fact)
    products = sum(len(entry["outputs"]) for entry in entries)
    kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(Counter(k for k, _ in problems).items()))
    print(f"{results}: {products} products, {kinds or 'all as recorded'}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
