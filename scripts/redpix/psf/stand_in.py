"""PSF of an image that shows too few stars for a measured one: a Moffat profile.

Its width comes from stars up to the edge of the image, and from sources that only one image of a
pair shows. A change of brightness is a point source, wherever it lies on a galaxy.
"""

import numpy as np
from astropy.stats import gaussian_fwhm_to_sigma

from redpix.psf.effective_psf_fit import fit_profile
from redpix.psf.given_psf import profile_of_width
from redpix.psf.psf_model import STAMP, PsfModel, full_width
from redpix.psf.small_image_stars import fit_widths, mean_width, same_width
from redpix.psf.star_stamps import StarStamps

#: half a side of the stamps of stars, in units of the FWHM
REACH = 3.0

#: minimum signal-to-noise ratio of the brightest star for a profile of free shape
LEAST_SN = 60.0

#: number of stars from which a profile counts as measured
LEAST_STARS = 3

#: distance within which two fits belong to one source, pixels
SAME_PLACE = 2.0

#: minimum flux of a change over that of the source at its place: below, it may be a residual
LEAST_CHANGE = 0.5

#: width of a change over that of the source at its place, below which the source is a galaxy
NARROW = 0.6


def stand_in_psf(image, variance, mask, difference=None):
    """Return a Moffat profile that stands in for the PSF of an image.

    Parameters
    ----------
    image, variance : ndarray, shape (ny, nx)
        Image without its background, and its variance.
    mask : ndarray of int
        Not 0 in pixels that are ignored.
    difference : (ndarray, ndarray, ndarray), optional
        This image minus another, its variance and its mask. A source that is new in it counts as a
        star, and is measured there, where its host galaxy does not lie under it.

    Returns
    -------
    redpix.psf.psf_model.PsfModel or None
        None if the image shows no star. Its number of stars is 0 if it was made from fewer than
        `LEAST_STARS`, or if only its width was fitted.
    """
    planes = image, variance, mask
    fits, new = fit_widths(*planes), np.zeros(0, bool)
    if difference is not None:
        changes = fit_widths(*difference)
        changes = changes.take(_are_sources(changes, fits))
        fits = fits.take(_far_from(fits, changes)).joined(changes)
        new = np.arange(len(fits.x)) >= len(fits.x) - len(changes.x)
    chosen = same_width(fits)
    if not chosen.any():
        return None
    fwhm = mean_width(fits.take(chosen))
    half = int(np.ceil(REACH * fwhm))
    if not new.any():
        stamps = _stamps(fits.take(chosen), half, *planes)
    else:
        parts = (fits.take(chosen & ~new), planes), (fits.take(chosen & new), difference)
        parts = [_stamps(stars, half, *where) for stars, where in parts]
        stamps = StarStamps._make(map(np.concatenate, zip(*parts, strict=True)))
    return _profile(stamps, fwhm, variance) or profile_of_width(fwhm)


def _far_from(fits, others):
    """Return which sources do not lie at the place of one of the others."""
    if not len(others.x):
        return np.ones(len(fits.x), bool)
    distance = np.hypot(fits.x[:, None] - others.x, fits.y[:, None] - others.y)
    return (distance > SAME_PLACE).all(axis=1)


def _are_sources(changes, fits):
    """Return which changes are sources of their own, and not residuals of a constant source."""
    if not len(fits.x):
        return np.ones(len(changes.x), bool)
    distance = np.hypot(changes.x[:, None] - fits.x, changes.y[:, None] - fits.y)
    nearest = distance.argmin(axis=1)
    there = distance.min(axis=1) < SAME_PLACE
    bright = changes.flux > LEAST_CHANGE * fits.flux[nearest]
    narrow = changes.fwhm < NARROW * fits.fwhm[nearest]
    return ~there | bright | narrow


def _profile(stamps, fwhm, variance):
    """Return a Moffat profile of free width, exponent and ellipticity; None with faint stars."""
    noise = np.sqrt(np.median(variance[variance > 0]) * 4 * np.pi) * fwhm * gaussian_fwhm_to_sigma
    stamps = stamps.take(stamps.flux > LEAST_SN / 2 * noise)
    if not len(stamps.x) or stamps.flux.max() < LEAST_SN * noise:
        return None
    profile, kept = fit_profile(stamps, variance.shape, fwhm)
    if profile is None or not len(kept.x):
        return None
    axis = np.arange(STAMP) - STAMP // 2.0
    x, y = (np.array([(length - 1) / 2]) for length in variance.shape[::-1])
    stamp = profile.at(x, y, axis[None, None, :], axis[None, :, None])[0]
    width = full_width(stamp)
    if not 0.8 < width / fwhm < 1.25:  # a neighbour spoils the fit
        return None
    number = len(kept.x) if len(kept.x) >= LEAST_STARS else 0
    return PsfModel((stamp / stamp.sum())[None], 0, (0.0, 0.0), (1.0, 1.0), width, number, "moffat")


def _stamps(stars, half, image, variance, mask):
    """Return the stamps of stars; pixels beyond the edge and masked ones have no weight."""
    invalid = ~np.isfinite(image) | ~(variance > 0) | (mask != 0)
    value = np.pad(np.where(invalid, 0, image), half)
    spread = np.pad(np.where(invalid, np.inf, variance), half, constant_values=np.inf)
    column, row = np.rint(stars.x).astype(int), np.rint(stars.y).astype(int)
    inside = (column >= 0) & (row >= 0) & (column < image.shape[1]) & (row < image.shape[0])
    stars, column, row = stars.take(inside), column[inside], row[inside]
    axis = np.arange(2 * half + 1)
    where = (row[:, None] + axis)[:, :, None], (column[:, None] + axis)[:, None, :]
    # the variance holds the photon noise of the stars, so the gain adds nothing
    gain = np.full(value[where].shape, np.inf)
    places = stars.x, stars.y, stars.flux, column, row
    return StarStamps._make([*places, value[where], spread[where], gain])
