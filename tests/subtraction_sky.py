"""A simulated pair of epochs: unequal PSFs, noise, flux; stars that stay and some that appear."""

from typing import NamedTuple

import numpy as np
from redpix.subtraction.epoch import Epoch
from scipy.ndimage import shift

NEW_WIDTH, REFERENCE_WIDTH = 1.7, 1.3  # sigma, pixels
FLUX_RATIO = 1.6


class Sky(NamedTuple):
    new: Epoch
    reference: Epoch
    x: np.ndarray  # of what appears in the new epoch, 0-based
    y: np.ndarray
    flux: np.ndarray
    steady: tuple  # x, y, flux of what does not change


def gaussian(width, side=25):
    """PSF of unit sum."""
    axis = np.arange(side) - side // 2
    profile = np.exp(-0.5 * (axis / width) ** 2)
    stamp = np.outer(profile, profile)
    return stamp / stamp.sum()


def light(shape, x, y, flux, width):
    """Image of point sources at any place."""
    rows, columns = np.arange(shape[0])[:, None], np.arange(shape[1])[None, :]
    image = np.zeros(shape)
    for source in zip(x, y, flux, strict=True):
        part = np.exp(-0.5 * ((columns - source[0]) / width) ** 2) * np.exp(
            -0.5 * ((rows - source[1]) / width) ** 2
        )
        image += source[2] * part / (2 * np.pi * width**2)
    return image


def make(seed, shape=(256, 256), transients=8, stars=40, offset=0.0):
    """Draw a pair; `offset` pixels of misregistration, half in each direction of a diagonal."""
    rng = np.random.default_rng([seed, 5])
    place = [rng.uniform(15, length - 15, stars) for length in shape[::-1]]
    steady = (*place, 10 ** rng.uniform(2.0, 4.2, stars))
    # places on whole pixels, so that the peak is the flux; apart from the stars and each other
    taken, x, y = list(zip(*steady[:2], strict=True)), [], []
    while len(x) < transients:
        place = [int(rng.integers(20, length - 20)) for length in shape[::-1]]
        if all(np.hypot(place[0] - other[0], place[1] - other[1]) > 15 for other in taken):
            taken.append(place)
            x.append(place[0])
            y.append(place[1])
    x, y = np.array(x, int), np.array(y, int)
    flux = rng.uniform(400, 1500, len(x)) * rng.choice([-1, 1], len(x))

    def expose(width, noise, zero_point, appear):
        clean = light(shape, *steady, width) + light(shape, x, y, appear * abs(flux), width)
        if width == REFERENCE_WIDTH and offset:
            clean = shift(clean, offset / np.sqrt(2), order=5)
        variance = noise**2 + np.maximum(zero_point * clean, 0) / 2.0
        image = zero_point * clean + rng.standard_normal(shape) * np.sqrt(variance)
        return image, variance

    image, variance = expose(NEW_WIDTH, 5.0, 1.0, flux > 0)
    new = Epoch(image, gaussian(NEW_WIDTH), 5.0, 1.0, variance)
    image, variance = expose(REFERENCE_WIDTH, 6.0, FLUX_RATIO, flux < 0)
    reference = Epoch(image, gaussian(REFERENCE_WIDTH), 6.0, FLUX_RATIO, variance)
    return Sky(new, reference, x, y, flux, steady)


def away(shape, sky, radius=12):
    """Pixels away from what changes."""
    rows, columns = np.indices(shape)
    free = np.ones(shape, bool)
    for x, y in zip(sky.x, sky.y, strict=True):
        free &= np.hypot(columns - x, rows - y) > radius
    return free
