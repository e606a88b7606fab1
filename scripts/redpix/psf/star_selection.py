"""Select the stars from which the PSF of an image is made."""

import numpy as np
from astropy.stats import mad_std
from scipy.spatial import cKDTree

from redpix.image.masks import bit_value
from redpix.psf.star_stamps import STAMP, StarStamps

#: maximum number of stars for a PSF
MOST = 250

#: minimum signal-to-noise ratio of a star
_LEAST_RATIO = 30.0

#: maximum flux of the neighbours of a star, relative to its flux
_BESIDE = 0.03

#: maximum deviation of the size of a star from the median size, relative
_SIZES = 0.25

#: least and largest deviation of the width of a star from the usual one that is tolerated, relative
_WIDTHS = (0.02, 0.1)

#: largest fraction of masked pixels in the stamp of a star
_MOST_MASKED = 0.2

#: mask bits of pixels that are left out of fits and that bar a star if they are in its core
UNUSABLE = bit_value("NO_DATA", "SATURATED", "COSMIC_RAY", "BAD", "INTERPOLATED")


def choose(x, y, flux, ratio, size, fwhm, shape, beside=_BESIDE):
    """Select stars that are bright, isolated, of the usual size and away from the edge.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        0-based positions of all sources of the image.
    flux : ndarray, shape (n,)
        Their fluxes, counts.
    ratio : ndarray, shape (n,)
        Their signal-to-noise ratios; 0 excludes a source, such as a saturated star.
    size : ndarray, shape (n,)
        Any measure of their widths, pixels.
    fwhm : float
        FWHM of the stars, pixels.
    shape : (int, int)
        ny, nx of the image.
    beside : float
        Maximum flux of the neighbours of a star, relative to its flux.

    Returns
    -------
    ndarray of int
        Indices of the stars, the brightest first, at most `MOST`.
    """
    reach = STAMP * fwhm
    far = (x > reach) & (x < shape[1] - 1 - reach) & (y > reach) & (y < shape[0] - 1 - reach)
    good = np.flatnonzero((ratio > _LEAST_RATIO) & far & (flux > 0))
    if not len(good):
        return good
    tree = cKDTree(np.column_stack([x, y]))
    near = tree.query_ball_point(np.column_stack([x[good], y[good]]), reach)
    isolated = [
        flux[[other for other in others if other != one]].clip(0).sum() < beside * flux[one]
        for one, others in zip(good, near, strict=True)
    ]
    good = good[np.array(isolated, bool)]
    good = good[np.argsort(-flux[good], kind="stable")]
    if len(good) > 4:
        usual = np.median(size[good])
        good = good[abs(size[good] - usual) < _SIZES * usual]
    return good[:MOST]


def cut_stamps(image, variance, gain, mask, stars, fwhm, subtracted=None):
    """Cut stamps of stars for a PSF; leave out stars with a masked pixel in the core.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts, without sky and, if they are known, without neighbours.
    variance : ndarray, shape (ny, nx)
        Variance of the empty sky, counts squared.
    gain : ndarray, shape (ny, nx)
        Electrons per count.
    mask : ndarray of int, shape (ny, nx)
        Not 0 in masked pixels.
    stars : redpix.photometry.scene.Placed
        Positions and fluxes of the stars.
    fwhm : float
        FWHM of the stars, pixels.
    subtracted : ndarray, shape (n, side, side), optional
        Model of each star, which is added to its stamp if it was subtracted with the neighbours.

    Returns
    -------
    stamps : redpix.psf.star_stamps.StarStamps
    kept : ndarray of bool, shape (n,)
        Stars that have a stamp.
    """
    half = stamp_half(fwhm)
    axis = np.arange(-half, half + 1)
    y = np.rint(stars.y).astype(int)[:, None] + axis
    x = np.rint(stars.x).astype(int)[:, None] + axis
    inside = (y[:, 0] >= 0) & (y[:, -1] < image.shape[0]) & (x[:, 0] >= 0)
    inside &= x[:, -1] < image.shape[1]
    y, x, stars = y[inside], x[inside], stars.take(inside)
    where = y[:, :, None], x[:, None, :]
    bad = (mask[where] != 0) | ~np.isfinite(image[where])
    core = np.hypot(axis, axis[:, None]) < fwhm
    kept = ~(bad & core).any(axis=(1, 2)) & (bad.mean(axis=(1, 2)) < _MOST_MASKED)
    value = np.where(bad, 0, image[where])
    if subtracted is not None:
        value = value + np.where(bad, 0, subtracted[inside])
    spread = np.where(bad, np.inf, variance[where])
    middle = np.rint(stars.x), np.rint(stars.y)
    stamps = StarStamps(stars.x, stars.y, stars.flux, *middle, value, spread, gain[where])
    inside[inside] = kept
    return stamps.take(kept), inside


def alike(stamps, psf):
    """Select stamps of the usual width: galaxies and blends are wider, cosmic rays narrower.

    The width is the mean squared distance of the light from the star, weighted by a PSF. The usual
    width and its scatter are measured from the stars themselves.

    Parameters
    ----------
    stamps : redpix.psf.star_stamps.StarStamps
        Pixels of the PSF stars.
    psf : redpix.psf.effective_psf.EffectivePsf
        First PSF of the image.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    weight = stamps.of_psf(psf, derivatives=False)
    weight = np.where(np.isfinite(stamps.variance), weight, 0)
    dx, dy = stamps.offsets()
    axes = (1, 2)
    distance2 = dx**2 + dy**2
    light = np.sum(weight * stamps.value, axis=axes)
    expected = np.sum(weight * distance2 * weight, axis=axes) / np.sum(weight**2, axis=axes)
    width = np.sum(weight * distance2 * stamps.value, axis=axes) / light / expected
    least, most = _WIDTHS
    return abs(width - np.median(width)) <= np.clip(3 * mad_std(width), least, most)


def stamp_half(fwhm):
    """Return the half-width of the stamps of stars.

    Parameters
    ----------
    fwhm : float
        FWHM of the stars, pixels.

    Returns
    -------
    int
        Pixels.
    """
    return int(np.ceil(STAMP * fwhm))
