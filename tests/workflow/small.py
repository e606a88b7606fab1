"""A small run: one or two of the demo's fields in a band or two, from a local archive."""

import csv
import shutil

from redpix.core.field_name import parse_field
from redpix.sdss.frames import frame_path, mask_path

FIELDS = ("9001-3-100", "9002-4-57")

#: settings of a registration in a fifth of the time, for tests in which any pixels serve
COARSE = {"engine": "drizzle", "pixel_scale": 1.0}


def copy_archive(demo, folder, fields=FIELDS, bands="gr"):
    """Copy some frames of the demo's archive; returns the copy's root."""
    root = folder / "archive"
    for field in map(parse_field, fields):
        for band in bands:
            for path in (frame_path("dr17", field, band), mask_path("dr17", field, band)):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(demo / "results/demo/demo/archive" / path, root / path)
    return root


def copy_catalogue(demo, folder, fields=FIELDS):
    """Objects of some fields as a user's own CSV; returns its path."""
    path = folder / "objects.csv"
    with open(demo / "results/demo/catalogue/objects.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            row for row in rows if f"{row['run']}-{row['camcol']}-{row['field']}" in fields
        )
    return path


def configuration(root, catalogue, bands="gr", **more):
    """Configuration of a small run."""
    return {
        "name": "small",
        "source": root if str(root).startswith("http") else root.as_uri(),
        "catalogue": {"from": str(catalogue)},
        "bands": list(bands),
        "reference_band": "r",
        **more,
    }


#: suffixes of tables
TABLES = (".csv", ".ecsv", ".parquet", ".dat", ".json")

#: suffixes of tables, images and what others read
ALL = (*TABLES, ".fits", ".vot", ".reg", ".avro", ".hdf5")


def products(folder, name="small", suffixes=TABLES):
    """Contents of the tables of a run by path, without logs, timings and records."""
    results = folder / "results" / name
    asides = {"logs", "benchmarks", "fetched", "provenance"}
    return {
        str(path.relative_to(results)): path.read_bytes()
        for path in sorted(results.rglob("*"))
        if path.suffix in suffixes and not asides & set(path.parts)
    }
