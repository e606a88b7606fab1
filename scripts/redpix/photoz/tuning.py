"""Choose hyperparameters by cross-validation inside the training set."""

import numpy as np

from redpix.core.exceptions import InputError
from redpix.photoz import pdf
from redpix.photoz.learners.base import STAR, without_errors
from redpix.photoz.methods import METHODS, OLD_NAMES
from redpix.photoz.split import group_folds

#: number of folds of the training set; a fold consists of whole groups
FOLDS = 3

#: maximum number of vectors of the cross-validation; at least `FOLDS` groups are used
MOST_VECTORS = 4000

#: learners that hold out groups during their training and need at least two
HOLDING_OUT = ("mdn", *OLD_NAMES)

#: numbers of neighbours that are tried if the configuration gives none
NEIGHBOURS = (12, 25, 50, 100)

#: maximum number of vectors that choose the number of neighbours
MOST_SCORED = 2000

#: smallest density of a log score, so that one outlier cannot decide
LEAST = 1e-3

#: changes of the settings that are tried, by method
OPTIONS = {
    "knn": ({"k": 25}, {"k": 50}, {"k": 100}, {"k": 200}),
    "mdn": (),  # the networks choose their augmentation and epochs themselves
    **dict.fromkeys(OLD_NAMES, ()),
    "tpz": ({"leaf": 3}, {"leaf": 5}, {"leaf": 10}),
    "som": (
        {"size": None, "filling": 12},
        {"size": None, "filling": 22},
        {"size": None, "filling": 40},
    ),
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


def tune_neighbours(method, training, grid, settings, allowed, seed, n_threads):
    """Return settings with the number of neighbours of knn that has the best log score.

    The score is the mean logarithm of the PDF at the redshift of held-out galaxies and quasars.

    Parameters
    ----------
    method : str
        ``knn`` or ``ensemble``; the settings of other methods are returned unchanged.
    training : redpix.photoz.learners.base.Training
        Its groups are held out together.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.
    settings : dict
        Settings with a number of neighbours, which is kept if no other can be tried.
    allowed : int
        Maximum number of neighbours.
    seed : int
        Seed of the random numbers.
    n_threads : int
        Number of threads.

    Returns
    -------
    settings : dict
    record : list of dict
        ``method``, ``change``, ``log_score``, ``n`` and ``chosen`` of each candidate.
    """
    if method == "ensemble" and "knn" in settings["members"]:
        member = {**settings["members"]["knn"], "errors": settings["errors"]}
        best, record = tune_neighbours("knn", training, grid, member, allowed, seed, n_threads)
        best = {key: value for key, value in best.items() if key != "errors"}
        return {**settings, "members": {**settings["members"], "knn": best}}, record
    plain = without_errors(training.vectors, settings["errors"])
    training = training.take(np.isfinite(plain).all(axis=1))
    galaxies = training.take(training.label != STAR)
    if method != "knn" or len(np.unique(galaxies.group)) < FOLDS:
        return settings, []
    small, fold = _folds(galaxies, seed, MOST_SCORED)
    fewest = min(np.sum(fold != number) for number in range(fold.max() + 1))
    record = []
    for k in NEIGHBOURS:
        if k > min(allowed, fewest):
            continue
        change = {"k": k}
        density = _densities(small, fold, grid, {**settings, **change}, n_threads)
        score = float(np.log(np.maximum(density, LEAST)).mean())
        record.append({"method": "knn", "change": change, "log_score": score, "n": len(density)})
    if not record:
        return settings, []
    best = max(range(len(record)), key=lambda number: record[number]["log_score"])
    chosen = [{**entry, "chosen": number == best} for number, entry in enumerate(record)]
    return {**settings, **record[best]["change"]}, chosen


def _densities(training, fold, grid, settings, n_threads):
    """Return the PDF of knn at the redshift of each galaxy, predicted without its group."""
    parts = []
    for number in range(fold.max() + 1):
        fitted = METHODS["knn"].fit(training.take(fold != number), grid, n_threads, **settings)
        held_out = training.take(fold == number)
        found = fitted.predict(held_out.vectors, n_threads)
        parts.append(pdf.evaluate(found.pdf, held_out.redshift, grid))
    return np.concatenate(parts)


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


def _folds(training, seed, most=None):
    """Return some whole groups of the training set, and the fold of each row."""
    names, number = np.unique(training.group, return_inverse=True)
    order = np.random.default_rng([seed, 11]).permutation(len(names))[number]
    limit = max(np.sort(order)[min(most or MOST_VECTORS, len(order)) - 1], FOLDS - 1)
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
