"""Photometry of crowded fields: all stars are fitted together with the image's own PSF.

The steps are those of DAOPHOT (Stetson 1987):

1. List bright sources.
2. Make a first PSF from the brightest isolated stars.
3. Fit all stars together.
4. Subtract the neighbours of the PSF stars and make the PSF again.
5. Add the stars that are detected in the residual, and fit again.
"""

from typing import NamedTuple

import numpy as np

from redpix.photometry.confusion import Confusion, measure_confusion
from redpix.photometry.detection import detect, separable
from redpix.photometry.faint_stars import BESIDE, add_faint_stars, fit_significant_stars
from redpix.photometry.false_stars import FalseRate, count_false, negative_detections
from redpix.photometry.first_fit import CrowdFit, first_fit
from redpix.photometry.gain_test import gain_factor
from redpix.photometry.image_psf import better_psf
from redpix.photometry.psf_fit import errors, fit
from redpix.photometry.saturated_stars import SOME, errors_of_wings
from redpix.photometry.scene import Errors, Placed, Scene, hide_pixels
from redpix.photometry.sky_level import with_measured_sky
from redpix.photometry.spikes import on_spikes
from redpix.psf import star_selection
from redpix.psf.effective_psf import EffectivePsf

#: change of the sky from which the PSF is made again, noise of a pixel, and number of stars below
#: which wings of neighbours can spoil a PSF
_SKY_MOVED, _FEW = 0.05, 40


class Result(NamedTuple):
    """Stars of an image with their PSF and model.

    Attributes
    ----------
    stars : redpix.photometry.scene.Placed
        The brightest first.
    errors : redpix.photometry.scene.Errors
        Errors of the fit, of photons and sky.
    psf : redpix.psf.effective_psf.EffectivePsf
    scene : redpix.photometry.scene.Scene
        The image as it was fitted, with improved sky and measured noise.
    model : ndarray, shape (ny, nx)
        Model of the scene's image, counts.
    noise_scale : float
        Measured noise of the empty sky over the given noise.
    hot : ndarray of bool, shape (ny, nx)
        Pixels that were left out as hot.
    false : redpix.photometry.false_stars.FalseRate
        Detections on the negative image.
    doubtful : ndarray of bool, shape (n,)
        Stars no more significant than detections on the negative image.
    stacked : bool
        Whether the PSF is stacked from stars, because a Moffat profile does not describe them.
    confusion : redpix.photometry.confusion.Confusion
        Noise of the residual image, which the table's errors include.
    crammed : bool
        Whether more stars were detected than stars of this width can be told apart.
    gain_factor : float
        Factor by which the gain was multiplied, because the light of stars scatters less.
    """

    stars: Placed
    errors: Errors
    psf: EffectivePsf
    scene: Scene
    model: np.ndarray
    noise_scale: float
    hot: np.ndarray
    false: FalseRate
    doubtful: np.ndarray
    stacked: bool
    confusion: Confusion
    crammed: bool = False
    gain_factor: float = 1.0


def measure(image, error, gain, mask, threshold, mesh):
    """Find and measure the stars of an image.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts, sky subtracted. Invalid values are left out.
    error : ndarray, shape (ny, nx)
        Standard deviation of the empty sky, counts. Pixels where it is not above 0 are left out.
    gain : ndarray, shape (ny, nx)
        Electrons per count; any value in pixels that are left out.
    mask : ndarray of int, shape (ny, nx)
        Bits of `redpix.image.masks`.
    threshold : float
        Minimum signal-to-noise ratio of a star.
    mesh : int
        Side of the squares of the background, pixels.

    Returns
    -------
    Result or None
        None if the image shows no star whose width can be measured.

    Raises
    ------
    InputError
        If the image is too crowded for a first list of sources.
    """
    unknown = ~(np.isfinite(image) & np.isfinite(error) & (error > 0))
    hidden = ((mask & star_selection.UNUSABLE) != 0) | unknown
    if hidden.all():
        return None
    scene = hide_pixels(image, error, gain, hidden)
    del error, gain, unknown
    first = first_fit(scene, hidden, mask, threshold)
    if first is None:
        return None
    scene, hot, psf, profile, stars, model = first
    # a large image leaves little memory: planes are freed before the fits that need it
    del first
    hidden = hidden | hot
    negative = negative_detections(scene, psf, threshold)
    psf = better_psf(scene, mask, profile, psf, stars, model)
    before = scene if psf.stars < _FEW else None
    scene, scale = with_measured_sky(scene, model, hidden, mesh)
    if before is not None and sky_moved(before, scene, hidden):
        scene, psf, stars, again = started_again(scene, mask, hidden, profile, psf, threshold, mesh)
        scale *= again
    del before, model
    stars, model, crammed = add_faint_stars(scene, psf, stars, threshold)
    scene, second = with_measured_sky(scene, model, hidden, mesh)
    del model
    stars, model = fit_significant_stars(scene, psf, stars, threshold, mask)
    made = CrowdFit(scene, hot, psf, profile, stars, model)
    return assessed(made, mask, threshold, negative, scale * second, crammed)


