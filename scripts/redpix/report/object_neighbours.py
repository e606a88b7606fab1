"""Nearest training objects of objects, and all that is known of an object, for the explorer."""

import numpy as np
import pandas as pd
import pyarrow.parquet
from scipy.spatial import cKDTree

from redpix.sdss.magnitudes import POGSON

#: number of neighbours that the page shows
NEIGHBOURS = 5

#: number of bins of the histogram of an object's pixels
BINS = 48

#: share of the fluxes below which a flux is softened, so that it has a magnitude in any case
_FAINT = 0.02


def summed_fluxes(paths, ids, bands):
    """Return the summed fluxes of the pixels of objects.

    Parameters
    ----------
    paths : sequence of str
        Pixel tables.
    ids : ndarray, shape (n,)
        Objects.
    bands : sequence of str
        Names of the bands.

    Returns
    -------
    ndarray, shape (n, bands)
        NaN for an object without pixels in these tables.
    """
    columns = ["object_id"] + [f"flux_{band}" for band in bands]
    parts = [pyarrow.parquet.read_table(path, columns=columns).to_pandas() for path in paths]
    if not parts:
        return np.full((len(ids), len(bands)), np.nan)
    sums = pd.concat(parts).groupby("object_id").sum().reindex(ids)
    return sums.to_numpy(float)


def softened_magnitudes(flux):
    """Return asinh magnitudes of fluxes without a zero point (Lupton et al. 1999).

    Parameters
    ----------
    flux : ndarray, shape (n, bands)
        Fluxes of any unit, also below 0.

    Returns
    -------
    ndarray, shape (n, bands)
        Softened at a small share of the fluxes of each band.
    """
    positive = np.where(flux > 0, flux, np.nan)
    with np.errstate(all="ignore"):
        soft = np.nanquantile(positive, _FAINT, axis=0)
        return -POGSON * np.arcsinh(flux / (2 * soft))


def nearest_training(flux, training, middle, most=NEIGHBOURS):
    """Return the training objects that are nearest to each object in magnitude and colours.

    Parameters
    ----------
    flux : ndarray, shape (n, bands)
        Summed fluxes; at least two bands.
    training : ndarray of bool, shape (n,)
        Which objects are in the training set.
    middle : int
        Number of the band of the magnitude.
    most : int
        Maximum number of neighbours.

    Returns
    -------
    distance, row : ndarray, shape (n, most)
        Distances in units of the scatter of training objects in each coordinate, and rows. An
        object is not its own neighbour. Infinite distances have no neighbour.
    """
    magnitudes = softened_magnitudes(flux)
    places = np.column_stack([magnitudes[:, middle], -np.diff(magnitudes, axis=1)])
    usable = np.isfinite(places).all(axis=1)
    rows = np.flatnonzero(training & usable)
    distance = np.full((len(flux), most), np.inf)
    found = np.full((len(flux), most), -1)
    if len(rows) < 2:
        return distance, found
    scatter = places[rows].std(axis=0)
    places = places / np.where(scatter > 0, scatter, 1)
    tree = cKDTree(places[rows])
    near, index = tree.query(places[usable], k=range(1, most + 2))
    named = np.append(rows, -1)[index]
    other = named != np.flatnonzero(usable)[:, None]
    # the object itself, or the farthest one, goes to the end
    order = np.argsort(~other, axis=1, kind="stable")[:, :most]
    distance[usable] = np.take_along_axis(near, order, axis=1)
    found[usable] = np.take_along_axis(named, order, axis=1)
    return distance, found


def neighbour_lists(distance, row, chosen):
    """Return the neighbours of the chosen objects as lists for the page.

    Parameters
    ----------
    distance, row : ndarray, shape (n, most)
        From `nearest_training`.
    chosen : ndarray of int
        Rows of the objects with details.

    Returns
    -------
    list of list of (int, float)
        Row and distance of each neighbour.
    """
    return [
        [
            [int(one), round(float(far), 3)]
            for far, one in zip(distance[k], row[k], strict=True)
            if np.isfinite(far)
        ]
        for k in chosen
    ]


def typical_distance(details):
    """Return the median distance of objects from their nearest training object.

    Parameters
    ----------
    details : dict of str to dict
        `near` of each object, from `neighbour_lists`.

    Returns
    -------
    float or None
        None without neighbours.
    """
    nearest = [one["near"][0][1] for one in details.values() if one.get("near")]
    return float(np.median(nearest)) if nearest else None


def counts_of_pixels(redshifts, highest):
    """Return the number of an object's pixels in equal bins of redshift.

    Parameters
    ----------
    redshifts : ndarray
        Redshifts of the pixels.
    highest : float
        Upper end of the bins.

    Returns
    -------
    list of int
        Pixels beyond the bins count in the last one.
    """
    counts, _ = np.histogram(np.clip(redshifts, 0, highest), bins=BINS, range=(0, highest))
    return counts.tolist()


def row_texts(table, chosen):
    """Return all columns of the chosen objects as short texts.

    Parameters
    ----------
    table : DataFrame
        Objects.
    chosen : ndarray of int
        Rows.

    Returns
    -------
    columns : list of str
    rows : list of list of str
        A missing value is empty; a number has at most seven significant digits, except positions.
    """
    columns = list(table.columns)
    texts = []
    for name in columns:
        values = table[name].iloc[chosen]
        if values.dtype.kind == "f":
            digits = ".10g" if name in ("ra", "dec") else ".7g"
            texts.append([f"{one:{digits}}" if np.isfinite(one) else "" for one in values])
        else:
            texts.append(["" if one is None else str(one) for one in values])
    return columns, [list(row) for row in zip(*texts, strict=True)]
