"""Choose the redshift grid of the PDFs from the training set."""

import numpy as np
from scipy.spatial import cKDTree

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.photoz.attributes import Scaler
from redpix.photoz.pdf import make_grid

#: number of nodes per scatter of the redshifts
NODES_PER_SCATTER = 6

#: limits of the number of nodes; they bound the memory
FEWEST_NODES, MOST_NODES = 50, 1000

#: steps that are allowed, times a power of ten
STEPS = (1, 2, 5)

#: numbers of objects that measure the scatter, of objects that they are compared with, and of
#: nearest ones
SAMPLED, SEARCHED, NEIGHBOURS = 2000, 20_000, 10

#: scatters between the largest redshift and the end of the grid, and the same relative to 1 + z
MARGIN, LEAST_MARGIN = 4, 0.02


def chosen_grid(grid, vectors, redshift):
    """Return the nodes of the redshift grid that a configuration asks for.

    Parameters
    ----------
    grid : "auto" or sequence of float
        Smallest redshift, largest redshift and step, or ``auto``: from the training set.
    vectors : ndarray, shape (n, attributes)
        Attributes of the training galaxies, without errors; NaN where missing.
    redshift : ndarray, shape (n,)
        Their redshifts.

    Returns
    -------
    ndarray, shape (nodes,)

    Raises
    ------
    InputError
        If the grid is invalid, or a redshift to choose it from is missing.
    """
    if not isinstance(grid, str):
        return make_grid(*grid)
    usable = np.isfinite(vectors).all(axis=1) & np.isfinite(redshift)
    if not usable.any():
        raise InputError(
            "photoz.grid: auto, but no galaxy or quasar with a redshift has all attributes; "
            "complete the catalogue, or give [smallest, largest, step]"
        )
    redshift = redshift[usable]
    scatter = redshift_scatter(vectors[usable], redshift)
    highest = redshift.max()
    highest += max(MARGIN * scatter, LEAST_MARGIN * (1 + highest))
    step = _step(scatter / NODES_PER_SCATTER, highest)
    log.info(
        "photoz.grid: auto: 0 to %.4g, step %g, for a scatter of like training objects of %.3g",
        highest,
        step,
        scatter,
    )
    return make_grid(0.0, step * np.ceil(highest / step - 1e-9), step)


def redshift_scatter(vectors, redshift):
    """Return the scatter of redshifts that are the mean of the nearest training objects.

    Parameters
    ----------
    vectors : ndarray, shape (n, attributes)
        Attributes of the training galaxies.
    redshift : ndarray, shape (n,)
        Their redshifts.

    Returns
    -------
    float
        1.4826 times the median absolute difference; 0 for a single object.
    """
    vectors = Scaler.fit(vectors).transform(vectors)
    rows = np.arange(0, len(redshift), max(1, -(-len(redshift) // SAMPLED)))
    others = np.arange(0, len(redshift), max(1, -(-len(redshift) // SEARCHED)))
    count = min(NEIGHBOURS + 1, len(others))
    nearest = cKDTree(vectors[others]).query(vectors[rows], k=np.arange(1, count + 1))[1]
    strangers = others[nearest] != rows[:, None]
    total = np.where(strangers, redshift[others][nearest], 0).sum(axis=1)
    count = np.maximum(strangers.sum(axis=1), 1)
    return float(1.4826 * np.median(abs(total / count - redshift[rows])))


def _step(wanted, highest):
    """Return the nearest round step that gives a grid of bounded length."""
    powers = 10.0 ** np.arange(-6, 2)
    steps = np.sort(np.outer(powers, STEPS).ravel())
    allowed = steps[(highest / steps <= MOST_NODES) & (highest / steps >= FEWEST_NODES)]
    return float(allowed[np.argmin(abs(np.log(allowed / max(wanted, 1e-9))))])
