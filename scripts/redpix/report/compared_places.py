"""Compare transients and stars of two runs by their places: pure functions on tables."""

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

#: largest distance of the same source in two runs, pixels
REACH = 1.5


def nearest(first, second, reach=REACH):
    """Return the rows of two lists of places that lie together, each with its nearest.

    Parameters
    ----------
    first, second : ndarray, shape (n, 2) and (m, 2)
        Columns and rows, 0-based pixels.
    reach : float
        Largest distance, pixels.

    Returns
    -------
    first, second : ndarray of int, shape (k,)
        Rows of each list, 0-based. Both are the nearest of each other.
    """
    if not len(first) or not len(second):
        return np.zeros(0, int), np.zeros(0, int)
    distance, there = cKDTree(second).query(first)
    _, back = cKDTree(first).query(second)
    rows = np.arange(len(first))
    close = (distance <= reach) & (back[there] == rows)
    return rows[close], there[close]


def compare_transients(first, second):
    """Return how many transients without flags two runs have in each band, and how many share.

    Parameters
    ----------
    first, second : DataFrame
        transients.csv of the pair in each run: band, x, y, flux, flags.

    Returns
    -------
    list of dict
        `band`, `first`, `second` and `both`, numbers; `ratio`, the median flux of the second over
        the first, NaN without shared transients.
    """
    rows = []
    clean = [table[table["flags"] == 0] for table in (first, second)]
    for band in dict.fromkeys([*first["band"], *second["band"]]):
        one, two = (table[table["band"] == band] for table in clean)
        low, high = nearest(one[["x", "y"]].to_numpy(), two[["x", "y"]].to_numpy())
        ratios = two["flux"].to_numpy()[high] / one["flux"].to_numpy()[low]
        rows.append(
            {
                "band": band,
                "first": len(one),
                "second": len(two),
                "both": len(low),
                "ratio": float(np.median(ratios)) if len(ratios) else np.nan,
            }
        )
    return rows


def compare_stars(first, second):
    """Return how the fluxes of the stars of one image differ between two runs.

    Parameters
    ----------
    first, second : DataFrame
        Stars of the image in each run: centroid_x, centroid_y, psf_flux, psf_flux_error, flags.

    Returns
    -------
    dict
        `first`, `second` and `both`, numbers of stars; `shift`, median difference in magnitudes of
        stars without flags, second minus first, and `error`, its sampling error; `change`, the
        median of the absolute differences in units of the errors of the first run.
    """
    places = [table[["centroid_x", "centroid_y"]].to_numpy() for table in (first, second)]
    low, high = nearest(*places)
    one, two = first.iloc[low].reset_index(drop=True), second.iloc[high].reset_index(drop=True)
    good = (one["flags"] == 0) & (two["flags"] == 0) & (one["psf_flux"] > 0) & (two["psf_flux"] > 0)
    step = -2.5 * np.log10(two["psf_flux"][good] / one["psf_flux"][good])
    sigmas = (two["psf_flux"] - one["psf_flux"])[good] / one["psf_flux_error"][good]
    found = {"first": len(first), "second": len(second), "both": len(low)}
    if step.empty:
        return found | dict.fromkeys(("shift", "error", "change"), np.nan)
    middle = float(step.median())
    spread = 1.4826 * float((step - middle).abs().median())
    return found | {
        "shift": middle,
        # of a median of Gaussian values
        "error": float(np.sqrt(np.pi / 2) * spread / np.sqrt(len(step))),
        "change": float(pd.Series(sigmas).abs().median()),
    }
