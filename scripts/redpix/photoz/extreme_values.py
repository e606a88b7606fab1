"""Find limits, and codes of missing values that the values themselves betray."""

import numpy as np

#: number of rows from which a repeated extreme value is a code, its distance from the next
#: magnitude, and its ratio to the next flux
_REPEATED, _APART, _TIMES = 5, 1.0, 10.0

#: flags of limits in tables of the CDS
_LIMIT_FLAGS = ("<", ">", "<=", ">=", "≤", "≥")

#: percentile of the magnitudes with errors; fainter ones without errors are limits
_FAINT_PERCENTILE = 90


def faint_code(magnitudes):
    """Return the faintest magnitude if it is a code of missing values.

    Parameters
    ----------
    magnitudes : ndarray, shape (n,)
        Finite numbers.

    Returns
    -------
    float
        The magnitude, if five or more rows have it and every other one is 1 mag brighter; else NaN.
    """
    extreme, following, count = _largest(magnitudes)
    return extreme if count >= _REPEATED and extreme > following + _APART else np.nan


def negative_code(fluxes):
    """Return the smallest flux if it is a code of missing values.

    Parameters
    ----------
    fluxes : ndarray, shape (n,)
        Finite numbers.

    Returns
    -------
    float
        The flux, if it is negative, five or more rows have it, and its size is ten times that of
        the next one and of the median flux; else NaN.
    """
    extreme, following, count = _largest(-fluxes)
    if count < _REPEATED:
        return np.nan
    usual = np.median(np.abs(fluxes[fluxes != -extreme]))
    return -extreme if extreme > _TIMES * max(abs(following), usual) else np.nan


def _largest(values):
    """Return the largest value, the next one, and how often the largest occurs."""
    distinct, counts = np.unique(values, return_counts=True)
    return (distinct[-1], distinct[-2], counts[-1]) if len(distinct) > 1 else (0.0, 0.0, 0)


def clean_limits(magnitudes, errors):
    """Set magnitudes that are limits of objects that were not detected to NaN, in place.

    Surveys write a limit in place of a magnitude and leave its error empty (2MASS, WISE), or make
    it negative (LePhare). Magnitudes without errors are such limits if their median is fainter
    than 90 % of the magnitudes with errors.

    Parameters
    ----------
    magnitudes, errors : ndarray, shape (n,)
        NaN where missing.

    Returns
    -------
    int
        Number of limits.
    """
    known = np.isfinite(magnitudes)
    without, measured = known & ~np.isfinite(errors), known & np.isfinite(errors)
    if without.sum() < _REPEATED or measured.sum() < _REPEATED:
        return 0
    faint = np.percentile(magnitudes[measured], _FAINT_PERCENTILE)
    if np.median(magnitudes[without]) <= faint:
        return 0
    magnitudes[without] = np.nan
    return int(without.sum())


def clean_flagged(values, flags):
    """Set values that are flagged as limits, as by ``>`` in VizieR's ``l_gmag``, to NaN, in place.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Magnitudes or fluxes.
    flags : ndarray of str, shape (n,)
        Flags.

    Returns
    -------
    int
        Number of values that were set.
    """
    limits = np.isin(flags.astype(str), _LIMIT_FLAGS) & np.isfinite(values)
    values[limits] = np.nan
    return int(limits.sum())


def clean_unobserved(fluxes, errors):
    """Set fluxes of exactly 0 whose error is missing to NaN, in place.

    Parameters
    ----------
    fluxes, errors : ndarray, shape (n,)
        NaN where missing.

    Returns
    -------
    dict of str to int
        Number of rows by value.
    """
    missing = (fluxes == 0) & ~np.isfinite(errors)
    fluxes[missing] = np.nan
    return {"0": int(missing.sum())} if missing.any() else {}
