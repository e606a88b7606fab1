"""Cut-outs of transients, which the page blinks, filters and lets a person mark."""

import json

import matplotlib
import numpy as np
from astropy.stats import mad_std

from redpix.image.masks import BITS
from redpix.report.figures import lossless_uri
from redpix.subtraction.transient_shapes import windows
from redpix.subtraction.transients import CUT_OUT, FLAGS

#: maximum number of transients with cut-outs per band of a pair
MOST_STAMPS = 150

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
    names = ("id", "band", "ra", "dec", "scorr", "flux", "mag", "kind", "score", "known_as")
    values = {name: row.get(name) for name in names}
    values |= {
        name: None if isinstance(value, float) and not np.isfinite(value) else value
        for name, value in values.items()
    }
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
    return json.dumps(rows).replace("<", "\\u003c") if rows else ""
