"""Add the faint stars of a crowd to the bright ones, and keep the significant ones."""

import numpy as np

from redpix.photometry.detection import apart, detect, merged, separable
from redpix.photometry.psf_fit import fit, significance
from redpix.photometry.saturated_stars import MOST, errors_of_wings, one_per_group

#: stars closer than this are merged into one, FWHM
_SAME = 0.3

#: minimum distance of a new star from known stars, FWHM
BESIDE = 0.45


def add_faint_stars(scene, psf, stars, threshold):
    """Add the stars that are detected in the residual, twice, and merge stars fitted twice.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
    stars : redpix.photometry.scene.Placed
        Known stars.
    threshold : float
        Minimum signal-to-noise ratio of a star.

    Returns
    -------
    stars : redpix.photometry.scene.Placed
    model : ndarray, shape (ny, nx)
        Model of the stars before the last merging, counts.
    crammed : bool
        Whether more stars were detected than can be told apart.
    """
    crammed = False
    for rounds in (2, 1):
        model = None  # a large image leaves little memory
        stars, model = fit(scene, psf, stars, 1)
        new = detect(scene, psf, threshold, model)
        del model
        new = new.take(apart(new, stars, BESIDE * psf.fwhm))
        every = stars.join(new)
        stars = separable(every, psf)
        crammed |= stars is not every
        stars, model = fit(scene, psf, stars, rounds)
        stars = stars.take(~merged(stars, _SAME * psf.fwhm) & (stars.flux > 0))
    return stars, model, crammed


def fit_significant_stars(scene, psf, stars, threshold, mask):
    """Fit all stars, and fit again those above the threshold, one per saturated star.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
    stars : redpix.photometry.scene.Placed
        Known stars.
    threshold : float
        Minimum signal-to-noise ratio of a star.
    mask : ndarray of int, shape (ny, nx)
        Bits of `redpix.image.masks`.

    Returns
    -------
    stars : redpix.photometry.scene.Placed
        The brightest first.
    model : ndarray, shape (ny, nx)
        Model of the stars, counts.
    """
    stars, model = fit(scene, psf, stars, 1)
    stars = stars.take(significance(scene, psf, stars, model) > threshold)
    del model  # a large image leaves little memory
    stars = one_per_group(stars, mask, psf.fwhm)
    stars = stars.take(~errors_of_wings(stars, mask, psf.fwhm, MOST))
    stars, model = fit(scene, psf, stars, 1)
    return stars.take(np.lexsort((stars.x, stars.y, -stars.flux))), model
