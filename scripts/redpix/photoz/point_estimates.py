"""Point estimates of calibrated PDFs, and the choice of the best one."""

import numpy as np

from redpix.photoz.learners.base import FEWEST, nmad

#: point estimates: the redshift of the learner or combiner itself, and those of the calibrated PDF
POINTS = ("predicted", "median", "mean", "mode", "best")

#: number of standard errors that a gain has to exceed
CERTAIN = 2

#: largest |dz| that counts in the choice, so that outliers do not decide it
MOST = 0.15


def losses(points, truth):
    """Return |z_phot - z_spec| / (1 + z_spec) of each point estimate, at most `MOST`.

    Parameters
    ----------
    points : ndarray, shape (n, len(POINTS))
        Redshifts.
    truth : ndarray, shape (n,)
        True redshifts.

    Returns
    -------
    ndarray, shape (n, len(POINTS))
    """
    return np.minimum(np.abs(points - truth[:, None]) / (1 + truth[:, None]), MOST)


def best_redshifts(pdfs, grid):
    """Return the redshift of each PDF with the smallest expected loss.

    The loss is that of `losses`, so that the redshift is a compromise of the median and the mode
    (Tanaka et al. 2018, PASJ 70, S9, with another loss).

    Parameters
    ----------
    pdfs : ndarray, shape (n, nodes)
        PDFs, one row per object.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    ndarray, shape (n,)
        From a parabola through the smallest expected loss at the nodes and its neighbours.
    """
    loss = np.minimum(np.abs(grid - grid[:, None]) / (1 + grid[:, None]), MOST)
    loss[[0, -1]] /= 2  # trapezoid rule
    expected = np.asarray(pdfs, np.float32) @ loss.astype(np.float32)
    node = np.clip(expected.argmin(axis=1), 1, len(grid) - 2)
    rows = np.arange(len(node))
    before, least, after = (expected[rows, node + step].astype(float) for step in (-1, 0, 1))
    curvature = before - 2 * least + after
    offset = np.divide(before - after, 2 * curvature, np.zeros(len(node)), where=curvature > 0)
    return grid[node] + np.clip(offset, -1, 1) * (grid[1] - grid[0])


def best_point(points, truth):
    """Return the name of the point estimate with the smallest mean loss.

    It has to beat the predicted redshift by `CERTAIN` standard errors of the difference.

    Parameters
    ----------
    points : ndarray, shape (n, len(POINTS))
        Redshifts of objects that the learner has not seen.
    truth : ndarray, shape (n,)
        True redshifts.

    Returns
    -------
    str
        One of `POINTS`.
    """
    if len(truth) < FEWEST:
        return POINTS[0]
    loss = losses(points, truth)
    gain = loss[:, :1] - loss
    best = int(np.argmax(gain.mean(axis=0)))
    error = gain[:, best].std() / np.sqrt(len(truth))
    return POINTS[best] if gain[:, best].mean() > CERTAIN * error else POINTS[0]


def score_points(points, truth, chosen):
    """Return the scatter, bias and outliers of each point estimate.

    Parameters
    ----------
    points : ndarray, shape (n, len(POINTS))
        Redshifts.
    truth : ndarray, shape (n,)
        True redshifts.
    chosen : str
        The one that is ``z_phot``.

    Returns
    -------
    dict
        ``chosen``, and per estimate ``bias_median``, ``nmad``, ``mean_abs_dz``, ``outliers_005``
        and ``outliers_015``. For fewer than `FEWEST` objects they are absent.
    """
    result = {"chosen": chosen}
    if len(truth) < FEWEST:
        return result
    every = (points - truth[:, None]) / (1 + truth[:, None])
    for name, dz in zip(POINTS, every.T, strict=True):
        result[name] = {
            "bias_median": float(np.median(dz)),
            "nmad": nmad(dz),
            "mean_abs_dz": float(np.abs(dz).mean()),
            "outliers_005": float(np.mean(np.abs(dz) > 0.05)),
            "outliers_015": float(np.mean(np.abs(dz) > 0.15)),
        }
    return result
