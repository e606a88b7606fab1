"""Divide objects into training, test and target objects, folds and samples of pixels."""

import numpy as np

from redpix.core.exceptions import InputError

TRAIN, TEST, TARGET = "train", "test", "target"

#: number of folds of the training set; each is predicted from the others
FOLDS = 5

#: default number of neighbours, if the training set is large enough
NEIGHBOURS = 100


def split_objects(has_redshift, groups, test_fraction, seed):
    """Return ``train``, ``test`` or ``target`` for each object; a group is not divided.

    Parameters
    ----------
    has_redshift : ndarray of bool, shape (n,)
        True for objects with a redshift; the others are targets.
    groups : ndarray, shape (n,)
        Group of each object: its own id, or its field.
    test_fraction : float
        Fraction of the groups that become test objects, at least one group and never all.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    ndarray of str, shape (n,)

    Raises
    ------
    InputError
        If fewer than two groups have an object with a redshift.
    """
    names = np.unique(groups[has_redshift])
    if not len(names):
        raise InputError(
            "catalogue/objects.csv: no object with pixels has a redshift, so there is nothing to "
            "train on; complete it or give photoz.model"
        )
    if len(names) < 2:
        raise InputError(
            f"photoz.split_by: all objects with a redshift are in one group, {names[0]}; at least "
            "two are needed to train and to test"
        )
    shuffled = np.random.default_rng([seed, 1]).permutation(names)
    held_out = shuffled[: int(np.clip(round(test_fraction * len(names)), 1, len(names) - 1))]
    return np.where(has_redshift, np.where(np.isin(groups, held_out), TEST, TRAIN), TARGET)


def assign_folds(training, star, seed):
    """Return the fold of each training object, with equal numbers of galaxies and of stars.

    Parameters
    ----------
    training, star : ndarray of bool, shape (n,)
        Training objects, and stars.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    ndarray of int, shape (n,)
        0-based fold, -1 for objects that are not trained on. With fewer than `FOLDS` galaxies
        there is one fold per galaxy.
    """
    folds = np.full(len(training), -1)
    generator = np.random.default_rng([seed, 2])
    count = min(FOLDS, max(1, np.sum(training & ~star)))
    for members in (training & ~star, training & star):
        order = generator.permutation(np.flatnonzero(members))
        folds[order] = np.arange(len(order)) % count
    return folds


def smallest_set(folds, star):
    """Return the number of galaxies in the smallest cross-validated training set.

    Parameters
    ----------
    folds : ndarray of int, shape (n,)
        From `assign_folds`.
    star : ndarray of bool, shape (n,)
        Stars, which are not counted.

    Returns
    -------
    int
    """
    galaxies = folds[(folds >= 0) & ~star]
    return len(galaxies) - int(np.bincount(galaxies).max()) if len(galaxies) else 0


def chosen_neighbours(settings, folds, star):
    """Return the settings of a learner, with a number of neighbours wherever ``k`` is None.

    It is `NEIGHBOURS`, or half the number of galaxies in the smallest cross-validated training set
    if that is less.

    Parameters
    ----------
    settings : dict
        May contain the settings of the members of an ensemble.
    folds : ndarray of int, shape (n,)
        From `assign_folds`.
    star : ndarray of bool, shape (n,)
        Stars, which are not counted.

    Returns
    -------
    dict
    """
    k = max(1, min(NEIGHBOURS, smallest_set(folds, star) // 2))
    return {
        key: chosen_neighbours(value, folds, star)
        if isinstance(value, dict)
        else (k if key == "k" and value is None else value)
        for key, value in settings.items()
    }


def check_count(method, needed, folds, star):
    """Raise InputError if a cross-validated training set is too small for a method.

    Parameters
    ----------
    method : str
        Name of the learner.
    needed : int
        Minimum number of galaxies.
    folds : ndarray of int, shape (n,)
        From `assign_folds`.
    star : ndarray of bool, shape (n,)
        Stars, which are not counted.

    Raises
    ------
    InputError
        With the number of galaxies that are needed and that there are.
    """
    galaxies = folds[(folds >= 0) & ~star]
    if not len(galaxies):
        raise InputError(
            "photoz: no galaxy or quasar with a redshift to train on; "
            "complete the catalogue or give photoz.model"
        )
    allowed = smallest_set(folds, star)
    if needed > allowed:
        if method not in ("knn", "mlp"):
            raise InputError(
                f"photoz.methods: {method} with these settings needs {needed} training galaxies, "
                f"but of {len(galaxies)} training galaxies the smallest cross-validated set has "
                f"{allowed}; complete the catalogue or use knn"
            )
        raise InputError(
            f"photoz.k: {needed} neighbours, but of {len(galaxies)} training galaxies the smallest "
            f"cross-validated set has {allowed}; allowed: at most {allowed}"
        )


def group_folds(group, count, seed):
    """Return the fold of each row; rows of one group are in the same fold.

    Parameters
    ----------
    group : ndarray of int, shape (n,)
        Group of each row.
    count : int
        Number of folds.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    ndarray of int, shape (n,)
        0-based fold.
    """
    names, number = np.unique(group, return_inverse=True)
    return (np.random.default_rng([seed, 4]).permutation(len(names)) % count)[number]


def sample_pixels(counts, limit, seed):
    """Choose at most `limit` pixels of each object at random.

    Parameters
    ----------
    counts : ndarray of int, shape (n,)
        Number of pixels of each object.
    limit : int or None
        Maximum number of pixels per object; None chooses all.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    chosen : ndarray of bool, shape (counts.sum(),)
        One value per pixel: the pixels of an object in the order of the file, then the next object.
    """
    chosen = np.ones(counts.sum(), bool)
    if limit is None:
        return chosen
    starts = np.cumsum(counts) - counts
    for index in np.flatnonzero(counts > limit):
        drawn = np.random.default_rng([seed, 3, index]).permutation(counts[index])
        chosen[starts[index] + drawn[limit:]] = False
    return chosen
