"""The files that the report reads, and the page that it writes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet
from astropy.io import fits
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from redpix.catalogue.build import field_names
from redpix.image.wcs import frame_wcs
from redpix.report import plots
from redpix.report.tables import DASH

#: folders of results that are not called like their stage
FOLDERS = {"registered": "registration", "coadds": "coaddition"}


def read_objects(path, band):
    """Catalogue objects with their field and their magnitude in one band."""
    types = {"id": "int64", "class": str}
    columns = ["id", "ra", "dec", "redshift", "class", "run", "camcol", "field", band]
    objects = pd.read_csv(path, dtype=types, usecols=columns).rename(columns={band: "magnitude"})
    objects["class"] = objects["class"].fillna("")
    return objects.drop(columns=["run", "camcol"]).assign(field=field_names(objects))


def read_predictions(path):
    """Predicted objects; classes are texts, empty where unknown."""
    table = pd.read_csv(path, dtype={"object_id": "int64", "class": str, "class_phot": str})
    return table.fillna({"class": "", "class_phot": ""})


def read_text_table(path):
    """A CSV, all of it as text."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def count_pixels(paths, ids):
    """Number of pixels of each object in all pixel tables."""
    total = pd.Series(0, index=ids)
    for path in paths:
        found = pyarrow.parquet.read_table(path, columns=["object_id"])["object_id"].to_numpy()
        present, number = np.unique(found, return_counts=True)
        total.loc[present] += number
    return total.to_numpy()


def read_counts(paths):
    """What was counted in each field's pixels: a row a field, a column a kind."""
    rows = {}
    for path in paths:
        table = pd.read_csv(path, index_col="what")["number"]
        rows[Path(path).name.removesuffix(".counts.csv")] = table
    return pd.DataFrame(rows).T.fillna(0).astype(int)


def read_benchmarks(folder):
    """Snakemake's benchmark of each job with its stage and name; the report's own is an old one."""
    paths = sorted(Path(folder).glob("*/*.tsv"))
    return [
        pd.read_csv(path, sep="\t", na_values=["-", "NA"]).assign(
            stage=path.parent.name, job=path.stem
        )
        for path in paths
        if path.parent.name != "report"
    ]


def stored(folder):
    """Megabytes of the files of each stage; what two names are linked to counts once."""
    sizes = {}
    for place in sorted(path for path in Path(folder).iterdir() if path.is_dir()):
        known = {}
        for path in place.rglob("*"):
            if path.is_file():
                about = path.stat()
                known[about.st_ino] = about.st_size
        sizes[FOLDERS.get(place.name, place.name)] = sum(known.values()) / 1e6
    return sizes


def read_image(path):
    """Image, WCS and header of the first HDU."""
    with fits.open(path, memmap=False) as hdus:
        return hdus[0].data, frame_wcs(hdus[0].header), hdus[0].header


def read_histograms(path, highest):
    """Pixels of test objects in pixels.dat, counted in pieces to bound memory."""
    histograms = plots.PixelHistograms(highest)
    pieces = pd.read_csv(
        path, sep=" ", comment="#", header=None, usecols=[0, 1], dtype=float, chunksize=1_000_000
    )
    for piece in pieces:
        histograms.add(piece[1].to_numpy(), piece[0].to_numpy())
    return histograms


def measured(value, decimals):
    """A number with so many decimals; a dash where it is not known."""
    return f"{value:,.{decimals}f}" if np.isfinite(value) else DASH


def render(template, **content):
    """The page; every text in it is escaped."""
    template = Path(template)
    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["grouped"] = "{:,.0f}".format
    environment.filters["measured"] = measured
    return environment.get_template(template.name).render(content)
