"""Estimate the number of false stars from detections on the negative image.

Stars are brighter than the sky, and noise is as often fainter as it is brighter. So detections on
the negative of the image without its stars count the false stars of the image. They are counted
apart in the light of stars, where errors of the PSF add to the noise, and on the blank sky.
"""

from typing import NamedTuple

import numpy as np

from redpix.photometry.detection import detection_ratio, peaks_of

#: largest number of detections on the negative image, relative to the number of stars
MOST_FALSE = 0.05

#: light of other stars from which a position lies in the light of stars, noise of a pixel
_LIGHT = 0.5

#: number of detections on the negative image that chance gives
_CHANCE = 2


class FalseRate(NamedTuple):
    """Detections on the negative image, compared with stars.

    Attributes
    ----------
    detections : int
        Number of detections on the negative image at the configured threshold.
    rate : float
        The same over the number of stars above the configured threshold.
    sky : float
        Signal-to-noise ratio above which stars on the blank sky are kept.
    light : float
        The same for stars in the light of others.
    removed : int
        Number of stars between the configured threshold and these.
    """

    detections: int
    rate: float
    sky: float
    light: float
    removed: int = 0

    @property
    def is_high(self):
        """Whether the image has too many detections on its negative."""
        return self.detections > _CHANCE and self.rate > MOST_FALSE


def negative_peaks(scene, psf, threshold, model=None):
    """Return the detections on the negative of a scene.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
    threshold : float
        Minimum signal-to-noise ratio.
    model : ndarray, shape (ny, nx), optional
        Model of the stars, counts, which is taken away.

    Returns
    -------
    y, x : ndarray of int, shape (m,)
        Rows and columns.
    ratio : ndarray, shape (m,)
        Signal-to-noise ratios.
    """
    negative = -detection_ratio(scene, psf, model)[0]
    y, x = peaks_of(negative, threshold)
    return y, x, negative[y, x]


def remove_false_stars(scene, psf, stars, ratio, threshold, model, first=None):
    """Return the stars that are significant, given the detections on the negative image.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
    stars : redpix.photometry.scene.Placed
        Fitted stars.
    ratio : ndarray, shape (n,)
        Their signal-to-noise ratios.
    threshold : float
        Configured minimum of the ratio.
    model : ndarray, shape (ny, nx)
        Model of the stars, counts.
    first : (ndarray, ndarray, ndarray), optional
        As of `negative_peaks` before the fit. They are used if they are more than those after it:
        the fit of false stars raises the level between them.

    Returns
    -------
    kept : ndarray of bool, shape (n,)
    rate : FalseRate
        Its thresholds are above the configured one if the rate is above `MOST_FALSE`.
    """
    *peaks, false = negative_peaks(scene, psf, threshold, model)
    if first is not None and len(first[2]) > len(false):
        *peaks, false = first
    kept = ratio > threshold
    found = FalseRate(len(false), float(len(false) / max(kept.sum(), 1)), threshold, threshold)
    if not found.is_high:
        return kept, found
    limit = _LIGHT * scene.noise
    bright = model[tuple(peaks)] > limit
    beside = light_of_others(psf, stars, model) > limit
    on_sky = raised_threshold(ratio[~beside], false[~bright], threshold)
    in_light = raised_threshold(ratio[beside], false[bright], threshold)
    significant = ratio > np.where(beside, in_light, on_sky)
    removed = int(np.count_nonzero(kept & ~significant))
    return significant, found._replace(sky=on_sky, light=in_light, removed=removed)


def light_of_others(psf, stars, model):
    """Return the light of the other stars in the central pixel of each star.

    Parameters
    ----------
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
    stars : redpix.photometry.scene.Placed
        Positions and fluxes of the stars.
    model : ndarray, shape (ny, nx)
        Model of the stars, counts.

    Returns
    -------
    ndarray, shape (n,)
        Counts.
    """
    x = np.clip(np.rint(stars.x).astype(int), 0, model.shape[1] - 1)
    y = np.clip(np.rint(stars.y).astype(int), 0, model.shape[0] - 1)
    centre = psf.stamps(stars.x, stars.y, 0, derivatives=False, middle=(x, y))[:, 0, 0]
    return model[y, x] - stars.flux * centre


def raised_threshold(ratio, false, threshold):
    """Return the lowest threshold at which the rate of false stars is small.

    Parameters
    ----------
    ratio : ndarray, shape (n,)
        Signal-to-noise ratios of the stars.
    false : ndarray, shape (m,)
        Those of the detections on the negative image.
    threshold : float
        Configured threshold.

    Returns
    -------
    float
        At most the largest ratio of the detections on the negative image.
    """
    for limit in np.append(threshold, np.sort(false)):
        above = np.count_nonzero(false > limit)
        if above <= MOST_FALSE * np.count_nonzero(ratio > limit):
            break
    return float(limit)
