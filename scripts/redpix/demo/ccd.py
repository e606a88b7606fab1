"""Raw exposures of a simulated CCD camera: stars, a galaxy, and all that calibration takes away."""

from typing import NamedTuple

import numpy as np

from redpix.simulation.rendering import (
    Galaxy,
    Psf,
    add,
    convolved,
    galaxy_profile,
    jacobian,
    psf_profile,
)

#: rows and columns; arcsec a pixel
SHAPE, SCALE = (512, 512), 1.0

#: electrons a count; electrons; counts
GAIN, READ_NOISE, BIAS, SATURATION = 1.8, 6.0, 300.0, 60000.0

#: seconds; counts a second of sky and of dark current
EXPOSURE, SKY, DARK_CURRENT = 60.0, 3.0, 0.2

#: magnitude of a star of one count, in the clearest exposure
ZERO_POINT = 24.0

#: where the galaxy is, pixels, and how large what hides it is
GALAXY, HIDDEN = (380.0, 130.0), 60.0

_STARS, _VARIABLES, _HOT, _COSMIC = 220, 3, 60, 25


class Exposure(NamedTuple):
    """When, through what air, and where the telescope pointed."""

    name: str
    start: str  #: UTC
    fwhm: float  #: arcsec
    clear: float  #: share of the light that comes through
    shift: tuple  #: x, y, pixels


EXPOSURES = (
    Exposure("exposure_1", "2019-03-02T03:10:00", 2.9, 1.0, (0.0, 0.0)),
    Exposure("exposure_2", "2019-03-02T03:12:00", 3.1, 0.93, (3.4, -2.2)),
    Exposure("exposure_3", "2019-03-02T03:14:00", 3.3, 0.97, (-1.7, 4.1)),
)


class Sky(NamedTuple):
    """Stars: places in the first exposure, magnitudes in each."""

    x: np.ndarray
    y: np.ndarray
    magnitude: np.ndarray  #: (exposures, stars)


def draw_sky(seed):
    """Stars anywhere, the faint ones the most; a few change from exposure to exposure."""
    rng = np.random.default_rng([seed, 501])
    x = rng.uniform(0, SHAPE[1] - 1, _STARS)
    y = rng.uniform(0, SHAPE[0] - 1, _STARS)
    magnitude = 18.5 + np.log10(rng.random(_STARS)) / 0.3
    magnitude = np.repeat(np.maximum(magnitude, 11.5)[None], len(EXPOSURES), axis=0)
    bright = np.flatnonzero((magnitude[0] > 14) & (magnitude[0] < 16.5))[:_VARIABLES]
    magnitude[:, bright] += rng.normal(0, 0.15, (len(EXPOSURES), len(bright)))
    return Sky(x, y, magnitude)


def camera(seed):
    """Flat field (1 where the camera is most sensitive) and dark counts of an exposure."""
    rng = np.random.default_rng([seed, 502])
    y, x = np.indices(SHAPE) / np.array(SHAPE)[:, None, None] - 0.5
    flat = 1 - 0.35 * (x**2 + y**2) / 0.5
    for _ in range(4):  # grains of dust
        column, row = rng.uniform(-0.45, 0.45, 2)
        flat -= 0.06 * np.exp(-((x - column) ** 2 + (y - row) ** 2) / (2 * 0.02**2))
    flat *= rng.normal(1, 0.01, SHAPE)
    dark = np.full(SHAPE, DARK_CURRENT * EXPOSURE)
    hot = rng.integers(0, SHAPE[0], (2, _HOT))
    dark[tuple(hot)] += rng.uniform(100, 3000, _HOT)
    return flat / flat.max(), dark


def read_out(counts, rng):
    """What the camera delivers for the counts that light and dark current give on average."""
    electrons = rng.poisson(counts * GAIN) + rng.normal(0, READ_NOISE, SHAPE)
    return np.clip(np.rint(electrons / GAIN + BIAS), 0, SATURATION).astype(np.uint16)


def calibration_frames(seed, number=9):
    """A dark and a flat as an observer makes them: medians of several."""
    flat, dark = camera(seed)
    rng = np.random.default_rng([seed, 503])
    darks = [read_out(dark, rng) for _ in range(number)]
    flats = [read_out(20000 * flat, rng) for _ in range(number)]
    return np.median(darks, axis=0), np.median(flats, axis=0) - BIAS


def expose(index, sky, seed):
    """One raw exposure, and the stars in it.

    Parameters
    ----------
    index : int
        Of `EXPOSURES`.
    sky : Sky
    seed : int

    Returns
    -------
    raw : ndarray of uint16
    x, y, magnitude : ndarray
        Of the stars that are inside.
    """
    exposure = EXPOSURES[index]
    rng = np.random.default_rng([seed, 504, index])
    flat, dark = camera(seed)
    psf = psf_profile(Psf(exposure.fwhm))
    grid = jacobian(np.eye(2) * SCALE / 3600)
    x, y = sky.x + exposure.shift[0], sky.y + exposure.shift[1]
    light = np.full(SHAPE, SKY * EXPOSURE)
    for column, row, magnitude in zip(x, y, sky.magnitude[index], strict=True):
        flux = exposure.clear * 10 ** (-0.4 * (magnitude - ZERO_POINT))
        add(light, psf * flux, grid, column, row, 60 if magnitude < 16 else 25)
    shape = Galaxy(6.0, 14.0, 3.0, 0.6, 40.0)
    galaxy = convolved(galaxy_profile(shape, 3e5, 4e5), psf) * exposure.clear
    add(light, galaxy, grid, GALAXY[0] + exposure.shift[0], GALAXY[1] + exposure.shift[1], 80)
    counts = np.maximum(light, 0) * flat + dark
    hits = rng.integers(0, SHAPE[0], (2, _COSMIC))
    counts[tuple(hits)] += rng.uniform(500, 5000, _COSMIC)
    inside = (x > 0) & (x < SHAPE[1] - 1) & (y > 0) & (y < SHAPE[0] - 1)
    return read_out(counts, rng), x[inside], y[inside], sky.magnitude[index][inside]
