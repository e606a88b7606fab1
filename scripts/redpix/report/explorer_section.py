"""Section of the report to explore objects: the data of its table, plots, pictures and PDFs."""

from pathlib import Path

import numpy as np

from redpix.photoz import pdf
from redpix.photoz.pdf_file import read_combiner_pdfs
from redpix.report import object_details, object_explorer, object_neighbours
from redpix.report.pictures import colour_bands
from redpix.report.pixel_viewer import page_json

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
    highest, bands = float(grid[-1]), settings["bands"]
    chosen = object_details.choose_objects(table["deviation"].to_numpy())
    tables = [pixels for _, pixels in fields.values()]
    flux = object_neighbours.summed_fluxes(tables, table["object_id"].to_numpy(), bands)
    colours = add_colours(table, flux, bands)
    span = ends_of(table["z_phot"].dropna())
    near = neighbours(table, flux, bands.index(settings["reference_band"]), chosen)
    columns, details = chosen_details(method, fields, bands, (chosen, near), (span, highest))
    others = read_combiner_pdfs(method.pdfs_path, method.pdf_rows[chosen])
    combiner, combined = method.metrics["combiner"], combiner_data(others, chosen, grid)
    script, div = object_explorer.explore(
        table, settings["reference_band"], colours, highest, combiner, list(others)
    )
    return {
        "scripts": [*object_explorer.library(), script],
        "div": div,
        "data": page_data(table, pdfs, grid, details, span, columns, combined),
        "combiner": combiner,
        "others": list(others),
        "method": method.name,
        "n": len(table),
        "pictures": sum("cut" in one for one in details.values()),
        "drawn": min(len(table), object_explorer.MOST_DRAWN),
        "span": span,
    }


def ends_of(redshifts):
    """Return the redshifts at the ends of the colours of maps of redshift.

    Parameters
    ----------
    redshifts : Series
        Predictions, finite.

    Returns
    -------
    (float, float)
        The second is larger than the first.
    """
    if redshifts.empty:
        return 0.0, 1.0
    low, high = (float(end) for end in np.quantile(redshifts, _ENDS))
    return (low, high) if high > low else (low, low + 0.01)


def chosen_details(method, fields, bands, chosen, ends):
    """Return the pictures, pixels, neighbours and rows of the chosen objects.

    Parameters
    ----------
    method : redpix.report.method_results.MethodResult
        Products of the method.
    fields : dict
        From `shown_fields`.
    bands : list of str
        Bands in order of wavelength.
    chosen : (ndarray of int, list)
        Rows of the objects, and their neighbours from `neighbours`.
    ends : ((float, float), float)
        Redshifts at the ends of the colours of maps, and upper end of the redshifts of PDFs.

    Returns
    -------
    columns : list of str
        Names of the values of each `row`.
    details : dict of str to dict
        By object.
    """
    (rows, near), (span, highest) = chosen, ends
    ids = method.table["object_id"].to_numpy()[rows]
    redshifts = object_details.pixel_redshifts(method.pixels_path, ids)
    details = {}
    for registered, pixels in fields.values():
        shown = colour_bands([band for band in bands if band in registered])
        images = [registered[band] for band in shown]
        details |= object_details.field_details(images, pixels, shown, ids, redshifts, span)
    columns, texts = object_neighbours.row_texts(method.table, rows)
    for one, row, others in zip(ids, texts, near, strict=True):
        entry = details.setdefault(str(one), {}) | {"row": row, "near": others}
        if int(one) in redshifts:
            entry["counts"] = object_neighbours.counts_of_pixels(redshifts[int(one)], highest)
        details[str(one)] = entry
    return columns, details


def neighbours(table, flux, middle, chosen):
    """Return the nearest training objects of the chosen objects.

    Parameters
    ----------
    table : DataFrame
        Objects with the column split.
    flux : ndarray, shape (n, bands)
        Their summed fluxes.
    middle : int
        Number of the reference band.
    chosen : ndarray of int
        Rows of the objects.

    Returns
    -------
    list of list of (int, float)
        Row and distance of each neighbour; empty with one band.
    """
    if flux.shape[1] < 2:
        return [[] for _ in chosen]
    # redshifts are learned from galaxies and quasars
    learned = (table["split"] == "train") & table["redshift"].notna() & (table["class"] != "STAR")
    distance, row = object_neighbours.nearest_training(flux, learned.to_numpy(), middle)
    return object_neighbours.neighbour_lists(distance, row, chosen)


def combiner_data(others, chosen, grid):
    """Return the PDFs of the combiners of the chosen objects for the page.

    Parameters
    ----------
    others : dict of str to ndarray, shape (n, nodes)
        PDFs of the chosen objects by combiner.
    chosen : ndarray of int, shape (n,)
        Rows of the objects.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    dict
        `rows`; `names`; `pdfs`, one entry of `redpix.report.object_details.packed_pdfs` per name.
    """
    packed = [object_details.packed_pdfs(pdfs, grid) for pdfs in others.values()]
    return {"rows": chosen.tolist(), "names": list(others), "pdfs": packed}


def page_data(table, pdfs, grid, details, span, columns=(), combiners=None):
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
    columns : sequence of str
        Names of the values of `row` of each object's details.
    combiners : dict, optional
        From `combiner_data`.

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
        "combiners": combiners or combiner_data({}, rows[:0], grid),
        "span": span,
        "most_drawn": object_explorer.MOST_DRAWN,
        "columns": list(columns),
        "pixels": object_details.median_pixels(table),
        "nearest": object_neighbours.typical_distance(details),
    }
    return page_json(content)


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
    pdfs, grid = method.read_pdfs()
    table = method.table.copy()
    # JavaScript would round 64-bit ids
    table["object"] = table["object_id"].astype(str)
    fields = objects.set_index("id")["field"].reindex(table["object_id"])
    table["field"] = fields.astype(object).fillna("").astype(str).to_numpy()
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


def add_colours(table, flux, bands):
    """Add two colours of the summed pixels of each object to a table of objects.

    Parameters
    ----------
    table : DataFrame
        Objects; receives the columns.
    flux : ndarray, shape (n, bands)
        Summed fluxes.
    bands : list of str
        Bands in order of wavelength.

    Returns
    -------
    tuple of str
        Names of the columns; empty with fewer than three bands, or without pixels.
    """
    if len(bands) < 3 or not np.isfinite(flux).any():
        return ()
    middle = max(1, len(bands) // 2 - 1)
    first = middle - 1 if middle + 2 <= len(bands) else len(bands) - 3
    three, flux = bands[first : first + 3], np.where(flux > 0, flux, np.nan)[:, first : first + 3]
    names = tuple(f"{blue}-{red}" for blue, red in zip(three, three[1:], strict=False))
    for number, name in enumerate(names):
        table[name] = -2.5 * np.log10(flux[:, number] / flux[:, number + 1])
    return names
