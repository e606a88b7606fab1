"""Train self-organising maps: prototypes on a grid, similar where their cells are near.

After Kohonen (2001, Self-Organizing Maps) and Carrasco Kind & Brunner (2014, MNRAS 438, 3409).
"""

import numpy as np
from joblib import Parallel, delayed
from scipy.sparse import csr_array

#: final radius of the neighbourhood, in units of the distance of two cells in a row
LAST_RADIUS = 0.5

#: first and last learning rate of online training: the fraction of the distance to a vector
FIRST_RATE, LAST_RATE = 0.8, 0.05

#: maximum number of online steps; number of maps that are trained together
MOST_STEPS, TOGETHER = 30_000, 10


def radii(distance, iterations):
    """Return the radius of the neighbourhood in each pass.

    It falls geometrically from half the map to `LAST_RADIUS`.

    Parameters
    ----------
    distance : ndarray, shape (cells, cells)
        Distances of the cells on the map.
    iterations : int
        Number of passes.

    Returns
    -------
    ndarray, shape (iterations,)
    """
    first = max(distance.max() / 2, LAST_RADIUS)
    return np.geomspace(first, LAST_RADIUS, iterations)


def neighbourhood(distance, radius):
    """Return the weights exp(-d^2 / radius^2) with which cells share a change.

    Parameters
    ----------
    distance : ndarray, shape (cells, cells)
        Distances of the cells on the map.
    radius : float
        Radius of the neighbourhood.

    Returns
    -------
    ndarray, shape (cells, cells)
    """
    return np.exp(-((distance / radius) ** 2))


def mismatch(vectors, prototypes):
    """Return squared distances of vectors from prototypes, over the attributes of each vector.

    Parameters
    ----------
    vectors : ndarray, shape (n, attributes)
        NaN where an attribute is missing.
    prototypes : ndarray, shape (cells, attributes)
        Prototypes of the cells.

    Returns
    -------
    ndarray, shape (n, cells)
    """
    there = np.isfinite(vectors)
    filled = np.where(there, vectors, 0)
    if there.all():
        crossed = (prototypes**2).sum(axis=1)
    else:
        crossed = there.astype(float) @ (prototypes**2).T
    squared = (filled**2).sum(axis=1)[:, None] - 2 * (filled @ prototypes.T) + crossed
    return np.maximum(squared, 0)


def first_prototypes(vectors, cells, generator):
    """Return random vectors as the first prototypes, with missing attributes set to their mean 0.

    Parameters
    ----------
    vectors : ndarray, shape (n, attributes)
        Standardised; NaN where an attribute is missing.
    cells : int
        Number of cells.
    generator : numpy.random.Generator
        Source of the random numbers.

    Returns
    -------
    ndarray, shape (cells, attributes)
    """
    drawn = vectors[generator.integers(len(vectors), size=cells)]
    return np.where(np.isfinite(drawn), drawn, 0)


def membership(cell, cells):
    """Return a matrix that sums over the vectors of each cell.

    Parameters
    ----------
    cell : ndarray of int, shape (n,)
        Cell of each vector.
    cells : int
        Number of cells.

    Returns
    -------
    scipy.sparse.csr_array, shape (cells, n)
    """
    rows = np.arange(len(cell))
    return csr_array((np.ones(len(cell)), (cell, rows)), (cells, len(cell)))


def batch(vectors, prototypes, distance, iterations):
    """Return prototypes after passes in which each becomes the mean of the vectors near it.

    The weight of a vector is the `neighbourhood` of its nearest prototype. The mean of an attribute
    is over the vectors that have it.

    Parameters
    ----------
    vectors : ndarray, shape (n, attributes)
        Standardised; NaN where an attribute is missing.
    prototypes : ndarray, shape (cells, attributes)
        Prototypes of the cells.
    distance : ndarray, shape (cells, cells)
        Distances of the cells on the map.
    iterations : int
        Number of passes.

    Returns
    -------
    ndarray, shape (cells, attributes)
    """
    there = np.isfinite(vectors).astype(float)
    filled = np.where(there > 0, vectors, 0)
    for radius in radii(distance, iterations):
        member = membership(mismatch(vectors, prototypes).argmin(axis=1), len(prototypes))
        near = neighbourhood(distance, radius)
        total, count = near @ (member @ filled), near @ (member @ there)
        reached = count > 1e-9
        prototypes = np.where(reached, total / np.where(reached, count, 1), prototypes)
    return prototypes


def online(samples, prototypes, distance, iterations):
    """Return prototypes of several maps after each vector in turn has pulled those near it.

    Parameters
    ----------
    samples : ndarray, shape (maps, n, attributes)
        Vectors of each map in the order of the steps; NaN where an attribute is missing.
    prototypes : ndarray, shape (maps, cells, attributes)
        Prototypes of the cells.
    distance : ndarray, shape (cells, cells)
        Distances of the cells on the map.
    iterations : int
        Number of passes over the vectors, each with a smaller radius and learning rate. At most
        `MOST_STEPS` vectors are used in total.

    Returns
    -------
    ndarray, shape (maps, cells, attributes)
    """
    prototypes = prototypes.copy()
    count = samples.shape[1]
    steps = np.arange(min(iterations * count, MOST_STEPS)) % count
    rates = np.geomspace(FIRST_RATE, LAST_RATE, iterations)
    for part, rate, radius in zip(
        np.array_split(steps, iterations), rates, radii(distance, iterations), strict=True
    ):
        pull = rate * neighbourhood(distance, radius)
        for number in part:
            offset = samples[:, number, None] - prototypes
            offset[np.isnan(offset)] = 0
            best = np.einsum("mca,mca->mc", offset, offset).argmin(axis=1)
            prototypes += pull[best][:, :, None] * offset
    return prototypes


def _all_batch(vectors, prototypes, distance, iterations, n_threads):
    """Return the prototypes of several maps, each trained on its own vectors with `batch`."""
    return Parallel(n_jobs=n_threads, prefer="threads")(
        delayed(batch)(rows, start, distance, iterations)
        for rows, start in zip(vectors, prototypes, strict=True)
    )


def _all_online(vectors, prototypes, distance, iterations, n_threads):
    """Return the prototypes of several maps, trained with `online` on equal numbers of vectors."""
    count = min(len(rows) for rows in vectors)
    samples = np.stack([rows[:count] for rows in vectors])
    together = range(0, len(samples), TOGETHER)
    parts = Parallel(n_jobs=n_threads, prefer="threads")(
        delayed(online)(
            samples[first : first + TOGETHER],
            np.stack(prototypes[first : first + TOGETHER]),
            distance,
            iterations,
        )
        for first in together
    )
    return np.concatenate(parts)


#: methods of training by name: one change per pass over all vectors, or per vector
UPDATES = {"batch": _all_batch, "online": _all_online}
