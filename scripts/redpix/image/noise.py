"""Noise and mask of an image that comes without a map of either."""

from typing import NamedTuple

import numpy as np
from astropy.stats import mad_std
from scipy import ndimage

from redpix.core.exceptions import InputError
from redpix.image.background import between_middles
from redpix.image.masks import DTYPE, bit_value

#: gain and read noise are believed if blank sky is as noisy as they say to this part
BELIEVED = 0.2

#: noise of pixels this far apart is independent in an image that was resampled
APART = 5


#: fewest pixels that are exactly zero, side by side and at the border, for a part without data
LEAST_ZEROS = 200

#: noise of an image, in its unit, that single precision can work with
NOISE_RANGE = (1e-9, 1e9)


def sky_noise(image, mask, mesh, apart=1):
    """1-sigma noise of blank sky over an image, from differences of neighbours in a row.

    Parameters
    ----------
    image : ndarray
    mask : ndarray of int
        Pixels with any bit do not count.
    mesh : int
        Side of the squares that it is measured in, pixels.
    apart : int
        Distance of the neighbours.

    Returns
    -------
    ndarray
        Linear between the squares' middles.

    Raises
    ------
    InputError
        If no pixel has a value, or all have the same.
    """
    # every second row is enough
    values = np.where(mask[::2] == 0, image[::2], np.nan)
    steps = values[:, apart:] - values[:, :-apart]
    if not np.isfinite(steps).any():
        raise InputError("no pixel has a value")
    counts = [max(1, round(length / mesh)) for length in image.shape]
    noise = np.array(
        [
            [_spread(part) for part in np.array_split(band, counts[1], axis=1)]
            for band in np.array_split(steps, counts[0])
        ]
    ) / np.sqrt(2)
    known = np.isfinite(noise) & (noise > 0)
    if not known.any():
        raise InputError("a constant image: it has no noise")
    noise[~known] = np.median(noise[known])
    return between_middles(noise, image.shape)


def _spread(steps):
    """As of `clipped_spread`; NaN of too few values."""
    steps = steps[np.isfinite(steps)]
    return clipped_spread(steps) if len(steps) >= 100 else np.nan


def noise_scale(image, variance, mask):
    """Noise of blank sky over what the variance says, from differences of neighbours in a row.

    Parameters
    ----------
    image, variance : ndarray
        With independent pixels: of a frame before it is resampled.
    mask : ndarray of int
        Pixels with any bit do not count.

    Raises
    ------
    InputError
        If no pixel has a value, or all have the same.
    """
    # so many pixels are enough
    rows = np.s_[:: 1 + image.size // 4_000_000]
    image, variance, mask = image[rows], variance[rows], mask[rows]
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = np.where((mask == 0) & (variance > 0), image / np.sqrt(variance), np.nan)
    steps = scaled[:, 1:] - scaled[:, :-1]
    steps = steps[np.isfinite(steps)]
    if not len(steps):
        raise InputError("no pixel has a value and a variance")
    if not steps.any():
        raise InputError("a constant image: it has no noise")
    scale = float(clipped_spread(steps) / np.sqrt(2))
    if not scale > 0:
        raise InputError("its pixels differ too seldom: its noise cannot be measured")
    return scale


def clipped_spread(values):
    """Standard deviation of a Gaussian core of values, which may be whole numbers.

    Of these a median jumps: so no median absolute deviation.
    """
    for _ in range(10):
        kept = values[abs(values) <= 3 * values.std()]
        if len(kept) in (0, len(values)):
            break
        values = kept
    # cut off at 3 of what is left, a Gaussian keeps this share of its standard deviation
    return values.std() / 0.98485


class Noise(NamedTuple):
    """Variance of an image's pixels, and in words how it was come by."""

    variance: np.ndarray
    words: str


def pixel_noise(image, background, mask, camera, mesh):
    """Variance of every pixel: sky and read noise, and the photons of sources where gain is known.

    Where gain and read noise are known and explain the noise of blank sky, they give the variance;
    else blank sky is measured.

    Parameters
    ----------
    image, background : ndarray
        The image with its background, and the background.
    mask : ndarray of int
    camera : redpix.io.camera.Camera
    mesh : int
        Side of the squares that noise is measured in, pixels.

    Raises
    ------
    InputError
        As `sky_noise`.
    """
    light = np.where(np.isfinite(image), image - background, 0)
    mask = np.where(_sources(light, sky_noise(image, mask, mesh), mask), mask | 1, mask)
    light = np.maximum(light, 0, out=light)
    if camera.gain is not None and camera.read_noise is not None:
        level = np.maximum(np.where(np.isfinite(image), image, 0), 0)
        variance = (level + camera.read_noise**2 / camera.gain) / camera.gain
        scale = noise_scale(image - background, variance, mask)
        if abs(scale - 1) < BELIEVED:
            words = f"from gain and read noise, which blank sky exceeds by {scale:.4f} times"
            return Noise((variance * scale**2).astype(np.float32), words)
    near, far = (sky_noise(image, mask, mesh, apart) for apart in (1, APART))
    correlated = typical(far) > 1.1 * typical(near)
    sky = far if correlated else near
    words = f"measured on blank sky, median {typical(sky):.5g}"
    words += ", that of neighbours is correlated" if correlated else ""
    if camera.gain is None:
        return Noise(np.square(sky), f"{words}; no gain is known: sources add none")
    return Noise(np.square(sky) + (light / camera.gain).astype(np.float32), f"{words}, and gain")


def typical(image):
    """Median of an image that is smooth but for sources, from a sixteenth of its pixels."""
    return float(np.median(image[::4, ::4]))


def _sources(image, noise, mask):
    """Pixels of sources and beside them: the mean of nine is above three times its noise."""
    means = ndimage.uniform_filter(image, 3)
    means /= noise
    known = means[mask == 0]
    bright = means > 3 * mad_std(known[:: 1 + len(known) // 200_000])
    found = ndimage.maximum_filter(bright, 5)
    # where all is bright, as in a nebula, the faintest of it has to do
    return found if found.mean() < 0.9 else np.zeros_like(found)


def image_mask(image, saturation):
    """Mask of an image: NO_DATA beyond its sky, BAD in holes of it, SATURATED.

    Beyond the sky are pixels without a value that reach the border, or zeros, many together.
    """
    empty = ~np.isfinite(image)
    mask = np.where(empty, bit_value("BAD"), 0).astype(DTYPE)
    # an image of few counts is zero all over
    zeros = (image == 0) & (np.mean(image == 0) < 0.5)
    for outside, least in ((empty, 1), (zeros, LEAST_ZEROS)):
        if np.count_nonzero(outside) >= least:
            labels, _ = ndimage.label(outside)
            border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
            large = np.flatnonzero(np.bincount(labels.ravel()) >= least)
            found = np.intersect1d(border, large)
            mask[np.isin(labels, found[found > 0])] = bit_value("NO_DATA")
    if saturation is not None:
        with np.errstate(invalid="ignore"):
            mask[image >= saturation] |= bit_value("SATURATED")
    return mask
