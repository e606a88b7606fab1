"""Widen the errors of stars by the stars that are not detected among them.

Undetected stars make the residual image skewed to the bright side, and the fit of each star takes
some of their light. On blank sky, the variance of the residual through the matched filter shows
their light. The numbers of the detected stars show how the hidden light grows with the detection
limit, which is higher on top of bright stars.
"""

from typing import NamedTuple

import numpy as np

from redpix.image.strips import strips
from redpix.photometry.detection import filter_stamp, matched_filter
from redpix.photometry.scene import Errors

#: pixels in which the model of the stars is below this fraction of the noise are sky
_SKY = 0.5

#: maximum number of pixels that tell the variance
_PIXELS = 1_000_000

#: standard errors by which the variance must exceed that of noise
_CERTAIN = 3.0

#: effect of hidden light on the flux and the position of a star over that on blank sky, variance;
#: measured on simulated crowds
_BESIDE, _ON_POSITION = 3.5, 1.2

#: signal-to-noise ratio of stars that are all detected, and how many of them tell a slope
_COMPLETE, _LEAST = 15.0, 50

#: slope of the numbers of stars brighter than a flux, if too few stars tell it, and its limits
_SLOPE, _SLOPES = 0.8, (0.3, 1.8)


class Confusion(NamedTuple):
    """Noise of the residual image through the matched filter.

    Attributes
    ----------
    noise : float
        Variance over the expected one, from values below the median; at least 1.
    light : float
        Further variance on the bright side: light of undetected stars.
    """

    noise: float = 1.0
    light: float = 0.0

    @property
    def is_seen(self):
        """Whether errors are widened."""
        return self.noise > 1 or self.light > 0


def measure_confusion(scene, psf, model, threshold):
    """Return the noise of the residual image and the light of undetected stars in it.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
    model : ndarray, shape (ny, nx)
        Model of the stars, counts.
    threshold : float
        Minimum signal-to-noise ratio of a star. What exceeds it is not light of undetected stars.

    Returns
    -------
    Confusion
    """
    stamp = filter_stamp(psf)
    half, limit = stamp.shape[0] // 2, _SKY * scene.noise
    every, values = 1 + model.size // _PIXELS, []
    for rows, wide, inner in strips(len(model), half):
        image, variance, _ = (plane[wide] for plane in scene)
        ratio = matched_filter(image - model[wide], 1 / variance, stamp)[0][inner]
        sky = np.isfinite(scene.variance[rows]) & (model[rows] < limit) & (ratio != 0)
        sky &= abs(ratio) < threshold
        values.append(ratio[sky][::every])
    values = np.concatenate(values).astype(float)
    # neighbouring values are correlated over the area of the filter
    independent = len(values) * every * np.sum(stamp**2) / np.sum(stamp) ** 2
    if independent < 2 * _CERTAIN**2:
        return Confusion()
    values -= np.median(values)
    sure = _CERTAIN * np.sqrt(2 / independent)
    low = np.mean(values[values < 0] ** 2)
    light = np.mean(values**2) - low
    return Confusion(
        float(low) if low > 1 + 1.4 * sure else 1.0, float(light) if light > 1.4 * sure else 0.0
    )


def widened(result):
    """Return the errors of stars with the light of undetected stars.

    The variance of hidden light grows with the detection limit F as F^(2 - a), where the number of
    stars brighter than F falls as F^-a. The limit on a star is proportional to its error.

    Parameters
    ----------
    result : redpix.photometry.crowded.Result
        Fitted stars of the image.

    Returns
    -------
    redpix.photometry.scene.Errors
    """
    errors, confusion = result.errors, result.confusion
    if not confusion.is_seen:
        return errors
    alone = result.scene.noise / np.sqrt(np.sum(filter_stamp(result.psf) ** 2))
    relative = np.maximum(errors.flux / alone, 1.0)
    hidden = confusion.light * relative ** -count_slope(result.stars.flux, alone)
    flux, position = (np.sqrt(confusion.noise + part * hidden) for part in (_BESIDE, _ON_POSITION))
    return Errors(errors.flux * flux, errors.x * position, errors.y * position)


def count_slope(flux, noise):
    """Return the slope a of the numbers of stars brighter than a flux, which fall as flux^-a.

    Parameters
    ----------
    flux : ndarray, shape (n,)
        Counts.
    noise : float
        Error of a faint star, counts.

    Returns
    -------
    float
        The estimate of Hill (1975, Annals of Statistics 3, 1163) from stars that are all detected.
    """
    bright = flux[flux > _COMPLETE * noise]
    if len(bright) < _LEAST:
        return _SLOPE
    slope = len(bright) / np.sum(np.log(bright / bright.min()))
    return float(np.clip(slope, *_SLOPES))
