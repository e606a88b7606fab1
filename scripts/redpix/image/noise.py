"""Measure noise and mask of an image that has no error map or mask."""

from typing import NamedTuple

import numpy as np
from astropy.stats import mad_std
from scipy import ndimage

from redpix.core.exceptions import InputError
from redpix.image.background import between_middles
from redpix.image.masks import DTYPE, bit_value

#: gain and read noise are accepted if they predict the noise of blank sky to this fraction
BELIEVED = 0.2

#: distance at which the noise of a resampled image is independent, pixels
APART = 5

#: number of pixels from which the noise of an image is measured, where it is one number
ENOUGH = 4_000_000

#: minimum size of a region of zeros touching the border that counts as NO_DATA, pixels
LEAST_ZEROS = 200

#: minimum and maximum noise that single precision can represent, in the unit of the image
NOISE_RANGE = (1e-9, 1e9)


def sky_noise(image, mask, mesh, apart=1):
    """Return the 1-sigma noise of blank sky over an image.

    It is measured in squares, from differences of neighbours in a row.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        NaN at invalid pixels.
    mask : ndarray of int, shape (ny, nx)
        Pixels with any bit are ignored.
    mesh : int
        Side of the squares, pixels.
    apart : int
        Distance of the neighbours, pixels.

    Returns
    -------
    ndarray, shape (ny, nx), float32
        In the unit of the image, interpolated linearly between the middles of the squares.

    Raises
    ------
    InputError
        If no pixel has a value, or all pixels have the same.
    """
    # every second row is enough
    values = np.where(mask[::2] == 0, image[::2], np.nan)
    steps = values[:, apart:] - values[:, :-apart]
    if not np.isfinite(steps).any():
        raise InputError("no pixel has a value")
    counts = [max(1, round(length / mesh)) for length in image.shape]
    squares = [np.array_split(rows, counts[1], axis=1) for rows in np.array_split(steps, counts[0])]
    # where most pixels count nothing, as in the ultraviolet, clipping leaves zeros alone
    for spread in (clipped_spread, np.std):
        noise = np.array([[_spread(square, spread) for square in row] for row in squares])
        measured = np.isfinite(noise) & (noise > 0)
        if measured.any():
            noise[~measured] = np.median(noise[measured])
            return between_middles(noise / np.sqrt(2), image.shape)
    if np.isfinite(noise).any():
        raise InputError("a constant image: it has no noise")
    raise InputError("too few pixels have a value: no square of the noise holds 100 pairs")


def _spread(steps, spread):
    """Return a measure of the spread of finite values, NaN for fewer than 100."""
    steps = steps[np.isfinite(steps)]
    return spread(steps) if len(steps) >= 100 else np.nan


