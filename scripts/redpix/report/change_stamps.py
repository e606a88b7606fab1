"""Cut-outs of transients, which the page blinks, filters and lets a person mark."""

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from astropy.stats import mad_std

from redpix.image.masks import BITS
from redpix.report.figures import lossless_uri
from redpix.report.pixel_viewer import finite, page_json, rounded_list
from redpix.subtraction.hosts import nearest
from redpix.subtraction.transient_shapes import windows
from redpix.subtraction.transients import CUT_OUT, FLAGS

#: maximum number of transients with cut-outs per band of a pair
MOST_STAMPS = 150

#: columns of a transient that the page shows or saves with a mark
SHOWN = ("id", "band", "ra", "dec", "x", "y", "scorr", "flux", "mag", "kind", "score", "features")
SHOWN += ("known_as", "host_id", "host_z_phot")

#: largest distance of a transient from the object of a series that it is, arcsec
_SAME = 1.5

#: differences at the ends of the colours, in units of the noise
_SPAN = 12.0


def show_stamps(hdus, rows, most=MOST_STAMPS):
    """Return transients with their cut-outs.

    Parameters
    ----------
    hdus : HDUList
        The difference, with the HDUs NEW, REF and D.
    rows : DataFrame
        Transients of the band, those to show first at the top.
    most : int
        Maximum number of transients.

    Returns
    -------
    list of dict
        Values of a row, and `new`, `ref` and `difference` as ``data:`` URIs.
    """
    rows = rows.head(most)
    if rows.empty:
        return []
    x, y = np.rint(rows[["x", "y"]].to_numpy().T).astype(int)
    cubes = [windows(hdus[name].data, x, y, CUT_OUT, np.nan) for name in ("NEW", "REF", "D")]
    return [
        row_values(row) | stamp_pictures(*planes)
        for row, *planes in zip(rows.to_dict("records"), *cubes, strict=True)
    ]


def row_values(row):
    """Return the values of a transient that the page shows, as JSON can hold them.

    Parameters
    ----------
    row : dict
        Row of the table of transients.

    Returns
    -------
    dict
    """
    values = finite({name: row.get(name) for name in SHOWN})
    return values | {"flags": flag_names(int(row["flags"]))}


def flag_names(flags):
    """Return the names of the bits of a transient's flags.

    Parameters
    ----------
    flags : int
        Sum of bits.

    Returns
    -------
    list of str
    """
    bits = {name: 1 << number for number, name in enumerate(BITS)} | FLAGS
    return [name for name, value in bits.items() if flags & value]


def stamp_pictures(new, reference, difference):
    """Return the cut-outs of a transient as pictures.

    Parameters
    ----------
    new, reference, difference : ndarray, shape (side, side)
        The first two have the same unit, and the last has unit noise; NaN without data.

    Returns
    -------
    dict of str to str
        ``data:`` URIs. Both images have the same grey levels. The difference goes from blue
        (fainter) to red (brighter).
    """
    sky = np.concatenate([plane[np.isfinite(plane)] for plane in (new, reference)])
    middle, noise = (np.median(sky), mad_std(sky)) if len(sky) else (0.0, 0.0)
    noise = noise or 1.0
    high = min(max(np.max(sky, initial=middle), middle + 5 * noise), middle + 60 * noise)
    pictures = {}
    for name, plane in (("new", new), ("ref", reference)):
        level = (plane - middle + 3 * noise) / (high - middle + 3 * noise)
        pictures[name] = coloured(np.arcsinh(5 * np.clip(level, 0, 1)) / np.arcsinh(5), "gray")
    pictures["difference"] = coloured(difference / (2 * _SPAN) + 0.5, "RdBu_r")
    return pictures


def coloured(level, colours):
    """Return a picture of levels from 0 to 1; grey-green without data.

    Parameters
    ----------
    level : ndarray, shape (ny, nx)
        NaN without data.
    colours : str
        Colour map of matplotlib.

    Returns
    -------
    str
        ``data:`` URI, with the first row at the bottom.
    """
    found = matplotlib.colormaps[colours](np.nan_to_num(level), bytes=True)[..., :3].copy()
    found[~np.isfinite(level)] = (150, 165, 150)
    return lossless_uri(found[::-1])


def add_curves(pairs, series):
    """Add the light curve of its object in a series to each transient, as `curve`.

    Parameters
    ----------
    pairs : list of dict
        From `redpix.report.difference_section.show_pairs`; their stamps receive the curves.
    series : sequence of str
        ``<series>/<band>/series.csv``, beside light_curves.csv.
    """
    for path in map(Path, series):
        objects = pd.read_csv(path, dtype={"object": str})
        curves = pd.read_csv(path.with_name("light_curves.csv"), dtype={"object": str})
        curves = curves[curves["mjd"].notna() & curves["flux"].notna()]
        epochs, band = set(curves["pair"].astype(str)), path.parent.name
        stamps = [
            one
            for pair in pairs
            for one in pair["stamps"]
            if pair["name"] in epochs and one["band"] == band and one["ra"] is not None
        ]
        places = [[one[name] for one in stamps] for name in ("ra", "dec")]
        found = nearest(*places, objects["ra"], objects["dec"], _SAME)
        for one, number in zip(stamps, found, strict=True):
            if number >= 0:
                rows = curves[curves["object"] == objects["object"].iloc[number]]
                columns = rows[["mjd", "flux", "flux_error", "detected"]].fillna(0)
                one["curve"] = [rounded_list(row, 9) for row in columns.to_numpy(float)]


def stamps_json(pairs):
    """Return the transients of all pairs with their cut-outs, as JSON for a page.

    Parameters
    ----------
    pairs : list of dict
        From `redpix.report.difference_section.show_pairs`.

    Returns
    -------
    str
        Empty without transients; safe inside an element of a page.
    """
    rows = [{"pair": pair["name"], **one} for pair in pairs for one in pair["stamps"]]
    return page_json(rows) if rows else ""
