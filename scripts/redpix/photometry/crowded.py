"""Photometry of crowded fields: an image's own PSF, its stars fitted together, searched twice.

The order is that of DAOPHOT (Stetson 1987): a first list, the PSF from its brightest lonely stars,
all stars fitted at once, their neighbours taken away from the PSF's stars and the PSF made again,
what stands above the noise in the residual added, and the fit repeated.
"""

from typing import NamedTuple

import numpy as np

from redpix.photometry.detection import apart, detect, merged, sharp_pixels
from redpix.photometry.psf_fit import Errors, Placed, Scene, errors, fit, significance
from redpix.photometry.sky_level import mean_sky
from redpix.photometry.source_extraction import first_sources, half_light_radii
from redpix.psf import star_selection
from redpix.psf.effective_psf import EffectivePsf
from redpix.psf.effective_psf_fit import effective_psf, fit_profile
from redpix.psf.psf_correction import corrected

#: stars closer than this are one, a new one is at least this far from known ones, in FWHM
_SAME, _BESIDE = 0.3, 0.45

#: most stars of a first PSF, which need be no better than to find stars with
FIRST_STARS = 80

#: pixels above this share of the noise in the model are no sky
_SKY = 0.5


class Result(NamedTuple):
    """What an image was found to hold.

    Attributes
    ----------
    stars : Placed
        The brightest first.
    errors : Errors
    psf : EffectivePsf
    scene : Scene
        As it was fitted: sky improved, noise as measured.
    model : ndarray
        Of the scene's image.
    noise_scale : float
        Measured noise of the empty sky over what was given.
    hot : ndarray of bool
        Pixels that were left out as hot.
    """

    stars: Placed
    errors: Errors
    psf: EffectivePsf
    scene: Scene
    model: np.ndarray
    noise_scale: float
    hot: np.ndarray


def measure(image, error, gain, mask, threshold, mesh):
    """Stars of an image.

    Parameters
    ----------
    image, error : ndarray, shape (ny, nx)
        Sky subtracted; standard deviation of the empty sky. Pixels where one is no number, or the
        deviation not above 0, are left out.
    gain : ndarray, shape (ny, nx)
        Electrons a count; anything where a pixel is left out.
    mask : ndarray of int
        Bits of `redpix.image.masks`.
    threshold : float
        Least signal to noise of a star.
    mesh : int
        Side of the squares of the background, pixels.

    Returns
    -------
    Result or None
        None if the image shows no star that a PSF can be made from.
    """
    hidden = ((mask & star_selection.UNUSABLE) != 0) | ~np.isfinite(image)
    hidden |= ~(np.isfinite(error) & (error > 0))
    if hidden.all():
        return None
    # float32 is precise enough for pixels, and quicker
    image = np.where(hidden, 0.0, image).astype(np.float32)
    variance = np.where(hidden, np.inf, np.square(error)).astype(np.float32)
    # a hidden pixel may have no gain
    scene = Scene(image, variance, np.where(hidden, 1, gain).astype(np.float32))
    psf, profile = first_psf(scene, hidden, mask)
    if psf is None:
        return None
    hot = sharp_pixels(scene, psf)
    hidden = hidden | hot
    scene = scene._replace(
        image=np.where(hot, 0.0, scene.image), variance=np.where(hot, np.inf, scene.variance)
    )
    stars, model = fit(scene, psf, detect(scene, psf, threshold), 1)
    psf = better_psf(scene, mask, profile, psf, stars, model)
    scene, first = with_measured_sky(scene, model, hidden, mesh)
    for rounds in (2, 1):
        stars, model = fit(scene, psf, stars, 1)
        new = detect(scene, psf, threshold, model)
        new = new.take(apart(new, stars, _BESIDE * psf.fwhm))
        stars, model = fit(scene, psf, stars.join(new), rounds)
        stars = stars.take(~merged(stars, _SAME * psf.fwhm) & (stars.flux > 0))
    scene, second = with_measured_sky(scene, model, hidden, mesh)
    stars, model = fit(scene, psf, stars, 1)
    stars = stars.take(significance(scene, psf, stars, model) > threshold)
    stars, model = fit(scene, psf, stars, 1)
    stars = stars.take(np.lexsort((stars.x, stars.y, -stars.flux)))
    found = errors(scene, psf, stars, model)
    return Result(stars, found, psf, scene, model, first * second, hot)


def first_psf(scene, hidden, mask):
    """PSF and profile from the brightest lonely stars of a first list; None, None without any."""
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
    stamps, _ = star_selection.cut_stamps(*scene, mask & star_selection.UNUSABLE, stars, fwhm)
    if not len(stamps.x):
        return None, None
    profile, stamps = fit_profile(stamps, scene.image.shape, 0.8 * fwhm)
    if profile is None:
        return None, None
    return effective_psf(profile, len(stamps.x)), profile


def better_psf(scene, mask, profile, psf, stars, model):
    """PSF from stars whose neighbours are subtracted; the old one if fewer than three are good."""
    ratio = stars.flux / scene.noise / (1.5 * psf.fwhm)
    size = np.ones(len(stars.x))
    chosen = star_selection.choose(stars.x, stars.y, stars.flux, ratio, size, psf.fwhm, model.shape)
    picked = stars.take(chosen)
    half = star_selection.stamp_half(psf.fwhm)
    own = picked.flux[:, None, None] * psf.stamps(picked.x, picked.y, half, derivatives=False)
    stamps, _ = star_selection.cut_stamps(
        *(scene.image - model, scene.variance, scene.gain),
        *(mask & star_selection.UNUSABLE, picked, psf.fwhm, own),
    )
    if len(stamps.x):
        stamps = stamps.take(star_selection.alike(stamps, psf))
    if len(stamps.x) < min(psf.stars, 3):
        return psf
    profile, stamps = fit_profile(stamps, model.shape, profile.fwhm)
    if profile is None:
        return psf
    return corrected(effective_psf(profile, len(stamps.x)), stamps)


def with_measured_sky(scene, model, hidden, mesh):
    """The scene with its sky and its noise measured anew where the stars are subtracted."""
    rest = scene.image - model
    sky = mean_sky(rest, np.sqrt(scene.variance), mesh)
    rest = rest - sky
    noise = np.sqrt(scene.variance)
    empty = ~hidden & (model < _SKY * noise)
    if not empty.any():
        # no sky between the stars: what they leave tells the noise with their photons in it
        empty, noise = ~hidden, 1 / np.sqrt(scene.weight(model))
    scaled = (rest[empty] / noise[empty])[:: max(np.count_nonzero(empty) // 500_000, 1)]
    scale = 1.4826 * float(np.median(abs(scaled - np.median(scaled))))
    image = np.where(hidden, np.float32(0), scene.image - sky)
    return Scene(image, scene.variance * np.float32(scale**2), scene.gain), scale
