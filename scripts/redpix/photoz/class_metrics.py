"""Metrics of predicted classes and of their probabilities."""

import numpy as np

from redpix.photoz.learners.base import FEWEST

#: number of bins of probability of the calibration
BINS = 10

#: smallest probability of a log loss
LEAST = 1e-4


def classification(true, predicted, names, probability=None):
    """Return the metrics of predicted classes.

    Parameters
    ----------
    true, predicted : ndarray of int, shape (n,)
        Indices into `names`; rows with -1 (unknown or not predicted) are left out.
    names : sequence of str
        Names of the classes.
    probability : ndarray, shape (n, classes), optional
        Probability of each class.

    Returns
    -------
    dict
        ``n``, ``accuracy``, ``confusion`` (numbers of objects by true and predicted class),
        ``by_class`` (``n``, ``completeness`` and ``purity``), and with probabilities ``log_loss``,
        ``brier`` and ``calibration``. With too few rows or a single class, they are None and there
        is a ``reason``.
    """
    rows = (true >= 0) & (predicted >= 0)
    n = int(rows.sum())
    reason = None
    if n < FEWEST:
        reason = f"{n} scored; at least {FEWEST} are needed"
    elif len(np.unique(true[rows])) < 2:
        reason = f"one class only among the scored: {names[true[rows][0]]}"
    if reason:
        return {"n": n, "accuracy": None, "confusion": None, "reason": reason}
    table = np.zeros((len(names), len(names)), int)
    np.add.at(table, (true[rows], predicted[rows]), 1)
    confusion = {
        row: {column: int(table[i, j]) for j, column in enumerate(names)}
        for i, row in enumerate(names)
    }
    result = {"n": n, "accuracy": float(np.trace(table) / n), "confusion": confusion}
    result["by_class"] = {
        name: {
            "n": int(table[i].sum()),
            "completeness": _ratio(table[i, i], table[i].sum()),
            "purity": _ratio(table[i, i], table[:, i].sum()),
        }
        for i, name in enumerate(names)
    }
    if probability is not None:
        result |= _of_probabilities(true[rows], probability[rows], names)
    return result


def _ratio(part, whole):
    """Return a fraction, or None of nothing."""
    return float(part / whole) if whole else None


def _of_probabilities(true, probability, names):
    """Return the log loss, the Brier score and the calibration of probabilities."""
    of_truth = probability[np.arange(len(true)), true]
    hit = true[:, None] == np.arange(len(names))
    return {
        "log_loss": float(-np.log(np.maximum(of_truth, LEAST)).mean()),
        "brier": float(((probability - hit) ** 2).sum(axis=1).mean()),
        "calibration": {
            name: _reliability(probability[:, number], hit[:, number])
            for number, name in enumerate(names)
            if hit[:, number].any()
        },
    }


def _reliability(probability, hit):
    """Return the mean probability and the fraction of a class, in bins of probability."""
    index = np.minimum((probability * BINS).astype(int), BINS - 1)
    return [
        {
            "n": int(np.sum(index == number)),
            "probability": float(probability[index == number].mean()),
            "fraction": float(hit[index == number].mean()),
        }
        for number in range(BINS)
        if np.any(index == number)
    ]
