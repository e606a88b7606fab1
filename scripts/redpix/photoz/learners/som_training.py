"""Self-organising maps: prototypes of vectors on a grid, alike where they are near each other.

Kohonen (2001, Self-Organizing Maps), as Carrasco Kind & Brunner (2014, MNRAS 438, 3409) use them.
"""

import numpy as np
from joblib import Parallel, delayed
from scipy.sparse import csr_array

#: radius of the neighbourhood at the end, in cells
LAST_RADIUS = 0.5

#: share of the way that the best prototype moves towards a vector at the start and end, online
FIRST_RATE, LAST_RATE = 0.8, 0.05

#: most steps of the way online, and maps that go it together
MOST_STEPS, TOGETHER = 30_000, 10


def radii(distance, iterations):
    """Radius of the neighbourhood in each pass: geometric, from half the map to `LAST_RADIUS`."""
    first = max(distance.max() / 2, LAST_RADIUS)
    return np.geomspace(first, LAST_RADIUS, iterations)


def neighbourhood(distance, radius):
    """How much of a change each cell shares with each: exp(-d^2 / radius^2), (cells, cells)."""
    return np.exp(-((distance / radius) ** 2))


def mismatch(vectors, prototypes):
    """Squared distances of vectors from prototypes over the attributes that are there.

    Parameters
    ----------
    vectors : ndarray, shape (n, attributes)
        NaN where missing.
    prototypes : ndarray, shape (cells, attributes)

    Returns
    -------
    ndarray, shape (n, cells)
    """
    there = np.isfinite(vectors)
    known = np.where(there, vectors, 0)
    if there.all():
        crossed = (prototypes**2).sum(axis=1)
    else:
        crossed = there.astype(float) @ (prototypes**2).T
    found = (known**2).sum(axis=1)[:, None] - 2 * (known @ prototypes.T) + crossed
    return np.maximum(found, 0)


def first_prototypes(vectors, cells, generator):
    """Vectors drawn at random, what is missing of them set to 0, the mean of all."""
    drawn = vectors[generator.integers(len(vectors), size=cells)]
    return np.where(np.isfinite(drawn), drawn, 0)


def membership(cell, cells):
    """A sparse matrix, (cells, n), that sums over the vectors of each cell."""
    rows = np.arange(len(cell))
    return csr_array((np.ones(len(cell)), (cell, rows)), (cells, len(cell)))


def batch(vectors, prototypes, distance, iterations):
    """Prototypes after passes in which each becomes the mean of all vectors near it.

    Means are weighed by `neighbourhood` about the cell that fits a vector best, for each attribute
    over the vectors that have it.

    Parameters
    ----------
    vectors : ndarray, shape (n, attributes)
        Standardised; NaN where missing.
    prototypes : ndarray, shape (cells, attributes)
    distance : ndarray, shape (cells, cells)
    iterations : int
    """
    there = np.isfinite(vectors).astype(float)
    known = np.where(there > 0, vectors, 0)
    for radius in radii(distance, iterations):
        member = membership(mismatch(vectors, prototypes).argmin(axis=1), len(prototypes))
        near = neighbourhood(distance, radius)
        total, count = near @ (member @ known), near @ (member @ there)
        told = count > 1e-9
        prototypes = np.where(told, total / np.where(told, count, 1), prototypes)
    return prototypes


def online(samples, prototypes, distance, iterations):
    """Prototypes of several maps after passes in which each vector draws those near its best.

    Parameters
    ----------
    samples : ndarray, shape (maps, n, attributes)
        The vectors of each map in the order in which they come; NaN where missing.
    prototypes : ndarray, shape (maps, cells, attributes)
    distance : ndarray, shape (cells, cells)
    iterations : int
        Parts of the way, each with a smaller radius and rate. It is as many passes over the
        vectors, or `MOST_STEPS` vectors if that is less.
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
    """Prototypes of several maps, each of its own list of vectors."""
    return Parallel(n_jobs=n_threads, prefer="threads")(
        delayed(batch)(rows, start, distance, iterations)
        for rows, start in zip(vectors, prototypes, strict=True)
    )


def _all_online(vectors, prototypes, distance, iterations, n_threads):
    """The same; maps see equally many vectors, those of the shortest list."""
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


#: how prototypes move, by name: once a pass over all vectors, or vector by vector
UPDATES = {"batch": _all_batch, "online": _all_online}
