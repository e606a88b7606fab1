"""The PSF of an image, from its bright stars.

A first PSF is made from the brightest isolated stars. After all stars are fitted, it is made again
from stars whose neighbours are subtracted.
"""

import numpy as np

from redpix.photometry.scene import Placed
from redpix.photometry.source_extraction import first_sources, half_light_radii
from redpix.psf import star_selection
from redpix.psf.effective_psf_fit import effective_psf, fit_profile
from redpix.psf.psf_correction import corrected
from redpix.psf.stacked_psf import describes, is_unlike, stacked_psf

#: fewest stars whose pixels can show that a Moffat profile does not describe the PSF
LEAST_STACKED = 3

#: deviation of stars from a stacked PSF, relative to that from a corrected profile, to use it
_BETTER = 0.7

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
    sources = first_sources(scene.image, noise, mask)
    if not len(sources):
        return None, None
    x, y, flux = (sources[name] for name in ("x", "y", "flux"))
    size = half_light_radii(scene.image, sources)
    bright = sources["flag"] == 0
    fwhm = 2 * float(np.median(size[bright][np.argsort(-flux[bright])[:50]])) if bright.any() else 0
    if not fwhm > 0:
        return None, None
    at = np.rint(y).astype(int), np.rint(x).astype(int)
    ratio = np.where(bright, flux / (noise[at] * fwhm * 1.5), 0)
    chosen = star_selection.choose(x, y, flux, ratio, size, fwhm, scene.image.shape)
    stars = Placed(x[chosen], y[chosen], flux[chosen])
    stars = stars.take(slice(FIRST_STARS))
    unusable = mask & star_selection.UNUSABLE
    stamps, _ = star_selection.cut_stamps(
        scene.image, scene.variance, scene.gain, unusable, stars, fwhm
    )
    if not len(stamps.x):
        return None, None
    profile, stamps = fit_profile(stamps, scene.image.shape, 0.8 * fwhm)
    if profile is None:
        return None, None
    psf = effective_psf(profile, len(stamps.x))
    if len(stamps.x) >= LEAST_STACKED and is_unlike(stamps, profile):
        other = stacked_psf(stamps, scene.image.shape, fwhm)
        repaired = describes(corrected(psf, stamps), stamps, fwhm)
        if describes(other, stamps, fwhm) < _BETTER * repaired:
            return other, None
    return psf, profile


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
    chosen = star_selection.choose(stars.x, stars.y, stars.flux, ratio, size, psf.fwhm, model.shape)
    picked = stars.take(chosen)
    half = star_selection.stamp_half(psf.fwhm)
    shapes = psf.stamps(picked.x, picked.y, half, derivatives=False)
    stamps, _ = star_selection.cut_stamps(
        scene.image - model,
        scene.variance,
        scene.gain,
        mask & star_selection.UNUSABLE,
        picked,
        psf.fwhm,
        subtracted=picked.flux[:, None, None] * shapes,
    )
    if len(stamps.x):
        stamps = stamps.take(star_selection.alike(stamps, psf))
    if len(stamps.x) < min(psf.stars, 3):
        return psf
    if profile is None:
        return stacked_psf(stamps, model.shape, psf.fwhm)
    profile, stamps = fit_profile(stamps, model.shape, profile.fwhm)
    if profile is None:
        return psf
    return corrected(effective_psf(profile, len(stamps.x)), stamps)
