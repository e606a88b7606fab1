"""Find stars where an image, filtered by its PSF, stands above its noise.

The signal to noise of a star of PSF p at a place is sum(w d p) / sqrt(sum(w p^2)), with d the image
and w one over its variance: no linear filter finds more of them.
"""

import numpy as np
from scipy import fft
from scipy.ndimage import maximum_filter
from scipy.spatial import cKDTree

from redpix.photometry.psf_fit import Placed

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
        whole = fft.irfft2(transform, shape)
        # the kernel begins half its side before the pixel
        rows, columns = (np.arange(-half, side - half) for side in image.shape)
        return np.take(np.take(whole, rows, axis=0), columns, axis=1)

    # float32, which is precise enough and quick, wants numbers about 1
    scale = float(np.median(weight[::4, ::4][weight[::4, ::4] > 0]))
    weight = (weight / scale).astype(np.float32)
    signal = correlated(np.where(weight > 0, image, 0).astype(np.float32) * weight, stamp)
    power = correlated(weight, stamp**2)
    least = 0.05 * np.sum(stamp**2)
    seen = power > least
    power = np.where(seen, power, 1.0)
    ratio = np.where(seen, signal / np.sqrt(power) * np.sqrt(scale), 0)
    return ratio, np.where(seen, signal / power, 0)


def detect(scene, psf, threshold, model=None):
    """Stars in an image, or in what a model of known stars leaves of it.

    Parameters
    ----------
    scene : redpix.photometry.psf_fit.Scene
    psf : redpix.psf.effective_psf.EffectivePsf
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
    before, after = (
        ratio[
            np.clip(y + step * (axis == 0), 0, ratio.shape[0] - 1),
            np.clip(x + step * (axis == 1), 0, ratio.shape[1] - 1),
        ].astype(float)
        for step in (-1, 1)
    )
    bend = before + after - 2 * ratio[y, x]
    offset = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, 1), 0)
    return np.clip(offset, -0.5, 0.5)


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
    least = _SHARP * share
    image, sharp = scene.image, np.zeros(scene.image.shape, bool)
    # the image's border is left out: what is beside it is not known
    inner = image[1:-1, 1:-1]
    y, x = np.nonzero(inner > 5 * np.sqrt(scene.variance[1:-1, 1:-1]))
    y, x = y + 1, x + 1
    neighbours = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
    beside = np.array([image[place] for place in neighbours])
    # beside a hidden pixel nothing is sharp either
    known = np.all([np.isfinite(scene.variance[place]) for place in neighbours], axis=0)
    value, variance = image[y, x], scene.variance[y, x]
    noise2 = variance * (0.25 + least**2) + value / scene.gain[y, x] * least**2
    lack = least * value - beside.mean(axis=0)
    sharp[y, x] = known & (lack > 5 * np.sqrt(noise2)) & (value > beside.max(axis=0))
    return sharp


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
