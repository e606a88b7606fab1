"""Check the products of a run against the records of where they come from.

    .venv/bin/python scripts/verify.py [--without-images] results/demo

Names every product that is missing or is not what its job wrote, every product made from an
input that has changed since, and code that is not the one the products were made with: files of
redpix itself, whose names begin with "redpix:". A run with ``keep_images: false`` has removed its
images: with --without-images they may be missing. Exit status 0 if all products are what their
records say and follow from one another, else 1.
"""

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

from redpix.core.provenance import FOLDER, checksum, located, records

#: folders of results/<name>/ that a run with keep_images: false empties
IMAGES = ("frames", "errors", "registered", "sources")


def flaws(results, entries, without_images=False):
    """Everything that does not fit its record.

    Parameters
    ----------
    results : Path
        ``results/<name>``, from the folder of the run.
    entries : list of dict
        Records of its jobs.
    without_images : bool
        Whether images may be missing.

    Yields
    ------
    (str, str)
        What kind of flaw it is, and the fact, file first.
    """
    if not entries:
        yield "no record", f"{results / FOLDER}: no record of any job; was redpix run here?"
    sums = {}
    removed = tuple(f"{results / name}/" for name in IMAGES) if without_images else ()

    def absent(path):
        return path.startswith(removed) and not os.path.exists(path)

    for entry in entries:
        for path, known in entry["outputs"].items():
            if not absent(path):
                yield from _product_flaw(path, known, entry["rule"], sums)
    for entry in entries:
        for path, known in (entry["inputs"] | entry.get("code", {})).items():
            if absent(path):
                continue
            here = located(path)
            if here not in sums:
                sums[here] = checksum(here) if os.path.isfile(here) else None
            if sums[here] != known:
                change = "is gone" if sums[here] is None else "has changed"
                first = next(iter(entry["outputs"]), entry["rule"])
                yield "input changed", f"{path}: {change} since {first} was made from it"


def _product_flaw(path, known, rule, sums):
    """The flaw of one product, if it has one; its checksum is kept in `sums`."""
    if not os.path.isfile(path):
        sums[path] = None
        yield "missing", f"{path}: missing; rule {rule} wrote it"
        return
    sums[path] = checksum(path)
    if sums[path] != known["sha256"]:
        yield "altered", f"{path}: is not what rule {rule} wrote, {known['sha256'][:12]}..."


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="results/<name>")
    parser.add_argument(
        "--without-images", action="store_true", help="of a run with keep_images: false"
    )
    asked = parser.parse_args()
    folder = asked.results.absolute()
    if not folder.is_dir():
        sys.exit(f"{folder}: there is no such folder; give results/<name>")
    os.chdir(folder.parents[1])  # records name files from where the run was started
    results = folder.relative_to(folder.parents[1])
    entries = list(records(results))
    found = list(flaws(results, entries, asked.without_images))
    for _, fact in found:
        print(fact)
    products = sum(len(entry["outputs"]) for entry in entries)
    kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(Counter(k for k, _ in found).items()))
    print(f"{results}: {products} products, {kinds or 'all as recorded'}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