def assessed(made, mask, threshold, negative, noise_scale, crammed):
    """Return the result of a fit with errors, false stars and light of undetected stars.

    Parameters
    ----------
    made : redpix.photometry.first_fit.CrowdFit
        The last fit.
    mask, threshold
        As of `measure`.
    negative : redpix.photometry.false_stars.Negative
        Detections on the negative image before the fit.
    noise_scale, crammed
        As of `Result`.

    Returns
    -------
    Result
    """
    scene, hot, psf, profile, stars, model = made
    factor = gain_factor(scene, model, stars)
    if factor != 1:
        scene = scene._replace(gain=scene.gain * factor)
    rate, doubtful = count_false(
        scene, psf, stars, model, threshold, negative, distance=BESIDE * psf.fwhm
    )
    return Result(
        stars=stars,
        errors=errors(scene, psf, stars, model),
        psf=psf,
        scene=scene,
        model=model,
        noise_scale=noise_scale,
        hot=hot,
        false=rate,
        doubtful=doubtful
        | errors_of_wings(stars, mask, psf.fwhm, SOME)
        | on_spikes(scene, stars, mask, psf),
        stacked=profile is None,
        confusion=measure_confusion(scene, psf, model, threshold),
        crammed=crammed,
        gain_factor=factor,
    )


def sky_moved(before, after, hidden):
    """Return whether the sky changed so much that wings of stars were taken for it.

    Parameters
    ----------
    before, after : redpix.photometry.scene.Scene
        The scene before and after its sky was measured again.
    hidden : ndarray of bool, shape (ny, nx)
        Pixels that are left out.

    Returns
    -------
    bool
    """
    rows = slice(None, None, 1 + len(hidden) // 500)
    change = abs(before.image[rows] - after.image[rows])[~hidden[rows]]
    return bool(len(change)) and float(np.median(change)) > _SKY_MOVED * before.noise


def started_again(scene, mask, hidden, profile, psf, threshold, mesh):
    """Detect stars and make the PSF again after the sky moved: twice, without the first stars.

    Where stars fill the image, their wings spoil the first sky and the first PSF. Stars that were
    detected with these may be false.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    mask : ndarray of int, shape (ny, nx)
        Bits of `redpix.image.masks`.
    hidden : ndarray of bool, shape (ny, nx)
        Pixels that are left out.
    profile : redpix.psf.moffat.Profile or None
        First profile.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF so far.
    threshold : float
        Minimum signal-to-noise ratio of a star.
    mesh : int
        Side of the squares of the background, pixels.

    Returns
    -------
    scene : redpix.photometry.scene.Scene
    psf : redpix.psf.effective_psf.EffectivePsf
    stars : redpix.photometry.scene.Placed
    scale : float
        Factor by which the noise was multiplied.
    """
    scale = 1.0
    for _ in range(2):
        stars, model = fit(scene, psf, separable(detect(scene, psf, threshold), psf), 1)
        scene, factor = with_measured_sky(scene, model, hidden, mesh)
        scale *= factor
        stars, model = fit(scene, psf, stars, 1)
        psf = better_psf(scene, mask, profile, psf, stars, model)
    stars, model = fit(scene, psf, stars, 1)
    scene, factor = with_measured_sky(scene, model, hidden, mesh)
    return scene, psf, stars, scale * factor