def thinned_rows(shape):
    """Return rows of an image with enough pixels to measure its noise: up to `ENOUGH`.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the image.

    Returns
    -------
    slice
        Equally distant rows; of these rows alone, it gives all.
    """
    return slice(None, None, 1 + shape[0] * shape[1] // ENOUGH)


def noise_scale(image, variance, mask, apart=1):
    """Return the noise of blank sky relative to the square root of the variance.

    It is measured from differences of neighbours in a row, so pixels must be independent: the
    image must not be resampled.

    Parameters
    ----------
    image, variance : ndarray, shape (ny, nx)
        Background-subtracted image, and the variance of its pixels.
    mask : ndarray of int, shape (ny, nx)
        Pixels with any bit are ignored.
    apart : int, optional
        Distance of the neighbours, pixels.

    Returns
    -------
    float

    Raises
    ------
    InputError
        If no pixel has a value, or all pixels have the same.
    """
    rows = thinned_rows(image.shape)
    image, variance, mask = image[rows], variance[rows], mask[rows]
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = np.where((mask == 0) & (variance > 0), image / np.sqrt(variance), np.nan)
    steps = scaled[:, apart:] - scaled[:, :-apart]
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
    """Return the standard deviation of the Gaussian core of values.

    The MAD is unstable for integers, so values are sigma-clipped.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Finite values with zero mean.

    Returns
    -------
    float
    """
    for _ in range(10):
        kept = values[abs(values) <= 3 * values.std()]
        if len(kept) in (0, len(values)):
            break
        values = kept
    # a Gaussian that is clipped at 3 of its new standard deviations keeps this fraction
    return values.std() / 0.98485


class Noise(NamedTuple):
    """Pixel variance and a description of its origin.

    Attributes
    ----------
    variance : ndarray, shape (ny, nx), float32
        Square of the unit of the image.
    words : str
        Origin, for the log.
    """

    variance: np.ndarray
    words: str


def pixel_noise(image, background, mask, camera, mesh):
    """Return the variance of each pixel.

    If gain and read noise predict the noise of blank sky, they define the variance. Otherwise the
    noise of blank sky is measured, and a known gain adds the photon noise of sources.

    Parameters
    ----------
    image, background : ndarray, shape (ny, nx)
        The image including its background, and the background.
    mask : ndarray of int, shape (ny, nx)
        Pixels with any bit are ignored.
    camera : redpix.io.camera.CameraRecord
        Its gain and read noise are used.
    mesh : int
        Side of the squares in which noise is measured, pixels.

    Returns
    -------
    Noise

    Raises
    ------
    InputError
        If no pixel has a value, or all pixels have the same.
    """
    light = np.where(np.isfinite(image), image - background, 0)
    mask = np.where(_sources(light, sky_noise(image, mask, mesh), mask), mask | 1, mask)
    if camera.gain is not None and camera.read_noise is not None:
        rows = thinned_rows(image.shape)
        variance = _camera_variance(image[rows], camera)
        scale = noise_scale(image[rows] - background[rows], variance, mask[rows])
        if abs(scale - 1) < BELIEVED:
            words = f"from gain and read noise, times {scale:.4f} to match blank sky"
            del light
            variance = _camera_variance(image, camera)
            variance *= scale**2
            return Noise(variance.astype(np.float32, copy=False), words)
    light = np.maximum(light, 0, out=light)
    near, far = (sky_noise(image, mask, mesh, apart) for apart in (1, APART))
    correlated = typical(far) > 1.1 * typical(near)
    sky = far if correlated else near
    words = f"measured on blank sky, median {typical(sky):.5g}"
    words += ", correlated between neighbours" if correlated else ""
    if camera.gain is None:
        return Noise(
            np.square(sky), f"{words}; no gain is known: photon noise of sources is ignored"
        )
    return Noise(np.square(sky) + (light / camera.gain).astype(np.float32), f"{words}, and gain")


def _camera_variance(image, camera):
    """Return the variance of each pixel by gain and read noise."""
    level = np.maximum(np.where(np.isfinite(image), image, 0), 0)
    level += camera.read_noise**2 / camera.gain
    level /= camera.gain
    return level


def typical(image):
    """Return the median of an image from one sixteenth of its pixels.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Finite pixels.

    Returns
    -------
    float
    """
    return float(np.median(image[::4, ::4]))


def _sources(image, noise, mask):
    """Return the pixels of sources: 3 x 3 means above three times the noise, and neighbours."""
    means = ndimage.uniform_filter(image, 3)
    means /= noise
    del noise  # as large as the image
    sources = ndimage.maximum_filter(means > 3 * mad_std(_thinned(means, mask == 0, 200_000)), 5)
    # if over 90 % of the pixels look like sources (a nebula), no mask is used
    return sources if sources.mean() < 0.9 else np.zeros_like(sources)


def _thinned(image, chosen, number):
    """Return every n-th of the chosen pixels, about as many as a number; holds no copy of all."""
    step, skip, parts = 1 + np.count_nonzero(chosen) // number, 0, []
    for low in range(0, len(image), 256):
        values = image[low : low + 256][chosen[low : low + 256]]
        parts.append(values[skip::step])
        skip = (skip - len(values)) % step
    return np.concatenate(parts)


def image_mask(image, saturation):
    """Return the mask of an image: NO_DATA, BAD and SATURATED.

    NO_DATA are connected pixels without a value that touch the border, and large connected regions
    of zeros there. BAD are other pixels without a value.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Background included.
    saturation : float or None
        Level in the unit of the image; None if it is unknown.

    Returns
    -------
    ndarray, shape (ny, nx), int16
        Bits of `redpix.image.masks`.
    """
    empty = ~np.isfinite(image)
    mask = np.where(empty, DTYPE(bit_value("BAD")), DTYPE(0))
    # an image with few counts is zero in most pixels
    zeros = (image == 0) & (np.mean(image == 0) < 0.5)
    for outside, least in ((empty, 1), (zeros, LEAST_ZEROS)):
        if np.count_nonzero(outside) >= least:
            labels, _ = ndimage.label(outside)
            border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
            large = np.flatnonzero(np.bincount(labels.ravel()) >= least)
            regions = np.intersect1d(border, large)
            mask[np.isin(labels, regions[regions > 0])] = bit_value("NO_DATA")
    if saturation is not None:
        with np.errstate(invalid="ignore"):
            mask[image >= saturation] |= bit_value("SATURATED")
    return mask
