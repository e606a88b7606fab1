"""The stars that an image's PSF is made from."""

import numpy as np
from scipy.spatial import cKDTree

from redpix.image.masks import bit_value
from redpix.psf.effective_psf_fit import STAMP, StarStamps

#: most stars for a PSF; least flux over the sky's noise in a star's area; most light beside it
MOST, _LEAST_RATIO, _BESIDE = 250, 30.0, 0.03

#: how far a star's size may be from the others', relative
_SIZES = 0.25


def choose(x, y, flux, ratio, size, fwhm, shape):
    """Stars that are bright, alone, of the usual size and away from the edge.

    Parameters
    ----------
    x, y, flux : ndarray, shape (n,)
        Of all that the image shows.
    ratio : ndarray, shape (n,)
        Signal to noise; 0 for what must not be taken, as saturated stars.
    size : ndarray, shape (n,)
        Any measure of width, pixels.
    fwhm : float
    shape : (int, int)

    Returns
    -------
    ndarray of int
        The brightest first, at most `MOST`.
    """
    reach = STAMP * fwhm
    far = (x > reach) & (x < shape[1] - 1 - reach) & (y > reach) & (y < shape[0] - 1 - reach)
    good = np.flatnonzero((ratio > _LEAST_RATIO) & far & (flux > 0))
    if not len(good):
        return good
    tree = cKDTree(np.column_stack([x, y]))
    near = tree.query_ball_point(np.column_stack([x[good], y[good]]), reach)
    alone = [
        flux[[other for other in others if other != one]].clip(0).sum() < _BESIDE * flux[one]
        for one, others in zip(good, near, strict=True)
    ]
    good = good[np.array(alone, bool)]
    good = good[np.argsort(-flux[good], kind="stable")]
    if len(good) > 4:
        usual = np.median(size[good])
        good = good[abs(size[good] - usual) < _SIZES * usual]
    return good[:MOST]


def cut_stamps(image, variance, gain, mask, stars, fwhm, own=None):
    """Stamps of stars for a PSF, without those that have a masked pixel near the middle.

    Parameters
    ----------
    image : ndarray
        Sky subtracted, and the neighbours where they are known.
    variance, gain, mask : ndarray
    stars : redpix.photometry.psf_fit.Placed
    fwhm : float
    own : ndarray, shape (n, side, side), optional
        What is to be added to each stamp: the star, where it was subtracted with the others.

    Returns
    -------
    StarStamps
    kept : ndarray of bool, shape (n,)
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
    kept = ~(bad & core).any(axis=(1, 2)) & (bad.mean(axis=(1, 2)) < 0.2)
    value = np.where(bad, 0, image[where])
    if own is not None:
        value = value + np.where(bad, 0, own[inside])
    spread = np.where(bad, np.inf, variance[where])
    middle = np.rint(stars.x), np.rint(stars.y)
    stamps = StarStamps(*stars, *middle, value, spread, gain[where])
    inside[inside] = kept
    return stamps.take(kept), inside


def alike(stamps, psf):
    """Stamps of stars as wide as most are: galaxies and blends are wider, cosmic rays narrower.

    The width is the mean squared distance of the light that a PSF weighs, and its usual value and
    scatter are taken from the stars themselves.

    Parameters
    ----------
    stamps : StarStamps
    psf : redpix.psf.effective_psf.EffectivePsf
        A first one.

    Returns
    -------
    ndarray of bool
    """
    weight = stamps.of_psf(psf, derivatives=False)
    weight = np.where(np.isfinite(stamps.variance), weight, 0)
    dx, dy = stamps.offsets()
    axes = (1, 2)
    distance2 = dx**2 + dy**2
    light = np.sum(weight * stamps.value, axis=axes)
    expected = np.sum(weight * distance2 * weight, axis=axes) / np.sum(weight**2, axis=axes)
    width = np.sum(weight * distance2 * stamps.value, axis=axes) / light / expected
    middle = np.median(width)
    spread = 1.4826 * np.median(abs(width - middle))
    return abs(width - middle) <= np.clip(3 * spread, 0.02, 0.1)


def stamp_half(fwhm):
    """Half-width of the stamps, pixels."""
    return int(np.ceil(STAMP * fwhm))


#: mask bits of pixels that must not be near a PSF star's middle or in any fit
UNUSABLE = bit_value("NO_DATA", "SATURATED", "COSMIC_RAY", "BAD", "INTERPOLATED")
