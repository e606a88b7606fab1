"""Warn of two tables whose magnitudes or errors differ, as in another unit or order of bands."""

import numpy as np
from scipy.stats import ks_2samp

from redpix.io.table_values import shortened
from redpix.photoz.learners.base import FEWEST

#: maximum number of objects that are compared; bounds the time
MOST_COMPARED = 20_000

#: Kolmogorov-Smirnov distance above which two tables differ, if it is not reached by chance. The
#: second number is the critical distance of equally many objects for a probability of 1e-6
LEAST_DISTANCE, BY_CHANCE = 0.1, 2.69

#: ratio of the median errors of two tables from which on their units may differ
OTHER_UNIT = 10.0


def check_alike(train, test, names, path, warn):
    """Warn if the magnitudes of two tables have different distributions.

    The magnitudes and the colours of neighbouring bands are compared with a two-sample
    Kolmogorov-Smirnov test.

    Parameters
    ----------
    train, test : ndarray, shape (n, bands)
        Magnitudes of two tables, NaN where missing.
    names : sequence of str
        Names of the bands.
    path : str
        Name of the second file, for messages.
    warn : callable
        Called with one line of text if they differ.

    Returns
    -------
    dict of str to dict
        ``ks``, the largest difference of the cumulative distributions, and ``shift``, the
        difference of the medians in magnitudes (second table minus first), of each magnitude and
        colour. Empty if a table has fewer than `FEWEST` objects.
    """
    columns = dict(zip(names, zip(train.T, test.T, strict=True), strict=True))
    for index, pair in enumerate(zip(names, names[1:], strict=False)):
        colours = [table[:, index] - table[:, index + 1] for table in (train, test)]
        columns["-".join(pair)] = tuple(colours)
    compared, different = {}, []
    for name, (first, second) in columns.items():
        first, second = (_sampled(one[np.isfinite(one)]) for one in (first, second))
        if len(first) and len(test) and not len(second) and name in names:
            different.append(f"{name} (not measured)")
        if min(len(first), len(second)) < FEWEST:
            continue
        distance = float(ks_2samp(first, second, method="asymp").statistic)
        shift = float(np.median(second) - np.median(first))
        compared[name] = {"ks": round(distance, 4), "shift": round(shift, 4)}
        by_chance = BY_CHANCE * np.sqrt(1 / len(first) + 1 / len(second))
        if distance > max(LEAST_DISTANCE, by_chance):
            different.append(f"{name} (KS {distance:.2f}, median {shift:+.2f})")
    if different:
        warn(
            f"{path}: its distribution differs from that of the training table in "
            f"{shortened(', '.join(different), 300)}: check units, zero points, extinction and the "
            "order of the bands; redshifts are calibrated for objects like the training objects"
        )
    return compared


def _sampled(values):
    """Return at most `MOST_COMPARED` values, evenly taken."""
    return values[:: max(1, -(-len(values) // MOST_COMPARED))]


def check_errors_alike(train, test, names, path, warn):
    """Warn if the errors of two tables differ as much as in another unit.

    Parameters
    ----------
    train, test : ndarray, shape (n, bands) or (n, 0)
        1-sigma errors of the magnitudes of two tables, NaN where missing.
    names : sequence of str
        Columns of the errors.
    path : str
        Name of the second file, for messages.
    warn : callable
        Called with one line of text if they differ.
    """
    different = []
    for name, first, second in zip(names, train.T, test.T, strict=False):
        first, second = (one[np.isfinite(one)] for one in (first, second))
        if min(len(first), len(second)) < FEWEST:
            continue
        ratio = float(np.median(second) / np.median(first))
        if not 1 / OTHER_UNIT < ratio < OTHER_UNIT:
            factor, word = (ratio, "larger") if ratio > 1 else (1 / ratio, "smaller")
            different.append(f"{name} ({factor:.0f} times {word})")
    if different:
        warn(
            f"{path}: the median error differs from that of the training table in "
            f"{shortened(', '.join(different), 300)}: check the unit of the errors"
        )
