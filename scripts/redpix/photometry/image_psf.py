"""The PSF of an image, from its bright stars.

A first PSF is made from the brightest isolated stars. After all stars are fitted, it is made again
from stars whose neighbours are subtracted.
"""

import functools

import numpy as np

from redpix.photometry.scene import Placed
from redpix.photometry.source_extraction import first_sources, half_light_radii
from redpix.psf import star_selection
from redpix.psf.effective_psf_fit import effective_psf, fit_profile
from redpix.psf.psf_correction import corrected
from redpix.psf.stacked_psf import (
    MANY,
    MISFIT,
    describes,
    extent,
    half_of_stamps,
    is_unlike,
    stacked_psf,
)
from redpix.psf.star_stamps import STAMP

#: fewest stars whose pixels can show that a Moffat profile does not describe the PSF
LEAST_STACKED = 3

#: deviation of few and of many stars from a stacked PSF, relative to that from a corrected profile,
#: to use it
_BETTER = (0.4, 0.7)

#: the same of stars wider than this, pixels, whose shape the pixels show well
_WIDE_BETTER, _WIDE = 1.5, 5.0

#: deviation of stars from a stacked PSF that is good in any case, relative
_GOOD = 0.03

#: maximum flux of subtracted neighbours, relative to that of a star, where stars do not stand alone
_SUBTRACTED = 1.0

#: ratio of widths of two PSFs of one image up to which both can be of stars
_SAME_WIDTH = 1.25

#: maximum number of stars for the first PSF, which only has to detect stars
FIRST_STARS = 80


def first_psf(scene, hidden, mask):
    """Return a PSF from the brightest isolated stars of a first list.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    hidden : ndarray of bool, shape (ny, nx)
        Pixels that are left out.
    mask : ndarray of int, shape (ny, nx)
        Bits of `redpix.image.masks`.

    Returns
    -------
    psf : redpix.psf.effective_psf.EffectivePsf or None
    profile : redpix.psf.moffat.Profile or None
        None if a Moffat profile does not describe the stars. Both are None if the image shows no
        star from which a PSF can be made.

    Raises
    ------
    InputError
        If the image is too crowded for a first list of sources.
    """
    noise = np.sqrt(np.where(hidden, np.median(scene.variance[~hidden]), scene.variance))
    unusable = mask & star_selection.UNUSABLE
    profile, stamps = first_profile(scene, noise, mask, unusable)
    psf = None if profile is None else effective_psf(profile, len(stamps.x))
    # of few stars, such as pieces of trails that look whole, a profile can be wrong unnoticed
    if psf is None or len(stamps.x) < MANY or is_unlike(stamps, psf, profile.fwhm):
        other, of_any = any_shape_psf(scene, noise, mask, unusable)
        if other is not None and (of_any is None or psf is None):
            return other, of_any
    return psf, profile


def first_profile(scene, noise, mask, unusable):
    """Return the Moffat profile of the brightest isolated stars of a first list.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    noise : ndarray, shape (ny, nx)
        Standard deviation of the sky, counts.
    mask : ndarray of int, shape (ny, nx)
        Bits of `redpix.image.masks`.
    unusable : ndarray of int, shape (ny, nx)
        The bits that bar a star from the PSF.

    Returns
    -------
    profile : redpix.psf.moffat.Profile or None
    stamps : redpix.psf.star_stamps.StarStamps or None
        Both None if the image shows no star from which a PSF can be made.
    """
    sources = first_sources(scene.image, noise, mask)
    size = half_light_radii(scene.image, sources)
    bright = sources["flag"] == 0
    order = np.argsort(-sources["flux"][bright])
    fwhm = 2 * float(np.median(size[bright][order[:50]])) if bright.any() else 0
    if not fwhm > 0:
        return None, None
    stars = psf_stars(scene, sources, size, bright, fwhm, noise)
    stamps, _ = star_selection.cut_stamps(
        scene.image, scene.variance, scene.gain, unusable, stars, fwhm
    )
    if not len(stamps.x):
        return None, None
    profile, stamps = fit_profile(stamps, scene.image.shape, 0.8 * fwhm, crowded=True)
    return (None, None) if profile is None else (profile, stamps)


def psf_stars(scene, sources, size, bright, width, noise):
    """Return the brightest isolated stars of a list of sources.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    sources : structured ndarray, shape (n,)
        Table of `first_sources`.
    size : ndarray, shape (n,)
        Half-light radii, pixels.
    bright : ndarray of bool, shape (n,)
        Sources that can be PSF stars.
    width : float
        Half-width of the stamps of stars over `STAMP`, pixels.
    noise : ndarray, shape (ny, nx)
        Standard deviation of the sky, counts.

    Returns
    -------
    redpix.photometry.scene.Placed
        At most `FIRST_STARS`.
    """
    x, y, flux = (sources[name] for name in ("x", "y", "flux"))
    at = np.rint(y).astype(int), np.rint(x).astype(int)
    ratio = np.where(bright, flux / (noise[at] * width * 1.5), 0)
    chosen = star_selection.choose(x, y, flux, ratio, size, width, scene.image.shape)
    return Placed(x[chosen], y[chosen], flux[chosen]).take(slice(FIRST_STARS))


