"""Find and fit the stars of a small image, up to its edge, to learn the width of its PSF."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage, optimize

from redpix.psf.moffat import BETA

#: 1-sigma width of the Gaussian that an image is smoothed with to find its sources, pixels
SMOOTHING = 1.2

#: minimum signal-to-noise ratio of a peak of the smoothed image
LEAST_PEAK = 5.0

#: number of peaks that are fitted, the brightest first
MOST_PEAKS = 40

#: half a side of the square that is fitted, pixels
HALF = 6

#: FWHM of a star, pixels; narrower peaks are cosmic rays or hot pixels
STAR_WIDTHS = (1.3, 8.0)

#: maximum relative error of the FWHM of a star
WORST_WIDTH = 0.25

#: relative difference of the widths of two stars of one image that is not noise
SAME_WIDTH = 0.06

#: support of a width over that of the best supported one, from which a smaller width is taken
NEARLY_AS_MANY = 0.6


class WidthFits(NamedTuple):
    """Sources of an image, each fitted with a round Moffat profile of free width.

    Attributes
    ----------
    x, y : ndarray, shape (n,)
        0-based positions, pixels.
    flux, fwhm, fwhm_error : ndarray, shape (n,)
        Flux in the unit of the image; FWHM with its 1-sigma error, pixels.
    """

    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    fwhm: np.ndarray
    fwhm_error: np.ndarray

    def take(self, rows):
        """Return some of the sources."""
        return WidthFits._make(column[rows] for column in self)

    def joined(self, other):
        """Return the sources of both tables."""
        return WidthFits._make(map(np.concatenate, zip(self, other, strict=True)))


def fit_widths(image, variance, mask):
    """Find the peaks of an image and fit a Moffat profile of free width to each.

    Parameters
    ----------
    image, variance : ndarray, shape (ny, nx)
        Image without its background, and its variance.
    mask : ndarray of int
        Not 0 in pixels that are ignored.

    Returns
    -------
    WidthFits
        Sources whose width a star can have and is known to `WORST_WIDTH`.
    """
    usable = np.isfinite(image) & (variance > 0) & (mask == 0)
    rows = [_fitted(image, variance, usable, x, y) for x, y in _peaks(image, variance, usable)]
    fits = WidthFits._make(np.array([row for row in rows if row is not None]).reshape(-1, 5).T)
    least, most = STAR_WIDTHS
    possible = (fits.fwhm > least) & (fits.fwhm < most) & (fits.flux > 0)
    return fits.take(possible & (fits.fwhm_error < WORST_WIDTH * fits.fwhm))


def same_width(fits):
    """Select the sources that have one width: the stars.

    Galaxies are wider than stars and differ from each other. The width is the smallest of those
    that nearly as many sources share, within their errors, as share any other.

    Parameters
    ----------
    fits : WidthFits
        Sources of one image.

    Returns
    -------
    ndarray of bool
    """
    if not len(fits.x):
        return np.zeros(0, bool)
    error = np.hypot(fits.fwhm_error, SAME_WIDTH * fits.fwhm)
    apart = abs(fits.fwhm[:, None] - fits.fwhm) / np.hypot(error[:, None], error)
    alike = apart < 2
    # a width that is hardly known agrees with every other
    weight = np.minimum(1, (SAME_WIDTH * fits.fwhm / fits.fwhm_error) ** 2)
    support = alike @ weight
    shared = support >= NEARLY_AS_MANY * support.max()
    return alike[np.argmin(np.where(shared, fits.fwhm, np.inf))]


def mean_width(fits):
    """Return the mean FWHM of stars, weighted by its inverse variance.

    Parameters
    ----------
    fits : WidthFits
        Stars.

    Returns
    -------
    float
        Pixels.
    """
    error = np.hypot(fits.fwhm_error, SAME_WIDTH / 2 * fits.fwhm)
    return float(np.average(fits.fwhm, weights=error**-2.0))


def _peaks(image, variance, usable):
    """Return x, y of the peaks of the smoothed image, the most significant first."""
    clean, noise = np.where(usable, image, 0), np.where(usable, variance, 0)
    line = np.exp(-(np.arange(-5, 6) ** 2) / (2 * SMOOTHING**2))
    smooth = _smoothed(clean, line)
    spread = np.sqrt(_smoothed(noise, line**2))
    ratio = np.divide(smooth, spread, out=np.zeros_like(smooth), where=spread > 0)
    top = (ratio == ndimage.maximum_filter(ratio, 5)) & (ratio > LEAST_PEAK) & usable
    y, x = np.nonzero(top)
    order = np.argsort(-ratio[y, x], kind="stable")[:MOST_PEAKS]
    return list(zip(x[order], y[order], strict=True))


def _smoothed(plane, line):
    """Return a plane, 0 outside, correlated with a kernel that is the product of two lines."""
    along_y = ndimage.correlate1d(plane, line, 0, mode="constant")
    return ndimage.correlate1d(along_y, line, 1, mode="constant")


def _fitted(image, variance, usable, x, y):
    """Return x, y, flux, FWHM and its error of a peak; None if it cannot be fitted."""
    region = tuple(
        slice(max(0, place - HALF), min(length, place + HALF + 1))
        for place, length in zip((y, x), image.shape, strict=True)
    )
    rows, columns = np.mgrid[region]
    good = usable[region] & (np.hypot(rows - y, columns - x) < HALF + 0.5)
    core = np.hypot(rows - y, columns - x) < 1.5
    if good.sum() < 30 or not good[core].all():
        return None
    value, sigma = image[region][good], np.sqrt(variance[region][good])
    rows, columns = rows[good], columns[good]
    start = [max(float(image[y, x]), sigma.min()), x, y, np.log(2.5), 0.0]

    def model(peak, at_x, at_y, log_width, level):
        radius2 = (columns - at_x) ** 2 + (rows - at_y) ** 2
        return peak * (1 + radius2 / _squared_core(log_width)) ** -BETA + level

    def residuals(parameters):
        return (model(*parameters) - value) / sigma

    try:
        fit = optimize.least_squares(residuals, start, method="lm", max_nfev=200)
        covariance = np.linalg.inv(fit.jac.T @ fit.jac)
    except (ValueError, np.linalg.LinAlgError):
        return None
    peak, at_x, at_y, log_width, _ = fit.x
    scale = max(1.0, 2 * fit.cost / max(1, len(value) - 5)) ** 0.5
    error = scale * np.sqrt(max(covariance[3, 3], 0.0))
    if np.hypot(at_x - x, at_y - y) > 1.5 or not np.isfinite(error):
        return None
    fwhm = np.exp(log_width)
    flux = peak * np.pi * _squared_core(log_width) / (BETA - 1)
    return at_x, at_y, flux, fwhm, error * fwhm


def _squared_core(log_width):
    """Return the squared scale length of a Moffat profile of exponent `BETA`, pixels squared.

    The argument is the natural logarithm of its FWHM; a fit that diverges is stopped at e^5 pixels.
    """
    return np.exp(2 * min(log_width, 5.0)) / 4 / (2 ** (1 / BETA) - 1)
