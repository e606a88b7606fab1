"""Compare detected transients with simulated ones: completeness and purity."""

from typing import NamedTuple

import numpy as np

from redpix.subtraction.transients import matches

#: minimum signal-to-noise ratio of the transients that count for completeness and purity
LEAST_SN = 7.5


class Recovery(NamedTuple):
    """Comparison of detected transients with a truth.

    Attributes
    ----------
    facts : dict of str to str
        Completeness and purity.
    inside : ndarray of bool
        Which true transients lie in the image.
    hit : ndarray of bool
        Which of those inside were found.
    """

    facts: dict
    inside: np.ndarray
    hit: np.ndarray


def recovery(rows, flux, x, y, error):
    """Return completeness and purity against a truth.

    Parameters
    ----------
    rows : DataFrame
        Detected transients.
    flux : Series, shape (n,)
        Fluxes of the true transients.
    x, y : ndarray, shape (n,)
        Their positions, 0-based.
    error : ndarray, shape (ny, nx)
        1-sigma error of the flux at each pixel.

    Returns
    -------
    Recovery or None
        None if all true transients lie outside the image.
    """
    column, row = np.rint(x).astype(int), np.rint(y).astype(int)
    inside = (column >= 0) & (column < error.shape[1]) & (row >= 0) & (row < error.shape[0])
    inside[inside] = np.isfinite(error[row[inside], column[inside]])
    if not inside.any():
        return None
    used = matches(rows["x"], rows["y"], x[inside], y[inside])[1]
    # only transients without a flag count as found
    clean = rows[rows["flags"] == 0]
    hit = matches(clean["x"], clean["y"], x[inside], y[inside])[0]
    ratio = flux.to_numpy()[inside] / error[row[inside], column[inside]]
    strong = ratio > LEAST_SN
    good = (rows["flags"] == 0) & (rows["scorr"].abs() > LEAST_SN)
    true = np.sum(good & used)
    facts = {
        f"found with S/N > {LEAST_SN}": f"{np.sum(hit & strong)} of {np.sum(strong)} simulated",
        f"of unflagged with |Scorr| > {LEAST_SN}": f"{true} of {good.sum()} are true",
    }
    return Recovery(facts, inside, hit)
