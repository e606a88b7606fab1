"""Estimate the number of false stars from detections on the negative image.

Stars are brighter than the sky, and noise is as often fainter as it is brighter. So detections on
the negative of the image without its stars count the false stars of the image. They are counted
apart in the light of stars, where errors of the PSF add to the noise, and on the blank sky.
"""

from typing import NamedTuple

import numpy as np

from redpix.photometry.detection import apart, detect
from redpix.photometry.false_places import places_of_crowds
from redpix.photometry.psf_fit import significance
from redpix.photometry.scene import Placed

#: largest number of detections on the negative image, relative to the number of stars
MOST_FALSE = 0.05

#: light of other stars from which a position lies in the light of stars, noise of a pixel
_LIGHT = 0.5

#: number of detections on the negative image that chance gives
_CHANCE = 2

#: detections on the negative image, relative to stars as faint, from which these are doubtful
_MANY = 1 / 3


class FalseRate(NamedTuple):
    """Detections on the negative image, compared with stars.

    Attributes
    ----------
    detections : int
        Number of detections on the negative image at the configured threshold.
    rate : float
        The same over the number of stars.
    sky : float
        Signal-to-noise ratio below which stars on the blank sky may be false.
    light : float
        The same for stars in the light of others.
    in_light : int
        Number of detections on the negative image in the light of stars.
    crowded : int
        Number of detections on the negative image that crowd on few columns or rows, or in few
        regions. Stars there and stars elsewhere are judged apart.
    """

    detections: int
    rate: float
    sky: float
    light: float
    in_light: int
    crowded: int = 0

    @property
    def is_high(self):
        """Whether the image has too many detections on its negative."""
        return self.detections > _CHANCE and self.rate > MOST_FALSE


class Negative(NamedTuple):
    """Detections on the negative of an image.

    Attributes
    ----------
    stars : redpix.photometry.scene.Placed
        Positions and fluxes.
    ratio : ndarray, shape (m,)
        Signal-to-noise ratios.
    """

    stars: Placed
    ratio: np.ndarray

    def among(self, pixels):
        """Return which detections lie in some pixels.

        Parameters
        ----------
        pixels : ndarray of bool, shape (ny, nx)
            Pixels of the image.

        Returns
        -------
        ndarray of bool, shape (m,)
        """
        return pixels[_pixels(self.stars, pixels.shape)]

    def take(self, which):
        """Return some of the detections.

        Parameters
        ----------
        which : ndarray of bool, shape (m,)
            Detections to take.

        Returns
        -------
        Negative
        """
        return Negative(self.stars.take(which), self.ratio[which])


def negative_detections(scene, psf, threshold, stars=None, model=None, distance=0.0):
    """Return the detections on the negative of a scene.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
    threshold : float
        Minimum signal-to-noise ratio.
    stars : redpix.photometry.scene.Placed, optional
        Known stars. As on the image itself, detections beside them are left out.
    model : ndarray, shape (ny, nx), optional
        Model of the stars, counts, which is subtracted first.
    distance : float
        Minimum distance from known stars, pixels.

    Returns
    -------
    Negative
    """
    turned = -scene.image if model is None else 2 * model - scene.image
    found, ratio = detect(scene._replace(image=turned), psf, threshold, model, with_ratio=True)
    far = np.ones(len(ratio), bool) if stars is None else apart(found, stars, distance)
    return Negative(found.take(far), ratio[far])


def count_false(scene, psf, stars, model, threshold, before, distance):
    """Compare the stars with the detections on the negative image before and after the fit.

    The fit of false stars can raise the level of the sky between them, so more of the negative can
    show before it.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
    stars : redpix.photometry.scene.Placed
        Fitted stars.
    model : ndarray, shape (ny, nx)
        Model of the stars, counts.
    threshold : float
        Minimum signal-to-noise ratio of a star.
    before : redpix.photometry.false_stars.Negative
        Detections on the negative image before the fit.
    distance : float
        Minimum distance of a new star from known stars, pixels.

    Returns
    -------
    rate : redpix.photometry.false_stars.FalseRate
    doubtful : ndarray of bool, shape (n,)
        Stars no more significant than detections on the negative image.
    """
    ratio = significance(scene, psf, stars, model)
    after = negative_detections(scene, psf, threshold, stars, model, distance)
    return false_rate(scene, psf, stars, ratio, threshold, model, before, after)


def false_rate(scene, psf, stars, ratio, threshold, model, before, after):
    """Compare stars with the detections on the negative image.

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
    before, after : Negative
        Detections on the negative image before and after the subtraction of the stars.

    Returns
    -------
    rate : FalseRate
        Its thresholds are above the configured one if the rate is above `MOST_FALSE`.
    doubtful : ndarray of bool, shape (n,)
        Stars between the configured threshold and these.
    """
    limit = _LIGHT * scene.noise
    dark, bright = [], after.among(model > limit)
    for negative in (before, after):
        dark.append(negative.take(~negative.among(model > limit)))
    dark, bright = max(dark, key=lambda negative: len(negative.ratio)), after.take(bright)
    count = len(dark.ratio) + len(bright.ratio)
    rate = FalseRate(count, count / max(len(ratio), 1), threshold, threshold, len(bright.ratio))
    if not rate.is_high:
        return rate, np.zeros(len(ratio), bool)
    every = dark.stars.join(bright.stars)
    crowds = places_of_crowds(every.x, every.y, model.shape, psf.fwhm)
    in_crowd = crowds[_pixels(stars, model.shape)]
    beside = light_of_others(psf, stars, model) > limit
    limits = np.full(len(ratio), threshold)
    for some, false in ((~beside, dark), (beside, bright)):
        for place, there in ((in_crowd, crowds), (~in_crowd, ~crowds)):
            few = false.ratio[false.among(there)]
            limits[some & place] = doubtful_limit(ratio[some & place], few, threshold)
    crowded = np.count_nonzero(crowds[_pixels(every, model.shape)])
    return rate._replace(
        sky=float(limits[~beside].max(initial=threshold)),
        light=float(limits[beside].max(initial=threshold)),
        crowded=int(crowded),
    ), ratio <= limits


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
    y, x = _pixels(stars, model.shape)
    centre = psf.stamps(stars.x, stars.y, 0, derivatives=False, middle=(x, y))[:, 0, 0]
    return model[y, x] - stars.flux * centre


def doubtful_limit(ratio, false, threshold):
    """Return the signal-to-noise ratio up to which many stars are false.

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
        The highest ratio up to which the detections on the negative image are at least `_MANY` of
        the stars, or else the configured threshold.
    """
    limits = np.sort(false)
    stars = np.searchsorted(np.sort(ratio), limits, side="right")
    many = np.arange(1, len(limits) + 1) >= np.maximum(_MANY * stars, _CHANCE + 1)
    return float(limits[many].max(initial=threshold))


def _pixels(stars, shape):
    """Return the rows and columns of the pixels of stars."""
    return tuple(
        np.clip(np.rint(axis).astype(int), 0, side - 1)
        for axis, side in zip((stars.y, stars.x), shape, strict=True)
    )
