"""Section of the report to explore objects: the data of its table, plots, pictures and PDFs."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet

from redpix.photoz import pdf
from redpix.photoz.pdf_file import read_pdfs
from redpix.report import object_details, object_explorer
from redpix.report.pictures import colour_bands

#: share of the redshifts below the ends of the colours of maps of redshift
_ENDS = (0.02, 0.98)


def show_objects(products, run, methods, settings):
    """Return the explorer of the objects of the first method.

    Parameters
    ----------
    products : redpix.report.run_files.RunFiles
        Files of the run.
    run : redpix.report.run_files.RunTables or None
        Fields and objects of the run, if it has fields.
    methods : list of redpix.report.method_results.MethodResult
        Products of each method.
    settings : dict
        Configuration of the run.

    Returns
    -------
    dict or None
        `scripts`, `div` and `data` for the template, and the numbers that its text states. None
        without predicted objects.
    """
    if not run or not methods or methods[0].table.empty:
        return None
    method = methods[0]
    table, pdfs, grid = object_table(method, run.objects)
    fields = shown_fields(products, settings)
    colours = add_colours(table, fields.values(), settings["bands"])
    chosen = object_details.choose_objects(table["deviation"].to_numpy())
    ids = table["object_id"].to_numpy()[chosen]
    span = tuple(np.quantile(table["z_phot"].dropna(), _ENDS))
    redshifts = object_details.pixel_redshifts(method.pixels_path, ids)
    details = {}
    for registered, pixels in fields.values():
        bands = colour_bands([band for band in settings["bands"] if band in registered])
        images = [registered[band] for band in bands]
        details |= object_details.field_details(images, pixels, bands, ids, redshifts, span)
    script, div = object_explorer.explore(
        table, settings["reference_band"], colours, float(grid[-1])
    )
    return {
        "scripts": [*object_explorer.library(), script],
        "div": div,
        "data": page_data(table, pdfs, grid, details, span),
        "method": method.name,
        "n": len(table),
        "pictures": len(details),
        "drawn": min(len(table), object_explorer.MOST_DRAWN),
        "span": span,
    }


def page_data(table, pdfs, grid, details, span):
    """Return pictures and PDFs of objects as JSON for a page.

    Parameters
    ----------
    table : DataFrame
        Objects with the column deviation.
    pdfs : ndarray, shape (n, nodes)
        PDF of each object.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.
    details : dict of str to dict
        Pictures by object, from `redpix.report.object_details.field_details`.
    span : (float, float)
        Redshifts at the ends of the colours of maps.

    Returns
    -------
    str
        Safe inside an element of a page.
    """
    rows = object_details.choose_objects(table["deviation"].to_numpy(), object_details.MOST_PDFS)
    content = {
        "details": details,
        "pdfs": object_details.packed_pdfs(pdfs[rows], grid),
        # None: each object has a PDF
        "rows": rows.tolist() if len(rows) < len(table) else None,
        "span": span,
        "most_drawn": object_explorer.MOST_DRAWN,
    }
    return json.dumps(content).replace("<", "\\u003c")


def object_table(method, objects):
    """Return the objects of a method with the columns of the explorer, and their PDFs.

    Parameters
    ----------
    method : redpix.report.method_results.MethodResult
        Products of the method.
    objects : DataFrame
        The catalogue, with the columns id and field.

    Returns
    -------
    table : DataFrame
    pdfs : ndarray, shape (n, nodes)
    grid : ndarray, shape (nodes,)
    """
    _, pdfs, grid = read_pdfs(method.pdfs_path)
    table = method.table.copy()
    # JavaScript would round 64-bit ids
    table["object"] = table["object_id"].astype(str)
    table["field"] = objects.set_index("id")["field"].reindex(table["object_id"]).to_numpy()
    true = table["redshift"].to_numpy()
    table["deviation"] = (table["z_phot"] - true) / (1 + true)
    known = np.isfinite(true)
    table["pit"] = np.nan
    cumulative = pdf.cumulative(pdfs[known], grid)
    table.loc[known, "pit"] = pdf.evaluate(cumulative, true[known], grid)
    return table, pdfs, grid


def shown_fields(products, settings):
    """Return the files of each field that the report shows.

    Parameters
    ----------
    products : redpix.report.run_files.RunFiles
        Files of the run.
    settings : dict
        Configuration of the run.

    Returns
    -------
    dict of str to (dict of str to str, str)
        By field: its registered images by band, and its pixel table.
    """
    tables = {Path(path).stem: path for path in products.pixels}
    images = {Path(path).stem: path for path in products.registered}
    fields = {}
    for field, table in tables.items():
        bands = [band for band in settings["bands"] if f"{field}-{band}" in images]
        if bands:
            fields[field] = ({band: images[f"{field}-{band}"] for band in bands}, table)
    return fields


def add_colours(table, fields, bands):
    """Add two colours of the summed pixels of each object to a table of objects.

    Parameters
    ----------
    table : DataFrame
        Objects; receives the columns.
    fields : iterable of (dict, str)
        Files of each field, from `shown_fields`.
    bands : list of str
        Bands in order of wavelength.

    Returns
    -------
    tuple of str
        Names of the columns; empty with fewer than three bands, or without pixels.
    """
    paths = [pixels for _, pixels in fields]
    if len(bands) < 3 or not paths:
        return ()
    middle = max(1, len(bands) // 2 - 1)
    three = bands[middle - 1 : middle + 2] if middle + 2 <= len(bands) else bands[-3:]
    columns = ["object_id"] + [f"flux_{band}" for band in three]
    parts = [pyarrow.parquet.read_table(path, columns=columns).to_pandas() for path in paths]
    sums = pd.concat(parts).groupby("object_id").sum().reindex(table["object_id"])
    flux = np.where(sums > 0, sums, np.nan)
    names = tuple(f"{blue}-{red}" for blue, red in zip(three, three[1:], strict=False))
    for number, name in enumerate(names):
        table[name] = -2.5 * np.log10(flux[:, number] / flux[:, number + 1])
    return names