def any_shape_psf(scene, noise, mask, unusable):
    """Return a PSF stacked from stars of any shape, or a profile if it describes them.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    noise : ndarray, shape (ny, nx)
        Standard deviation of the sky, counts.
    mask : ndarray of int, shape (ny, nx)
        Bits of `redpix.image.masks`.
    unusable : ndarray of int, shape (ny, nx)
        The bits that bar a star from the PSF.

    Returns
    -------
    psf : redpix.psf.effective_psf.EffectivePsf or None
        None if fewer than three stars are usable.
    profile : redpix.psf.moffat.Profile or None
        None if the PSF is stacked.
    """
    stamps, fwhm = stamps_of_extent(scene, noise, mask, unusable)
    if stamps is None:
        return None, None
    shape = scene.image.shape
    profile, fitted = fit_profile(stamps, shape, 0.8 * fwhm, crowded=True)
    stacked = stacked_psf(stamps, shape, fwhm)
    off = describes(stacked, stamps, fwhm)
    if profile is None:
        return (stacked, None) if off < MISFIT[0] else (None, None)
    psf = effective_psf(profile, len(fitted.x))
    better = _WIDE_BETTER if fwhm > _WIDE else _BETTER[len(stamps.x) >= MANY]
    limit = better * describes(corrected(psf, fitted), stamps, fwhm)
    unlike = is_unlike(stamps, psf, fwhm) and off < max(limit, _GOOD)
    return (stacked, None) if unlike else (psf, profile)


def stamps_of_extent(scene, noise, mask, unusable):
    """Return stamps of bright stars that just hold their light.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    noise : ndarray, shape (ny, nx)
        Standard deviation of the sky, counts.
    mask : ndarray of int, shape (ny, nx)
        Bits of `redpix.image.masks`.
    unusable : ndarray of int, shape (ny, nx)
        The bits that bar a star from the PSF.

    Returns
    -------
    stamps : redpix.psf.star_stamps.StarStamps or None
        None if fewer than three stars are usable.
    fwhm : float
        Twice the median half-light radius, pixels.
    """
    sources = first_sources(scene.image, noise, mask, whole=True)
    if len(sources) < LEAST_STACKED:
        return None, np.nan
    size = half_light_radii(scene.image, sources, 2 * np.sqrt(sources["npix"] / np.pi))
    fwhm = 2 * float(np.nanmedian(size[np.argsort(-sources["flux"])[:50]]))
    half = fwhm + 2
    for _ in range(2):  # the stars tell the extent of their light
        stars = psf_stars(scene, sources, size, size > 0, half / STAMP, noise)
        stamps, _ = star_selection.cut_stamps(
            scene.image, scene.variance, scene.gain, unusable, stars, half / STAMP
        )
        if len(stamps.x) < LEAST_STACKED:
            return None, fwhm
        half = extent(stamps)
    return stamps, fwhm


def better_psf(scene, mask, profile, psf, stars, model):
    """Return a PSF from stars whose neighbours are subtracted.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    mask : ndarray of int, shape (ny, nx)
        Bits of `redpix.image.masks`.
    profile : redpix.psf.moffat.Profile or None
        First profile; None if a Moffat profile does not describe the stars.
    psf : redpix.psf.effective_psf.EffectivePsf
        First PSF.
    stars : redpix.photometry.scene.Placed
        Positions and fluxes of the stars.
    model : ndarray, shape (ny, nx)
        Model of the stars, counts.

    Returns
    -------
    redpix.psf.effective_psf.EffectivePsf
        The first PSF if fewer than three stars are usable.
    """
    ratio = stars.flux / scene.noise / (1.5 * psf.fwhm)
    size = np.ones(len(stars.x))
    width = psf.fwhm if profile else half_of_stamps(psf) / STAMP
    choose = functools.partial(
        star_selection.choose, stars.x, stars.y, stars.flux, ratio, size, width, model.shape
    )
    chosen = choose()
    crowded = len(chosen) < LEAST_STACKED
    if crowded:
        others = choose(beside=_SUBTRACTED)
        chosen = others if len(others) >= LEAST_STACKED else chosen
    picked = stars.take(chosen)
    half = star_selection.stamp_half(width)
    shapes = psf.stamps(picked.x, picked.y, half, derivatives=False)
    stamps, _ = star_selection.cut_stamps(
        scene.image - model,
        scene.variance,
        scene.gain,
        mask & star_selection.UNUSABLE,
        picked,
        width,
        subtracted=picked.flux[:, None, None] * shapes,
    )
    if len(stamps.x):
        stamps = stamps.take(star_selection.alike(stamps, psf))
    if len(stamps.x) < max(min(psf.stars, 3), 1):
        return psf
    if profile is None:
        return stacked_psf(stamps, model.shape, psf.fwhm)
    profile, stamps = fit_profile(stamps, model.shape, profile.fwhm, crowded=True)
    if profile is None:
        return psf
    made = corrected(effective_psf(profile, len(stamps.x)), stamps)
    # the blends of a crowd are wider than its stars
    return psf if crowded and not 1 / _SAME_WIDTH < made.fwhm / psf.fwhm < _SAME_WIDTH else made
