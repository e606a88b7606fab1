"""The interface of the learners, and functions that several of them use.

A learner is a class with these members:

- ``fit(training, grid, n_threads, **settings)`` returns a learner of a training set;
- ``predict(vectors, n_threads)`` returns a `Prediction`;
- ``arrays()`` and ``from_arrays(arrays, grid, **settings)`` convert it to and from named arrays;
- ``needs(settings)`` is the minimum number of training galaxies;
- ``insight(names)`` describes the fitted learner by name, for metrics.json;
- ``fit(..., folds=folds)`` and ``without(fold)``, if present: the learner of a training set also
  holds learners that have not seen a fold. Other learners are fitted again without it.

`redpix.photoz.methods.METHODS` names the learners. A learner takes unscaled attributes and measures
the scaling from its training set. Its results do not depend on ``n_threads``, the number of
threads. The setting ``errors`` is the number of attributes at the end of a vector that are errors.
"""

from typing import NamedTuple

import numpy as np

#: classes of objects; a label is an index into this tuple, or -1 if the class is unknown
CLASSES = ("GALAXY", "QSO", "STAR")
STAR = CLASSES.index("STAR")


#: minimum number of objects for fractions and percentiles
FEWEST = 10


class Training(NamedTuple):
    """A training set, one row per pixel or object.

    Redshifts are learnt from all rows except stars, classes from all rows with a label.
    """

    vectors: np.ndarray  #: (n, attributes), float32
    redshift: np.ndarray  #: (n,), float64
    label: np.ndarray  #: (n,), int: index into `CLASSES`, -1 where unknown
    group: np.ndarray  #: (n,), int: equal for rows of one object

    def take(self, rows):
        """Return some rows.

        Parameters
        ----------
        rows : ndarray of bool or int
            Mask or indices of the rows.

        Returns
        -------
        Training
        """
        columns = (column[rows] for column in self)
        return Training(*columns)

    @classmethod
    def from_arrays(cls, arrays):
        """Return the training set with these columns.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            From the method ``arrays``.

        Returns
        -------
        Training

        Raises
        ------
        ValueError
            If the columns have different lengths, or a label is unknown.
        """
        training = cls(**{name: arrays[name] for name in cls._fields})
        count = len(training.vectors)
        if training.vectors.ndim != 2 or any(one.shape != (count,) for one in training[1:]):
            raise ValueError("the columns of the training set have different lengths")
        if not np.isin(training.label, range(-1, len(CLASSES))).all():
            raise ValueError("unknown classes in the training set")
        return training


class Prediction(NamedTuple):
    """Predictions of vectors, one row per vector."""

    redshift: np.ndarray  #: (n,), the point estimate
    pdf: np.ndarray  #: (n, nodes), see `redpix.photoz.pdf`
    probability: np.ndarray  #: (n, classes), NaN if the training set has fewer than two classes
    outside: np.ndarray  #: (n,), 1 outside the range of the training set, or a fraction of vectors

    def take(self, rows):
        """Return some rows.

        Parameters
        ----------
        rows : ndarray of bool or int
            Mask or indices of the rows.

        Returns
        -------
        Prediction
        """
        columns = (column[rows] for column in self)
        return Prediction(*columns)

    @classmethod
    def concatenate(cls, parts):
        """Return the rows of several predictions, one after the other.

        Parameters
        ----------
        parts : list of Prediction
            Predictions of several sets of vectors.

        Returns
        -------
        Prediction
        """
        columns = (np.concatenate(column) for column in zip(*parts, strict=True))
        return cls(*columns)


def nmad(dz):
    """Return the normalised median absolute deviation, 1.4826 median|dz - median(dz)|.

    Parameters
    ----------
    dz : ndarray, shape (n,)
        (z_phot - z_spec) / (1 + z_spec).

    Returns
    -------
    float
        The standard deviation, if dz is normal.
    """
    return float(1.4826 * np.median(np.abs(dz - np.median(dz))))


def without_errors(vectors, errors):
    """Return vectors without the attributes that are errors, the last ones.

    Parameters
    ----------
    vectors : ndarray, shape (n, attributes)
        Vectors of attributes.
    errors : int
        Number of the last attributes that are errors.

    Returns
    -------
    ndarray, shape (n, attributes - errors)
    """
    return vectors[:, : vectors.shape[1] - errors]


def dispersion(predicted, true):
    """Return the normalised median absolute deviation of redshifts, as of `nmad`.

    Parameters
    ----------
    predicted, true : ndarray, shape (n,)
        Redshifts. Rows in which the prediction is NaN are left out.

    Returns
    -------
    float or None
        None for fewer than `FEWEST` predictions.
    """
    dz = ((predicted - true) / (1 + true))[np.isfinite(predicted)]
    if len(dz) < FEWEST:
        return None
    return nmad(dz)


def shares(names, importance):
    """Return the importance of each attribute by name.

    Parameters
    ----------
    names : sequence of str
        Names of the attributes.
    importance : ndarray, shape (attributes,)
        Importance of each attribute.

    Returns
    -------
    dict or None
        None if the trees have no split.
    """
    if not importance.sum():
        return None
    pairs = zip(names, importance, strict=False)
    return {name: round(float(share), 4) for name, share in pairs}
