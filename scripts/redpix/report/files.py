"""Read the files that the report shows, and render its page."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet
from astropy.io import fits
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from redpix.catalogue.build import field_names
from redpix.image.wcs import image_wcs
from redpix.report.redshift_plots import PixelHistograms
from redpix.report.tables import DASH

#: stage of each folder of results with another name than its stage
FOLDERS = {"registered": "registration", "matched": "matching", "coadds": "coaddition"}


def read_objects(path, band):
    """Return the catalogue with the field of each object and its magnitude in one band.

    Parameters
    ----------
    path : str
        objects.csv.
    band : str
        Band of the magnitude.

    Returns
    -------
    DataFrame
        Columns id, ra, dec, redshift, class ("" if unknown), field and magnitude.
    """
    types = {"id": "int64", "class": str}
    columns = ["id", "ra", "dec", "redshift", "class", "run", "camcol", "field", band]
    objects = pd.read_csv(path, dtype=types, usecols=lambda name: name in columns)
    objects = objects.rename(columns={band: "magnitude"})
    objects["class"] = objects["class"].fillna("")
    names = field_names(objects)
    return objects.drop(columns=["run", "camcol"], errors="ignore").assign(field=names)


def read_predictions(path):
    """Return the objects with predicted redshifts; unknown classes are empty.

    Parameters
    ----------
    path : str
        objects.csv of a method.

    Returns
    -------
    DataFrame
    """
    table = pd.read_csv(path, dtype={"object_id": "int64", "class": str, "class_phot": str})
    return table.fillna({"class": "", "class_phot": ""})


def read_text_table(path):
    """Return a CSV with every cell as text.

    Parameters
    ----------
    path : str
        Path of the file.

    Returns
    -------
    DataFrame
    """
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def count_pixels(paths, ids):
    """Return the number of pixels of each object in all pixel tables.

    Parameters
    ----------
    paths : list of str
        Pixel tables (Parquet).
    ids : Series of int64
        Ids of the objects.

    Returns
    -------
    ndarray of int, shape (n,)
    """
    total = pd.Series(0, index=pd.Index(ids))
    for path in paths:
        column = pyarrow.parquet.read_table(path, columns=["object_id"])["object_id"].to_numpy()
        present, number = np.unique(column, return_counts=True)
        known = np.isin(present, total.index)
        total.loc[present[known]] += number[known]
    return total.to_numpy()


def read_counts(paths):
    """Return the counts of pixels of each field.

    Parameters
    ----------
    paths : list of str
        ``<field>.counts.csv``.

    Returns
    -------
    DataFrame of int
        One row per field, and one column per kind of pixel.
    """
    rows = {}
    for path in paths:
        table = pd.read_csv(path, index_col="what")["number"]
        rows[Path(path).name.removesuffix(".counts.csv")] = table
    return pd.DataFrame(rows).T.fillna(0).astype(int)


def read_benchmarks(folder):
    """Return the benchmark of each job with its stage and name.

    The benchmark of the report is left out, because it is that of an earlier report.

    Parameters
    ----------
    folder : str
        Folder of Snakemake's benchmark files.

    Returns
    -------
    list of DataFrame
        Columns of Snakemake, stage and job.
    """
    paths = sorted(Path(folder).glob("*/*.tsv"))
    return [
        pd.read_csv(path, sep="\t", na_values=["-", "NA"]).assign(
            stage=path.parent.name, job=path.stem
        )
        for path in paths
        if path.parent.name != "report"
    ]


def stored(folder):
    """Return the size of the files of each stage in MB; a file with two links counts once.

    Parameters
    ----------
    folder : str
        Folder of the results.

    Returns
    -------
    dict of str to float
    """
    sizes = {}
    for stage in sorted(path for path in Path(folder).iterdir() if path.is_dir()):
        bytes_of_inode = {}
        for path in stage.rglob("*"):
            if path.is_file():
                status = path.stat()
                bytes_of_inode[status.st_ino] = status.st_size
        sizes[FOLDERS.get(stage.name, stage.name)] = sum(bytes_of_inode.values()) / 1e6
    return sizes


def read_image(path):
    """Return image, WCS and header of the first HDU of a FITS file.

    Parameters
    ----------
    path : str
        Path of the file.

    Returns
    -------
    image : ndarray, shape (ny, nx)
    wcs : WCS
    header : Header
    """
    with fits.open(path, memmap=False) as hdus:
        return hdus[0].data, image_wcs(hdus[0].header), hdus[0].header


def read_histograms(path, highest):
    """Count the predicted pixels of a method, in chunks to limit memory.

    Parameters
    ----------
    path : str
        pixels.dat of the method.
    highest : float
        Upper end of the axes of redshift.

    Returns
    -------
    PixelHistograms
    """
    histograms = PixelHistograms(highest)
    for piece in pixel_pieces(path, {"z": float, "true": float}):
        histograms.add(piece["true"].to_numpy(), piece["z"].to_numpy())
    return histograms


def pixel_pieces(path, types):
    """Yield the rows of pixels.dat in chunks, which limit memory.

    Parameters
    ----------
    path : str
        pixels.dat of a method; without rows if each object is in the training set.
    types : dict of str to type
        Types of some of the columns z, true and id.

    Yields
    ------
    DataFrame
    """
    numbers = [("z", "true", "id").index(name) for name in types]
    options = {"sep": " ", "comment": "#", "header": None, "names": list(types), "dtype": types}
    try:
        pieces = pd.read_csv(path, usecols=numbers, chunksize=1_000_000, **options)
    except pd.errors.EmptyDataError:
        return
    yield from pieces


def measured(value, decimals):
    """Return a number as text; a dash if it is not finite.

    Parameters
    ----------
    value : float
        The number.
    decimals : int
        Number of decimals.

    Returns
    -------
    str
    """
    return f"{value:,.{decimals}f}" if np.isfinite(value) else DASH


def render(template, **content):
    """Render a page, with every text escaped.

    Parameters
    ----------
    template : str
        Path of the Jinja template; the files that it includes lie beside it.
    **content
        Names and values of the template.

    Returns
    -------
    str
    """
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
