"""The first fit of an image: its PSF, its hot pixels and its bright stars.

A crowd or a small image may have no star that stands alone. Then a Moffat profile of the width
that most of its peaks share stands in for the PSF.
"""

from typing import NamedTuple

import numpy as np

from redpix.image.strips import strips
from redpix.photometry.detection import detect, separable, sharp_pixels
from redpix.photometry.image_psf import first_psf
from redpix.photometry.psf_fit import fit
from redpix.photometry.scene import Placed, Scene
from redpix.photometry.source_extraction import first_sources, half_light_radii
from redpix.psf.effective_psf import EffectivePsf
from redpix.psf.effective_psf_fit import effective_psf
from redpix.psf.moffat import BETA, Profile, alpha_of
from redpix.psf.small_image_stars import fit_widths, mean_width, same_width

#: light of the stars that a PSF leaves, relative, from which a stand-in is tried, and the same of
#: the stand-in over that of the PSF, to use it
_UNLIKE, _BETTER = 0.1, 0.7

#: squared residual of a pixel that counts at most, variances: a blend or a galaxy is a few pixels
_MOST = 400.0

#: minimum FWHM of the profile of a stand-in before the pixel widens it, and the width that a pixel
#: adds in quadrature, pixels
_NARROW, _PIXEL = 0.5, 0.8


class CrowdFit(NamedTuple):
    """A PSF and the stars of an image that were fitted with it.

    Attributes
    ----------
    scene : redpix.photometry.scene.Scene
        Image without its hot pixels.
    hot : ndarray of bool, shape (ny, nx)
        Hot pixels.
    psf : redpix.psf.effective_psf.EffectivePsf
        Its number of stars is 0 if it is a stand-in.
    profile : redpix.psf.moffat.Profile or None
        None if a Moffat profile does not describe the stars.
    stars : redpix.photometry.scene.Placed
    model : ndarray, shape (ny, nx)
        Model of the stars, counts.
    """

    scene: Scene
    hot: np.ndarray
    psf: EffectivePsf
    profile: Profile | None
    stars: Placed
    model: np.ndarray


def first_fit(scene, hidden, mask, threshold):
    """Return the first fit of an image, with its measured PSF or with a stand-in.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise. Hot pixels are left out of it in place.
    hidden : ndarray of bool, shape (ny, nx)
        Pixels that are left out.
    mask : ndarray of int, shape (ny, nx)
        Bits of `redpix.image.masks`.
    threshold : float
        Minimum signal-to-noise ratio of a star.

    Returns
    -------
    CrowdFit or None
        None if the image shows no star.

    Raises
    ------
    InputError
        If the image is too crowded for a first list of sources.
    """
    psf, profile = first_psf(scene, hidden, mask)
    made, kept, left = None, None, np.inf
    if psf is not None:
        made, kept = _fitted(scene, psf, profile, threshold)
        left = unexplained(made)
    if left < _UNLIKE:
        return made
    if made is not None:
        scene = scene._replace(image=scene.image.copy(), variance=scene.variance.copy())
        scene.image[made.hot], scene.variance[made.hot] = kept
    psf, profile = stand_in(scene, hidden)
    if psf is None:
        return made
    other, _ = _fitted(scene, psf, profile, threshold)
    return other if unexplained(other) < _BETTER * left else made


def _fitted(scene, psf, profile, threshold):
    """Return the first fit with a PSF, and image and variance of the hot pixels.

    Hot pixels are left out of the scene in place, because a large image leaves little memory.
    """
    hot = sharp_pixels(scene, psf)
    kept = scene.image[hot], scene.variance[hot]
    scene.image[hot], scene.variance[hot] = 0, np.inf
    stars, model = fit(scene, psf, separable(detect(scene, psf, threshold), psf), 1)
    return CrowdFit(scene, hot, psf, profile, stars, model), kept


def unexplained(made):
    """Return the light of bright stars that a fit leaves, relative, without noise.

    Parameters
    ----------
    made : CrowdFit
        Fit of the image.

    Returns
    -------
    float
        Root of the squared residuals over the squared light, both weighted by the inverse variance;
        0 without stars.
    """
    noise, light, excess = made.scene.noise, 0.0, 0.0
    for rows, _, _ in strips(len(made.model), 0):
        scene, model = Scene._make(plane[rows] for plane in made.scene), made.model[rows]
        lit = (model > noise) & np.isfinite(scene.variance)
        weight, model = scene.weight(model)[lit], model[lit]
        light += float(np.sum(weight * model**2))
        rest = weight * (scene.image[lit] - model) ** 2
        excess += float(np.sum(np.minimum(rest, _MOST + 0.1 * weight * model**2) - 1))
    return np.sqrt(max(excess, 0) / light) if light > 0 else 0.0


def stand_in(scene, hidden):
    """Return a Moffat profile of the width that most peaks of an image share.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    hidden : ndarray of bool, shape (ny, nx)
        Pixels that are left out.

    Returns
    -------
    psf : redpix.psf.effective_psf.EffectivePsf or None
        Its number of stars is 0.
    profile : redpix.psf.moffat.Profile or None
        Both None if the image shows no star.
    """
    variance = np.where(hidden, 0, scene.variance + np.maximum(scene.image, 0) / scene.gain)
    fits = fit_widths(scene.image.astype(float), variance.astype(float), hidden.astype(int))
    chosen = same_width(fits)
    fwhm = mean_width(fits.take(chosen)) if chosen.any() else wide_width(scene, hidden)
    if not fwhm > 0:
        return None, None
    inner = np.sqrt(max(fwhm**2 - _PIXEL**2, _NARROW**2))
    profile = Profile(
        log_width=np.log([alpha_of(inner, BETA)]),
        stretch=np.zeros(1),
        shear=np.zeros(1),
        log_beta=np.log(BETA - 1),
        degree=0,
        shape=scene.image.shape,
    )
    return effective_psf(profile), profile


def wide_width(scene, hidden):
    """Return the width of the sources of an image whose stars have several peaks, pixels.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    hidden : ndarray of bool, shape (ny, nx)
        Pixels that are left out.

    Returns
    -------
    float
        Twice the median half-light radius; NaN without sources.
    """
    noise = np.full(hidden.shape, scene.noise)
    sources = first_sources(scene.image, noise, hidden.astype(np.int16), whole=True)
    if not len(sources):
        return float("nan")
    radii = half_light_radii(scene.image, sources, 2 * np.sqrt(sources["npix"] / np.pi))
    return 2 * float(np.nanmedian(radii))
