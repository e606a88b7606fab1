"""Which objects are learnt from, which are scored, and which pixels of them are learnt."""

import numpy as np

from redpix.core.exceptions import InputError

TRAIN, TEST, TARGET = "train", "test", "target"

#: parts of the training objects, each predicted by what was learnt from the others
FOLDS = 5

#: neighbours that a prediction is made from, where enough galaxies are known
NEIGHBOURS = 100


def split_objects(known, groups, test_fraction, seed):
    """Divide objects into train, test and target, whole groups at a time.

    Parameters
    ----------
    known : ndarray of bool, shape (n,)
        Objects with a redshift; the others are targets.
    groups : ndarray, shape (n,)
        What stays together: the object's own id, or its field.
    test_fraction : float
        Fraction of the groups that is held out, at least one and never all.
    seed : int

    Returns
    -------
    ndarray of str, shape (n,)

    Raises
    ------
    InputError
        If not at least two groups hold an object with a redshift.
    """
    names = np.unique(groups[known])
    if not len(names):
        raise InputError(
            "catalogue/objects.csv: no object with pixels has a redshift, so none can be trained "
            "on; complete it or give photoz.model"
        )
    if len(names) < 2:
        raise InputError(
            f"photoz.split_by: all objects with a redshift are in one group, {names[0]}; at least "
            "two are needed to train and to test"
        )
    shuffled = np.random.default_rng([seed, 1]).permutation(names)
    held_out = shuffled[: int(np.clip(round(test_fraction * len(names)), 1, len(names) - 1))]
    return np.where(known, np.where(np.isin(groups, held_out), TEST, TRAIN), TARGET)


def assign_folds(training, star, seed):
    """Number the training objects 0..FOLDS-1, galaxies and stars each spread evenly.

    Parameters
    ----------
    training, star : ndarray of bool, shape (n,)
    seed : int

    Returns
    -------
    ndarray of int, shape (n,)
        -1 for objects that are not trained on. There are as many folds as galaxies where those
        are fewer than `FOLDS`.
    """
    folds = np.full(len(training), -1)
    generator = np.random.default_rng([seed, 2])
    count = min(FOLDS, max(1, np.sum(training & ~star)))
    for members in (training & ~star, training & star):
        order = generator.permutation(np.flatnonzero(members))
        folds[order] = np.arange(len(order)) % count
    return folds


def smallest_set(folds, star):
    """Galaxies that the smallest cross-validated training set holds."""
    galaxies = folds[(folds >= 0) & ~star]
    return len(galaxies) - int(np.bincount(galaxies).max()) if len(galaxies) else 0


def chosen_neighbours(settings, folds, star):
    """Settings of a learner, with a number of neighbours wherever `k` is None.

    It is `NEIGHBOURS`, or half of what the smallest cross-validated set holds if that is fewer.
    """
    k = max(1, min(NEIGHBOURS, smallest_set(folds, star) // 2))
    return {
        key: chosen_neighbours(value, folds, star)
        if isinstance(value, dict)
        else (k if key == "k" and value is None else value)
        for key, value in settings.items()
    }


def check_count(method, needed, folds, star):
    """Raise InputError if some fold would leave a method fewer galaxies than it needs."""
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
                f"photoz.methods: {method}, as it is set, needs {needed} galaxies to learn from, "
                f"but of {len(galaxies)} training galaxies the smallest cross-validated set holds "
                f"{allowed}; complete the catalogue or take knn"
            )
        raise InputError(
            f"photoz.k: {needed} neighbours, but of {len(galaxies)} training galaxies the smallest "
            f"cross-validated set holds {allowed}: at most {allowed} is allowed"
        )


def group_folds(group, count, seed):
    """Number of a fold, 0..count-1, for each row; the rows of a group share theirs.

    Parameters
    ----------
    group : ndarray of int, shape (n,)
    count : int
    seed : int
    """
    names, number = np.unique(group, return_inverse=True)
    return (np.random.default_rng([seed, 4]).permutation(len(names)) % count)[number]


def sample_pixels(counts, limit, seed):
    """Choose at most `limit` pixels of each object at random.

    Parameters
    ----------
    counts : ndarray of int, shape (n,)
        Pixels of each object.
    limit : int or None
        None chooses all.
    seed : int

    Returns
    -------
    chosen : ndarray of bool, shape (counts.sum(),)
        A flag a pixel, objects one after the other, pixels in the order in which they are read.
    """
    chosen = np.ones(counts.sum(), bool)
    if limit is None:
        return chosen
    starts = np.cumsum(counts) - counts
    for index in np.flatnonzero(counts > limit):
        drawn = np.random.default_rng([seed, 3, index]).permutation(counts[index])
        chosen[starts[index] + drawn[limit:]] = False
    return chosen
