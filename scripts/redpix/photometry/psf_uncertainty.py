"""Add the uncertainty of the PSF to the errors of bright stars.

The PSF is made from some stars of the image. Its noise, and its misfit, are a fraction of the light
of a star, so they matter where photons are many. The fit of a blend amplifies them.
"""

import numpy as np

from redpix.photometry.design_matrix import design, lit
from redpix.photometry.detection import filter_stamp
from redpix.photometry.quality import CORE, FLAGS
from redpix.photometry.scene import Errors

#: factor of the error of a pixel of the PSF, because neighbouring errors are correlated, and power
#: of the amplification of photon noise by a neighbour with which the variance grows; measured on
#: simulated fields with pairs of stars
_CORRELATED, _AMPLIFIED = 1.0, 2

#: minimum signal-to-noise ratio of stars that tell of the misfit, share of them that do, and
#: minimum number of these
_BRIGHT, _SHARE, _LEAST = 50.0, 0.3, 4


def relative_error(result, quality):
    """Return the error of a pixel of the PSF, relative to its value.

    Parameters
    ----------
    result : redpix.photometry.crowded.Result
        Fitted stars of the image.
    quality : redpix.photometry.quality.Quality
        Quality of the stars.

    Returns
    -------
    float
        From the photon noise of the stars of the PSF, and from the misfit of bright stars.
    """
    ratio = result.stars.flux / result.errors.flux
    sound = ((quality.flags & ~FLAGS["MISFIT"]) == 0) & np.isfinite(ratio)
    if not sound.any():
        return 0.0
    used = np.sort(ratio[sound])[::-1][: max(result.psf.stars, 1)]
    area = 1 / np.sum(filter_stamp(result.psf) ** 2)
    variance = area / np.sum(used**2)
    bright = sound & (ratio > _BRIGHT)
    if bright.sum() >= _LEAST:
        number = max(int(_SHARE * bright.sum()), _LEAST)
        bright &= ratio >= np.sort(ratio[bright])[-number]
        pixels = np.pi * (CORE * result.psf.fwhm) ** 2
        misfit = np.median((quality.chi2[bright] - 1) * pixels / ratio[bright] ** 2)
        variance += max(float(misfit), 0.0)
    return float(np.sqrt(variance))


def with_psf_error(errors, result, quality):
    """Return errors of stars that include the uncertainty of the PSF.

    Parameters
    ----------
    errors : redpix.photometry.scene.Errors
        Errors of photons, sky and undetected stars.
    result : redpix.photometry.crowded.Result
        Fitted stars of the image.
    quality : redpix.photometry.quality.Quality
        Quality of the stars.

    Returns
    -------
    redpix.photometry.scene.Errors
    """
    relative = relative_error(result, quality)
    if not relative:
        return errors
    scene, stars = result.scene, result.stars
    matrix, seen = lit(design(stars, result.psf, scene.noise, scene.image.shape, derivatives=False))
    matrix.data **= 2
    model = result.model.ravel()[seen]
    weight = scene.seen(seen).weight(model)
    known = np.maximum(matrix @ weight, np.finfo(float).tiny)
    # variance of the PSF over that of the noise, weighted as the fit weights pixels
    added = _CORRELATED * (matrix @ (weight * relative * model) ** 2) / known
    amplified = np.nan_to_num(result.errors.flux * np.sqrt(known), nan=1.0, posinf=1.0)
    factor = np.sqrt(1 + added * np.maximum(amplified, 1.0) ** _AMPLIFIED)
    return Errors(errors.flux * factor, errors.x * factor, errors.y * factor)
