"""Train several self-organising maps on perturbed bootstrap samples."""

from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from redpix.photoz.attributes import Scaler
from redpix.photoz.learners import som_topology, som_training
from redpix.photoz.learners.realisations import realise
from redpix.photoz.learners.som_cells import Maps, fit_cells

#: fraction of the attributes that a map uses
SHARE = 0.75

#: number of training vectors per cell, and maximum number of cells, if the size is not given
FILLING, MOST_CELLS = 22, 400

#: maximum number of training vectors of a map, if it is not given
MOST_VECTORS = 10_000

#: standardised attributes are clipped to this number of standard deviations
FARTHEST = 6.0


def map_size(settings, vectors):
    """Return the size of the grid of a map.

    Parameters
    ----------
    settings : dict
        Keys of ``photoz.som``; without a ``size`` the number of vectors determines it.
    vectors : int
        Number of training vectors.

    Returns
    -------
    int
        See `redpix.photoz.learners.som_topology.places`.
    """
    cells = np.clip(vectors / settings.get("filling", FILLING), 4, MOST_CELLS)
    return settings["size"] or som_topology.chosen_size(settings["topology"], cells)


class MapPlan(NamedTuple):
    """Settings that the maps for the redshift and those for the class share."""

    scaler: Scaler
    mixing: list  #: (attributes - errors, bands)
    errors: int  #: number of the last attributes that are errors
    seed: int
    settings: dict  #: keys of ``photoz.som``
    n_threads: int


def scaled(scaler, vectors):
    """Return standardised and clipped attributes.

    Parameters
    ----------
    scaler : redpix.photoz.attributes.Scaler
        Standardisation of the attributes.
    vectors : ndarray, shape (n, attributes)
        Attributes without errors.

    Returns
    -------
    ndarray, shape (n, attributes)
    """
    return np.clip(scaler.transform(vectors), -FARTHEST, FARTHEST)


def train_maps(training, values, plan):
    """Train the maps of a training set.

    Parameters
    ----------
    training : redpix.photoz.learners.base.Training
        Training set.
    values : ndarray, shape (n, 1) or (n, classes)
        Redshifts, or 1 in the column of a vector's class and 0 elsewhere.
    plan : MapPlan
        Settings of the maps.

    Returns
    -------
    maps : redpix.photoz.learners.som_cells.Maps
    out : ndarray of bool, shape (maps, n)
        True for the rows whose objects a map has not seen.
    """
    settings, n_threads = plan.settings, plan.n_threads
    size = map_size(settings, len(training.group))
    distance = som_topology.distances(settings["topology"], size, settings["periodic"])
    numbers = range(settings["maps"])
    generators = [np.random.default_rng([plan.seed, 8, number]) for number in numbers]
    most = settings.get("vectors", MOST_VECTORS)
    drawn = [realise(training, plan.mixing, plan.errors, most, one) for one in generators]
    attributes = training.vectors.shape[1] - plan.errors
    count = max(min(2, attributes), round(SHARE * attributes))
    used = np.zeros((len(drawn), attributes), bool)
    for row, generator in zip(used, generators, strict=True):
        row[generator.permutation(attributes)[:count]] = True
    vectors = [scaled(plan.scaler, one.vectors) for one in drawn]
    inputs = [rows[:, columns] for rows, columns in zip(vectors, used, strict=True)]
    starts = [
        som_training.first_prototypes(rows, len(distance), generator)
        for rows, generator in zip(inputs, generators, strict=True)
    ]
    with threadpool_limits(1):
        prototypes = som_training.UPDATES[settings["update"]](
            inputs, starts, distance, settings["iterations"], n_threads
        )
        maps = Parallel(n_jobs=n_threads, prefer="threads")(
            delayed(fit_cells)(
                rows, values[one.rows], columns, prototype, distance, settings["mode"]
            )
            for rows, one, columns, prototype in zip(vectors, drawn, used, prototypes, strict=True)
        )
    fields = (np.stack(field) for field in zip(*maps, strict=True))
    return Maps(*fields), np.stack([one.out for one in drawn])
