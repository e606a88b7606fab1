"""Compare the tables and image data of two runs of the same configuration.

    .venv/bin/python tests/compare_runs.py results/demo ../older/results/demo

Run it after a change of the code that must not change results.
Names each product that one run lacks or that differs; exit status 1 if there is any. Logs,
timings, records of provenance, what was fetched and the report differ between any two runs and
are left out; so are cards of FITS headers that hold dates, checksums or versions.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np
from astropy.io import fits

#: folders of results/<name>/ that differ between any two runs
LEFT_OUT = {"logs", "benchmarks", "fetched", "provenance"}

#: suffixes of tables, compared byte for byte
TABLES = {".csv", ".dat", ".inputs", ".json", ".npy", ".parquet", ".reg", ".txt"}

#: suffixes of FITS files, compared by their cards and data
IMAGES = {".fit", ".fits"}

#: cards that differ between any two runs
VOLATILE = {"CHECKSUM", "DATASUM", "DATE", "DATE-HDU", "COMMENT", "HISTORY"}


def fingerprints(results):
    """Return the checksum of every product of a run by its path.

    Parameters
    ----------
    results : Path
        ``results/<name>``.

    Returns
    -------
    dict of str to str
        An array of an npz file and an HDU of a FITS file have a checksum each.
    """
    found = {}
    for path in sorted(results.rglob("*")):
        name = path.relative_to(results)
        fetched = name.match("frames/*.json")
        if path.is_file() and not fetched and not LEFT_OUT & set(name.parts):
            found |= {f"{name}{part}": digest for part, digest in _digests(path)}
    return found


def _digests(path):
    """Yield a part of a file and its checksum."""
    if path.suffix in TABLES or path.name.endswith(".bz2"):
        yield "", _sum(path.read_bytes())
    elif path.suffix == ".npz":
        with np.load(path) as arrays:
            for name in arrays.files:
                yield f"[{name}]", _sum(np.ascontiguousarray(arrays[name]).tobytes())
    elif path.suffix in IMAGES:
        with fits.open(path) as hdus:
            for number, hdu in enumerate(hdus):
                cards = [str(card) for card in hdu.header.cards if card.keyword not in VOLATILE]
                data = b"" if hdu.data is None else np.ascontiguousarray(hdu.data).tobytes()
                yield f"[{number}]", _sum("\n".join(cards).encode() + data)


def _sum(data):
    return hashlib.sha256(data).hexdigest()


def differences(first, second):
    """Yield a line for each product that two runs do not share.

    Parameters
    ----------
    first, second : dict of str to str
        From `fingerprints`.
    """
    for name in sorted(first.keys() | second.keys()):
        if name not in first or name not in second:
            yield f"{name}: only in the {'first' if name in first else 'second'}"
        elif first[name] != second[name]:
            yield f"{name}: differs"


def main():
    first, second = (fingerprints(Path(folder)) for folder in sys.argv[1:3])
    lines = list(differences(first, second))
    print("\n".join([*lines, f"{len(first)} and {len(second)} parts, {len(lines)} differ"]))
    sys.exit(1 if lines or not first else 0)


if __name__ == "__main__":
    main()
