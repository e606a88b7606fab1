"""Test a gain on the light of stars: their photons scatter as the gain says.

The mean of several exposures has less noise than the gain card of a single exposure says. Errors of
the PSF only add to the scatter, so too little of it contradicts the gain.
"""

import numpy as np

#: factor from which a gain is contradicted
CONTRADICTED = 1.5

#: variance of photons relative to that of the sky in the pixels that are looked at, and their
#: least number
_BRIGHT, _LEAST = 2.0, 150

#: standard errors by which the gain must be contradicted
_CERTAIN = 3.0

#: correlation of neighbours in blank sky of an image that was smoothed or resampled
_CORRELATED = 0.1

#: pixels in which the model of the stars is below this fraction of the noise are sky, and number of
#: pixels that tell the correlation
_SKY, _PIXELS = 0.5, 1_000_000

#: free parameters of a star, and median of chi^2 with one degree of freedom
_FREE, _MEDIAN = 3, 0.4549


def gain_factor(scene, model, stars):
    """Return the factor by which the gain of an image must be multiplied to agree with its stars.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    model : ndarray, shape (ny, nx)
        Model of the stars, counts.
    stars : redpix.photometry.scene.Placed
        Positions and fluxes of the stars.

    Returns
    -------
    float
        1 unless the gain is too small by a factor above `CONTRADICTED`.
    """
    bright = (model > _BRIGHT * scene.variance * scene.gain) & np.isfinite(scene.variance)
    number = np.count_nonzero(bright)
    if number < _LEAST or _is_smooth(scene, model):
        return 1.0
    y, x = (
        np.clip(np.rint(values).astype(int), 0, side - 1)
        for values, side in zip((stars.y, stars.x), model.shape, strict=True)
    )
    free = _FREE * np.count_nonzero(bright[y, x]) / number
    if free > 0.5:
        return 1.0
    square = (scene.image[bright] - model[bright]) ** 2 / (1 - free)
    sky, photons = scene.variance[bright], model[bright] / scene.gain[bright]
    factors = np.geomspace(1, 1000, 400)
    chi2 = np.array([np.median(square / (sky + photons / k)) for k in factors]) / _MEDIAN
    # the median of squares has 1.65 times the standard error of their mean
    sure = 1 + _CERTAIN * 1.65 * np.sqrt(2 / number)
    # stars of which the PSF is made scatter less about it: the smallest gain that agrees is right
    agrees = chi2 * sure >= 1
    if not agrees.any():
        return 1.0
    factor = float(factors[np.argmax(agrees)])
    return factor if factor > CONTRADICTED else 1.0


def _is_smooth(scene, model):
    """Return whether the noise of blank sky is correlated, which hides the noise of photons."""
    rows = slice(None, None, 1 + model.size // _PIXELS)
    noise = np.sqrt(scene.variance[rows])
    sky = np.isfinite(noise) & (abs(model[rows]) < _SKY * noise)
    rest = np.where(sky, scene.image[rows] - model[rows], 0) / noise
    return correlation(rest, sky) > _CORRELATED


def correlation(values, seen):
    """Return the correlation of neighbouring pixels in a row.

    Parameters
    ----------
    values : ndarray, shape (ny, nx)
        Residuals, in units of their noise.
    seen : ndarray of bool, shape (ny, nx)
        Pixels of sky.

    Returns
    -------
    float
        0 for white noise, or without pixels.
    """
    pairs = seen[:, 1:] & seen[:, :-1]
    if not pairs.any():
        return 0.0
    one, other = (np.clip(some[pairs], -4, 4) for some in (values[:, 1:], values[:, :-1]))
    return float(np.mean(one * other) / max(np.mean(one**2), 1e-30))
