"""Choose hyperparameters by cross-validation inside the training set."""

import numpy as np

from redpix.core.exceptions import InputError
from redpix.photoz.learners.base import STAR
from redpix.photoz.model import METHODS
from redpix.photoz.split import group_folds

#: number of folds of the training set; a fold consists of whole groups
FOLDS = 3

#: maximum number of vectors of the cross-validation; at least `FOLDS` groups are used
MOST_VECTORS = 4000

#: learners that hold out groups during their training and need at least two
HOLDING_OUT = ("mlp", "boosting")

#: changes of the settings that are tried, by method
OPTIONS = {
    "knn": ({"k": 25}, {"k": 50}, {"k": 100}, {"k": 200}),
    "mlp": ({"penalty": 0.01}, {"penalty": 0.03}, {"penalty": 0.1}),
    "tpz": ({"leaf": 3}, {"leaf": 5}, {"leaf": 10}),
    "som": (
        {"size": None, "filling": 12},
        {"size": None, "filling": 22},
        {"size": None, "filling": 40},
    ),
    "boosting": ({"leaves": 8}, {"leaves": 15}, {"leaves": 31}),
}


def tune(method, training, grid, settings, allowed, seed, n_threads):
    """Return the best settings of a learner, and a record of all candidates.

    Candidates are the configured settings and their changes in `OPTIONS`. The best candidate has
    the smallest mean of |z_phot - z_spec| / (1 + z_spec) over held-out galaxies and quasars. The
    members of an ensemble are tuned one by one.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    training : redpix.photoz.learners.base.Training
        Its groups are the objects or the fields that are held out together.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.
    settings : dict
        The configured settings.
    allowed : int
        Maximum number of galaxies that a candidate may need.
    seed : int
        Seed of the random numbers.
    n_threads : int
        Number of threads.

    Returns
    -------
    settings : dict
        Of several best candidates, the first.
    record : list of dict
        ``method``, ``change``, ``mean_abs_dz``, ``n`` and ``chosen`` of each candidate.

    Raises
    ------
    InputError
        If there are too few groups with galaxies.
    """
    if method == "ensemble":
        return _tune_members(training, grid, settings, allowed, seed, n_threads)

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
        dz = _residuals(learner, small, fold, grid, candidate, n_threads)
        score = float(np.abs(dz).mean())
        record.append({"method": method, "change": option, "mean_abs_dz": score, "n": len(dz)})
    best = min(range(len(record)), key=lambda number: record[number]["mean_abs_dz"])
    chosen = [{**entry, "chosen": number == best} for number, entry in enumerate(record)]
    return {**settings, **record[best]["change"]}, chosen


def _tune_members(training, grid, settings, allowed, seed, n_threads):
    """Tune the members of an ensemble one by one; return as `tune` does."""
    members, record = {}, []
    for name, member in settings["members"].items():
        complete = {**member, "errors": settings["errors"]}
        best, candidates = tune(name, training, grid, complete, allowed, seed, n_threads)
        members[name] = {key: value for key, value in best.items() if key != "errors"}
        record += candidates
    return {**settings, "members": members}, record


def _check_groups(method, training, fold):
    """Raise InputError if a fold leaves too few groups with galaxies."""
    galaxy = training.label != STAR
    groups = min(
        len(np.unique(training.group[galaxy & (fold != number)]))
        for number in range(fold.max() + 1)
    )
    fewest = 2 if method in HOLDING_OUT else 1
    if groups < fewest:
        raise InputError(
            f"photoz.tune: {method} is tuned by holding out groups (photoz.split_by), which leaves "
            f"training galaxies in {groups}, and it needs {fewest}; add fields, split by object, "
            "or set tune: false"
        )


def _folds(training, seed):
    """Return some whole groups of the training set, and the fold of each row."""
    names, number = np.unique(training.group, return_inverse=True)
    order = np.random.default_rng([seed, 11]).permutation(len(names))[number]
    limit = max(np.sort(order)[min(MOST_VECTORS, len(order)) - 1], FOLDS - 1)
    small = training.take(order <= limit)
    return small, group_folds(small.group, min(FOLDS, len(np.unique(small.group))), seed)


def _residuals(learner, training, fold, grid, settings, n_threads):
    """Return (z_phot - z_spec) / (1 + z_spec) of the galaxies, predicted without their groups."""
    parts = []
    for number in range(fold.max() + 1):
        fitted = learner.fit(training.take(fold != number), grid, n_threads, **settings)
        held_out = training.take((fold == number) & (training.label != STAR))
        redshift = fitted.predict(held_out.vectors, n_threads).redshift
        parts.append((redshift - held_out.redshift) / (1 + held_out.redshift))
    return np.concatenate(parts)
