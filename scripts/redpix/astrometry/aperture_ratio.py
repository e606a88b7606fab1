"""Flux ratio of two images on the same pixels by apertures, without their PSFs."""

from typing import NamedTuple

import numpy as np
from astropy.stats import mad_std

from redpix.astrometry.flux_scatter import OUTLIER, flux_scatter

#: radius of the apertures, and inner and outer radius of the sky about them, FWHM
APERTURE, SKY = 4.0, (6.0, 9.0)

#: minimum signal-to-noise ratio of a source in each aperture
LEAST_SN = 20.0

#: maximum number of sources, the brightest
MOST = 200

#: standard error of a median over that of a mean, of a normal distribution
_OF_MEDIAN = 1.25


class FluxRatio(NamedTuple):
    """A flux ratio and its error.

    Attributes
    ----------
    ratio : float
        Flux in the reference over that in the new image; NaN if it cannot be measured.
    error : float
        1-sigma error of the mean.
    number : int
        Number of sources.
    """

    ratio: float
    error: float
    number: int


#: a ratio that is not measured
UNKNOWN = FluxRatio(np.nan, np.inf, 0)


def aperture_ratio(new, reference, variances, positions, fwhm):
    """Return the flux ratio of two images by apertures about their sources.

    Parameters
    ----------
    new, reference : ndarray, shape (ny, nx)
        Images on the same pixels; NaN where they have no value.
    variances : (ndarray, ndarray)
        Their variances.
    positions : ndarray, shape (n, 2)
        x, y of sources, 0-based, the brightest first. Galaxies are as good as stars.
    fwhm : float
        FWHM of the wider PSF, pixels.

    Returns
    -------
    FluxRatio
    """
    rows = []
    for x, y in positions[:MOST]:
        both = _apertures((new, reference, *variances), x, y, fwhm)
        if both is not None:
            rows.append(both)
    table = np.array(rows, float).reshape(-1, 4)
    with np.errstate(invalid="ignore", divide="ignore"):
        table = table[(table[:, :2] > LEAST_SN * table[:, 2:]).all(axis=1)]
    ratio = table[:, 1] / table[:, 0]
    error = ratio * np.hypot(table[:, 2] / table[:, 0], table[:, 3] / table[:, 1])
    return mean_ratio(ratio, error)


def mean_ratio(ratio, error):
    """Return the mean of flux ratios of sources, without outliers.

    Parameters
    ----------
    ratio, error : ndarray, shape (n,)
        Flux ratios and their 1-sigma errors.

    Returns
    -------
    FluxRatio
        Its error includes the scatter that the errors do not explain.
    """
    if len(ratio) < 3:
        return FluxRatio(np.nan, np.inf, len(ratio))
    # a bright variable star must not outweigh the others, so the start weighs half of them alike
    equal = np.maximum(error, np.median(error))
    middle, uncertain = _weighted_median(ratio, equal**-2.0), _OF_MEDIAN * _error_of_mean(equal)
    total = np.hypot(error, middle * flux_scatter(ratio / middle, error / middle))
    kept = abs(ratio - middle) <= OUTLIER * np.hypot(total, uncertain)
    if np.count_nonzero(kept) < 3:
        return FluxRatio(float(middle), np.inf, int(kept.sum()))
    rows = _agreeing(ratio, total, kept)
    middle = np.average(ratio[rows], weights=total[rows] ** -2.0)
    return FluxRatio(float(middle), float(_error_of_mean(total[rows])), len(rows))


def _agreeing(ratio, total, kept):
    """Return the rows of the kept ratios that agree with the mean of the others.

    A bright variable star pulls the mean of all to itself, but not the mean of the others. The
    worst is left out first, and the rest is compared anew.
    """
    rows = np.flatnonzero(kept)
    while len(rows) > 3:
        weight = total[rows] ** -2.0
        pulled = weight * ratio[rows]
        others = _sums_of_others(weight)
        middle = _sums_of_others(pulled) / others
        away = abs(ratio[rows] - middle) / np.hypot(total[rows], others**-0.5)
        worst = np.argmax(away)
        if away[worst] <= OUTLIER:
            break
        rows = np.delete(rows, worst)
    return rows


def _sums_of_others(values):
    """Return, for each value, the sum of all others.

    These are sums, not differences of sums, which rounding could make negative.
    """
    before = np.cumsum(np.append(0.0, values[:-1]))
    after = np.cumsum(np.append(0.0, values[:0:-1]))[::-1]
    return before + after


def _error_of_mean(errors):
    """Return the error of a mean of values, weighted by their errors."""
    return np.sum(errors**-2.0) ** -0.5


def _weighted_median(values, weights):
    """Return the value with half of the weights below it."""
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / np.sum(weights)
    return values[order][np.searchsorted(share, 0.5)]


def _apertures(planes, x, y, fwhm):
    """Return the fluxes in an aperture in two images, and their noise; None if pixels are missing.

    The skies of both are means over the same pixels. Medians differ from means by the faint stars
    of a crowded field, and do so more in the sharper and deeper image.
    """
    half = int(np.ceil(SKY[1] * fwhm))
    column, row = round(float(x)), round(float(y))
    region = (
        slice(max(0, row - half), row + half + 1),
        slice(max(0, column - half), column + half + 1),
    )
    new, reference, *variances = (plane[region] for plane in planes)
    rows, columns = np.indices(new.shape)
    radius = np.hypot(rows + region[0].start - y, columns + region[1].start - x) / fwhm
    # the share of a pixel within the aperture falls from 1 to 0 over the width of a pixel
    share = np.clip((APERTURE - radius) * fwhm + 0.5, 0, 1)
    inner, valid = share > 0, np.isfinite(new + reference)
    sky = valid & (radius > SKY[0]) & (radius < SKY[1])
    complete = np.isclose(share.sum(), np.pi * (APERTURE * fwhm) ** 2, rtol=0.05)
    if not complete or not valid[inner].all() or np.count_nonzero(sky) < 50:
        return None
    sky[sky] = _usual(new[sky]) & _usual(reference[sky])
    if np.count_nonzero(sky) < 30:
        return None
    share, number = share[inner], np.count_nonzero(sky)
    fluxes = [np.sum(share * (image[inner] - image[sky].mean())) for image in (new, reference)]
    noise = [
        # that of the sky counts once per pixel of the aperture
        np.sum(share * plane[inner]) + np.sum(share) ** 2 * plane[sky].mean() / number
        for plane in variances
    ]
    return (*fluxes, *np.sqrt(np.maximum(noise, 0)))


def _usual(values):
    """Return which values lie within three robust standard deviations of their median."""
    return abs(values - np.median(values)) <= 3 * mad_std(values)
