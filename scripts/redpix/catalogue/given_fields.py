"""Objects of the fields of a user's table of images: which field holds an object, by position."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits

from redpix.catalogue.build import field_names
from redpix.catalogue.positions import decimal_numbers
from redpix.core.job import log
from redpix.image.pixel_map import pixels_of_sky, sky_of_pixels
from redpix.image.sphere import separation, unit_vectors
from redpix.image.wcs import celestial_wcs

#: reason of a row that lies in no image
OUTSIDE = "outside the images of all fields"


def named_schema(schema, fields, bands):
    """Return the schema of a row for fields with names and bands of any name.

    Parameters
    ----------
    schema : Mapping
        JSON schema of a row (objects.schema.yaml).
    fields : sequence of str
        Names of the fields.
    bands : sequence of str
        Names of the bands.

    Returns
    -------
    dict
    """
    magnitude = schema["properties"]["r"]
    kept = ("id", "ra", "dec", "redshift", "redshiftError", "class")
    properties = {column: schema["properties"][column] for column in kept}
    properties["field"] = {"enum": list(fields)}
    properties |= dict.fromkeys(bands, magnitude)
    required = [column for column in schema["required"] if column in properties]
    return {**schema, "properties": properties, "required": required}


def read_footprints(statuses):
    """Read the footprint of each delivered field.

    Parameters
    ----------
    statuses : list of str
        JSON files of `redpix.pixels.given_field.prepare_field`.

    Returns
    -------
    dict of str to (astropy.wcs.WCS, (int, int))
        WCS and shape of the reference band by field.
    """
    footprints = {}
    for path in statuses:
        status = json.loads(Path(path).read_text(encoding="utf-8"))
        if status["delivered"]:
            cards = fits.Header.fromstring(status["footprint"]["wcs"], sep="\n")
            footprints[status["field"]] = celestial_wcs(cards), tuple(status["footprint"]["shape"])
    return footprints


def placed_rows(table, footprints):
    """Return the rows of a catalogue with the field of each.

    A row names its field by the column field, or by run, camcol and field. Otherwise it belongs to
    the field in which it lies farthest from the edge of the image.

    Parameters
    ----------
    table : redpix.catalogue.build.CatalogueRows
        Rows as text.
    footprints : dict of str to (astropy.wcs.WCS, (int, int))
        As from `read_footprints`.

    Returns
    -------
    redpix.catalogue.build.CatalogueRows
        Without run and camcol. A row in no field has an empty field.
    """
    rows = table.rows.copy()
    if "id" not in rows:
        log.info("the catalogue has no id: its rows are numbered from 1")
        rows["id"] = [str(number + 1) for number in range(len(rows))]
    named = np.full(len(rows), "", object)
    if "field" in rows:
        named = field_names(rows).astype(object)
        if "run" in rows and "camcol" not in rows:
            named = rows["field"].to_numpy(object)
    known = np.isin(named, list(footprints))
    place = np.where(known, named, field_of_positions(rows, footprints))
    log.info("field of objects: %d by name, %d by position", known.sum(), np.sum(~known))
    rows = rows.drop(columns=[name for name in ("run", "camcol") if name in rows])
    return table._replace(rows=rows.assign(field=pd.Series(place, rows.index, dtype="str")))


def field_of_positions(rows, footprints):
    """Return the field of each position, an empty text outside all fields.

    Parameters
    ----------
    rows : DataFrame of str
        Columns ra and dec, degrees.
    footprints : dict of str to (astropy.wcs.WCS, (int, int))
        As from `read_footprints`.

    Returns
    -------
    ndarray of str (dtype object), shape (n,)
    """
    place = np.full(len(rows), "", object)
    if not {"ra", "dec"} <= set(rows):
        return place
    sky = np.stack([decimal_numbers(rows[name].to_numpy()) for name in ("ra", "dec")], axis=1)
    deepest = np.zeros(len(rows))
    for field, (wcs, shape) in footprints.items():
        depth = depth_inside(sky, wcs, shape)
        better = depth > deepest
        place[better], deepest[better] = field, depth[better]
    return place


def depth_inside(sky, wcs, shape):
    """Return how far inside an image positions lie.

    Parameters
    ----------
    sky : ndarray, shape (n, 2)
        Right ascension and declination, degrees; NaN if unknown.
    wcs : astropy.wcs.WCS
        WCS of the image.
    shape : (int, int)
        Rows and columns of the image.

    Returns
    -------
    ndarray, shape (n,)
        Distance from the nearest edge, pixels; 0 or less outside.
    """
    depth = np.full(len(sky), -1.0)
    centre = unit_vectors(*sky_of_pixels(wcs, (shape[1] - 1) / 2, (shape[0] - 1) / 2)[0])
    corner = unit_vectors(*sky_of_pixels(wcs, -0.5, -0.5)[0])
    # far positions are left out: projections repeat there
    near = separation(unit_vectors(*sky.T), centre) < 1.5 * separation(corner, centre)
    if near.any():
        x, y = pixels_of_sky(wcs, sky[near])
        inside = np.minimum(
            np.minimum(x + 0.5, shape[1] - 0.5 - x), np.minimum(y + 0.5, shape[0] - 0.5 - y)
        )
        depth[near] = np.nan_to_num(inside, nan=-1.0)
    return depth


def with_reason_outside(catalogue):
    """Return a catalogue whose rows without a field are rejected for their position.

    Parameters
    ----------
    catalogue : redpix.catalogue.build.Catalogue
        The catalogue.

    Returns
    -------
    redpix.catalogue.build.Catalogue
    """
    reason = catalogue.rejected["reason"].replace({"field is missing": OUTSIDE})
    return catalogue._replace(rejected=catalogue.rejected.assign(reason=reason))
