"""Find stars where an image, filtered by its PSF, stands above its noise.

The signal to noise of a star of PSF p at a place is sum(w d p) / sqrt(sum(w p^2)), with d the image
and w one over its variance: no linear filter finds more of them.
"""

import numpy as np
from scipy import fft
from scipy.ndimage import maximum_filter
from scipy.spatial import cKDTree

from redpix.star_fit import Placed

#: half-width of the filter, in FWHM
_FILTER = 2.5

#: what the model of a star may be wrong by, relative: nothing fainter is found on top of it
_MODEL_ERROR = 0.03

#: share of what a star's neighbouring pixels have at least that a hot pixel's have at most
_SHARP = 0.5


def matched_filter(image, weight, stamp):
    """Signal to noise of a star at each pixel, and its flux.

    Parameters
    ----------
    image, weight : ndarray, shape (ny, nx)
        Sky subtracted; one over the variance, 0 where a pixel is masked.
    stamp : ndarray
        The PSF, its middle in the middle.

    Returns
    -------
    ratio, flux : ndarray, shape (ny, nx)
    """
    half = stamp.shape[0] // 2
    shape = [fft.next_fast_len(side + 2 * half, real=True) for side in image.shape]

    def correlated(plane, kernel):
        transform = fft.rfft2(plane.astype(np.float32), shape)
        transform *= np.conj(fft.rfft2(kernel.astype(np.float32), shape))
        whole = np.roll(fft.irfft2(transform, shape), (half, half), (0, 1))
        return whole[: image.shape[0], : image.shape[1]]

    scale = np.median(weight[weight > 0])
    signal = correlated(np.where(weight > 0, image * weight, 0) / scale, stamp)
    power = correlated(weight / scale, stamp**2)
    least = 0.05 * np.sum(stamp**2)
    seen = power > least
    power = np.where(seen, power, 1.0)
    ratio = np.where(seen, signal / np.sqrt(power) * np.sqrt(scale), 0)
    return ratio, np.where(seen, signal / power, 0)


def detect(scene, psf, threshold, model=None):
    """Stars in an image, or in what a model of known stars leaves of it.

    Parameters
    ----------
    scene : redpix.star_fit.Scene
    psf : redpix.effective_psf.EffectivePsf
    threshold : float
        Least signal to noise.
    model : ndarray, optional
        Of the stars that are known. What is found must stand above the model's own error too.

    Returns
    -------
    Placed
    """
    half = int(np.ceil(_FILTER * psf.fwhm))
    middle = np.array([float(psf.shape[1] // 2)]), np.array([float(psf.shape[0] // 2)])
    stamp = psf.stamps(*middle, half, derivatives=False)[0]
    image, variance = scene.image, scene.variance
    if model is not None:
        image = image - model
        light = np.maximum(model, 0)
        variance = variance + light / scene.gain + (_MODEL_ERROR * light) ** 2
    ratio, flux = matched_filter(image, 1 / variance, stamp)
    peak = (ratio > threshold) & (ratio == maximum_filter(ratio, 3, mode="constant"))
    y, x = np.nonzero(peak)
    shift_x, shift_y = (_summit(ratio, y, x, axis) for axis in (1, 0))
    return Placed(x + shift_x, y + shift_y, flux[y, x].astype(float))


def _summit(ratio, y, x, axis):
    """Offset of a parabola's summit through a peak and its two neighbours along an axis."""
    before = np.roll(ratio, 1, axis)[y, x].astype(float)
    after = np.roll(ratio, -1, axis)[y, x].astype(float)
    bend = before + after - 2 * ratio[y, x]
    return np.clip(
        np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, 1), 0), -0.5, 0.5
    )


def sharp_pixels(scene, psf):
    """Pixels that stand out from their neighbours more than those of any star: hot, or cosmic rays.

    A star's four neighbours along the axes have at least a certain share of its brightest pixel,
    the least when it is centred on that. A pixel is sharp where they lack half of this share, with
    five sigma to spare.

    Returns
    -------
    ndarray of bool, shape (ny, nx)
    """
    middle = np.array([float(psf.shape[1] // 2)]), np.array([float(psf.shape[0] // 2)])
    stamp = psf.stamps(*middle, 1, derivatives=False)[0]
    share = 0.25 * (stamp[0, 1] + stamp[2, 1] + stamp[1, 0] + stamp[1, 2]) / stamp[1, 1]
    image = scene.image
    steps = [(axis, step) for axis in (0, 1) for step in (1, -1)]
    beside = [np.roll(image, step, axis) for axis, step in steps]
    mean = 0.25 * sum(beside)
    # beside a hidden pixel nothing is sharp: nobody knows what is there
    hidden = ~np.isfinite(scene.variance)
    hidden = hidden | np.any([np.roll(hidden, step, axis) for axis, step in steps], axis=0)
    noise2 = np.where(hidden, np.inf, scene.variance) * (0.25 + (_SHARP * share) ** 2)
    noise2 = noise2 + np.maximum(image, 0) / scene.gain * (_SHARP * share) ** 2
    lack = _SHARP * share * image - mean
    return np.isfinite(noise2) & (lack > 5 * np.sqrt(noise2)) & (image > np.max(beside, axis=0))


def apart(stars, others, distance):
    """Which stars are farther than a distance from all of others."""
    if not len(others.x) or not len(stars.x):
        return np.ones(len(stars.x), bool)
    tree = cKDTree(np.column_stack([others.x, others.y]))
    near, _ = tree.query(np.column_stack([stars.x, stars.y]))
    return near > distance


def merged(stars, distance):
    """Which stars have a brighter one closer than a distance: one light, fitted twice."""
    gone = np.zeros(len(stars.x), bool)
    if len(stars.x) < 2:
        return gone
    pairs = cKDTree(np.column_stack([stars.x, stars.y])).query_pairs(
        distance, output_type="ndarray"
    )
    fainter = np.where(stars.flux[pairs[:, 0]] < stars.flux[pairs[:, 1]], pairs[:, 0], pairs[:, 1])
    gone[fainter] = True
    return gone
