"""Scatter of the flux ratios of stars that their errors do not explain."""

import numpy as np
from scipy.optimize import brentq

#: residual above which a star is an outlier, in standard deviations of error and scatter together
OUTLIER = 3.5

#: minimum number of stars that are used, if there are as many
LEAST = 8

#: median of the absolute value of a normal deviate, in standard deviations
_MEDIAN_OFFSET = 0.6745

#: maximum number of times that outliers are searched for
ROUNDS = 20


def flux_scatter(ratio, error):
    """Return the relative scatter of flux ratios beyond their errors.

    The brighter half of the stars is used, each with its own error: the scatter describes the
    residuals of bright stars, and at faint stars it is lost in the noise. Variable stars are
    outliers and do not count.

    Parameters
    ----------
    ratio, error : ndarray, shape (n,)
        Flux ratio of each star over that of all, and its 1-sigma error.

    Returns
    -------
    float
        The scatter with which the residuals have a chi-squared of their number of degrees of
        freedom; 0 if the errors explain all of it.
    """
    bright = np.argsort(error, kind="stable")[: max(LEAST, (len(error) + 1) // 2)]
    ratio, error = ratio[bright], error[bright]
    scatter, used = _typical(ratio, error), None
    for _ in range(ROUNDS):
        total = np.hypot(error, scatter)
        offset = ratio - np.median(ratio) if used is None else ratio - _mean(ratio, total, used)
        kept = abs(offset) <= OUTLIER * total
        if used is not None and np.array_equal(kept, used):
            break
        used = kept
        scatter = _solved(ratio[kept], error[kept])
    return scatter


def _typical(ratio, error):
    """Return the scatter with which the median of the absolute residuals is as expected.

    A few variable stars, however bright, do not change it.
    """
    offset = abs(ratio - np.median(ratio))
    expected = _MEDIAN_OFFSET * np.sqrt((len(ratio) - 1) / len(ratio))

    def excess(scatter):
        return np.median(offset / np.hypot(error, scatter)) - expected

    most = 10 * float(offset.max())
    if most == 0 or excess(0.0) <= 0 or excess(most) >= 0:
        return 0.0
    return float(brentq(excess, 0.0, most, xtol=1e-6))


def _mean(ratio, total, used):
    """Return the mean of the used ratios, weighted by their errors."""
    return np.average(ratio[used], weights=total[used] ** -2.0)


def _solved(ratio, error):
    """Return the scatter that explains the residuals of all ratios."""

    def excess(scatter):
        total = np.hypot(error, scatter)
        offset = ratio - np.average(ratio, weights=total**-2.0)
        return np.sum((offset / total) ** 2) - (len(ratio) - 1)

    most = float(np.ptp(ratio))
    if len(ratio) < 2 or excess(0.0) <= 0 or excess(most) >= 0:
        return 0.0
    return float(brentq(excess, 0.0, most, xtol=1e-6))
