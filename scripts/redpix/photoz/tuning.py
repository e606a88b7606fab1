"""Hyperparameters chosen inside the training set, by objects that a candidate has not seen."""

import numpy as np

from redpix.core.exceptions import InputError
from redpix.photoz.learners.base import STAR
from redpix.photoz.model import METHODS
from redpix.photoz.split import group_folds

#: parts of the training set, whole groups each, one after the other held out
FOLDS = 3

#: most vectors that candidates are tried on, unless fewer than `FOLDS` groups hold so many
MOST_VECTORS = 4000

#: learners that hold out groups themselves while they learn, so that one group is not enough
HOLDING_OUT = ("mlp", "boosting")

#: what is tried beside what is asked for, by method
OPTIONS = {
    "knn": ({"k": 25}, {"k": 50}, {"k": 100}, {"k": 200}),
    "mlp": ({"penalty": 0.01}, {"penalty": 0.03}, {"penalty": 0.1}),
    "tpz": ({"leaf": 3}, {"leaf": 5}, {"leaf": 10}),
    "som": ({"size": None, "filling": 12}, {"size": None, "filling": 22})
    + ({"size": None, "filling": 40},),
    "boosting": ({"leaves": 8}, {"leaves": 15}, {"leaves": 31}),
}


def tune(method, training, grid, settings, allowed, seed, n_threads):
    """The best of what is asked for and of `OPTIONS`, and how each fared.

    The best has the least mean of |z_phot - z_spec| / (1 + z_spec) over galaxies and quasars held
    out; of equals it is the first. An ensemble's members are tuned one by one. The result depends
    on the training set and the seed alone.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    training : Training
        Rows of one group stay together: those of an object, or of a field.
    grid : ndarray, shape (nodes,)
    settings : dict
        What is asked for.
    allowed : int
        Most galaxies that a candidate may need to learn from.
    seed, n_threads : int

    Returns
    -------
    settings : dict
    record : list of dict
        ``method``, what it would ``change``, ``mean_abs_dz``, ``n`` and if it was ``chosen``.

    Raises
    ------
    InputError
        If galaxies are in too few groups to learn from some and be judged by others.
    """
    if method == "ensemble":
        members, record = {}, []
        for name, own in settings["members"].items():
            whole = {**own, "errors": settings["errors"]}
            found, tried = tune(name, training, grid, whole, allowed, seed, n_threads)
            members[name] = {key: value for key, value in found.items() if key != "errors"}
            record += tried
        return {**settings, "members": members}, record

    learner = METHODS[method]
    small, fold = _folds(training, seed)
    _check_groups(method, small, fold)
    fewest = min(
        np.sum((fold != number) & (small.label != STAR)) for number in range(fold.max() + 1)
    )
    record, candidates = [], []
    for option in ({}, *OPTIONS[method]):
        candidate = {**settings, **option}
        if candidate in candidates or (option and learner.needs(candidate) > min(allowed, fewest)):
            continue
        candidates.append(candidate)
        dz = _missed(learner, small, fold, grid, candidate, n_threads)
        score = float(np.abs(dz).mean())
        record.append({"method": method, "change": option, "mean_abs_dz": score, "n": len(dz)})
    best = min(range(len(record)), key=lambda number: record[number]["mean_abs_dz"])
    chosen = [{**entry, "chosen": number == best} for number, entry in enumerate(record)]
    return {**settings, **record[best]["change"]}, chosen


def _check_groups(method, training, fold):
    """Raise InputError if some fold leaves too few groups with galaxies to learn from."""
    galaxy = training.label != STAR
    left = min(
        len(np.unique(training.group[galaxy & (fold != number)]))
        for number in range(fold.max() + 1)
    )
    fewest = 2 if method in HOLDING_OUT else 1
    if left < fewest:
        raise InputError(
            f"photoz.tune: {method} is tuned by holding out groups (photoz.split_by), which leaves "
            f"training galaxies in {left}, and it needs {fewest}; add fields, split by object, or "
            "set tune: false"
        )


def _folds(training, seed):
    """Some of the training, whole groups, and the fold of each row."""
    names, number = np.unique(training.group, return_inverse=True)
    order = np.random.default_rng([seed, 11]).permutation(len(names))[number]
    limit = max(np.sort(order)[min(MOST_VECTORS, len(order)) - 1], FOLDS - 1)
    small = training.take(order <= limit)
    return small, group_folds(small.group, min(FOLDS, len(np.unique(small.group))), seed)


def _missed(learner, training, fold, grid, settings, n_threads):
    """(z_phot - z_spec) / (1 + z_spec) of the galaxies, each predicted without its group."""
    parts = []
    for number in range(fold.max() + 1):
        fitted = learner.fit(training.take(fold != number), grid, n_threads, **settings)
        own = training.take((fold == number) & (training.label != STAR))
        found = fitted.predict(own.vectors, n_threads).redshift
        parts.append((found - own.redshift) / (1 + own.redshift))
    return np.concatenate(parts)
