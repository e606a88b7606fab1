"""Simulate raw exposures of a CCD camera: stars, a galaxy, dark current, flat field and noise."""

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

#: rows and columns of an exposure
SHAPE = (512, 512)

#: pixel scale, arcsec per pixel
SCALE = 1.0

#: gain, electrons per count
GAIN = 1.8

#: 1-sigma read noise, electrons
READ_NOISE = 6.0

#: bias, counts
BIAS = 300.0

#: largest number of counts in a pixel
SATURATION = 60000.0

#: exposure time, seconds
EXPOSURE_TIME = 60.0

#: sky brightness and dark current, counts per second and pixel
SKY, DARK_CURRENT = 3.0, 0.2

#: magnitude of a star of one count, in an exposure of transparency 1
ZERO_POINT = 24.0

#: position (x, y) of the galaxy in the first exposure, pixels, 0-based
GALAXY = (380.0, 130.0)

#: radius of the circle that masks the galaxy, pixels
MASK_RADIUS = 60.0

# numbers of stars and of variable stars on the sky
_STARS, _VARIABLES = 220, 3

# numbers of hot pixels of the camera and of cosmic-ray hits per exposure
_HOT, _COSMIC = 60, 25


class CcdExposure(NamedTuple):
    """Conditions of one exposure.

    Attributes
    ----------
    name : str
    start : str
        Start of the exposure, UTC.
    fwhm : float
        Seeing, arcsec.
    transparency : float
        Fraction of the light that the atmosphere transmits.
    shift : tuple of float
        Shift (x, y) of the sky against the first exposure, pixels.
    """

    name: str
    start: str
    fwhm: float
    transparency: float
    shift: tuple


EXPOSURES = (
    CcdExposure("exposure_1", "2019-03-02T03:10:00", 2.9, 1.0, (0.0, 0.0)),
    CcdExposure("exposure_2", "2019-03-02T03:12:00", 3.1, 0.93, (3.4, -2.2)),
    CcdExposure("exposure_3", "2019-03-02T03:14:00", 3.3, 0.97, (-1.7, 4.1)),
)


class StarSky(NamedTuple):
    """Stars on the sky of the CCD camera.

    Attributes
    ----------
    x, y : ndarray, shape (stars,)
        Positions in the first exposure, pixels, 0-based.
    magnitude : ndarray, shape (exposures, stars)
    """

    x: np.ndarray
    y: np.ndarray
    magnitude: np.ndarray


def draw_sky(seed):
    """Draw stars at random positions; a few of them vary between exposures.

    Parameters
    ----------
    seed : int
        Seed of the random numbers.

    Returns
    -------
    StarSky
    """
    rng = np.random.default_rng([seed, 501])
    x = rng.uniform(0, SHAPE[1] - 1, _STARS)
    y = rng.uniform(0, SHAPE[0] - 1, _STARS)
    magnitude = 18.5 + np.log10(rng.random(_STARS)) / 0.3
    magnitude = np.repeat(np.maximum(magnitude, 11.5)[None], len(EXPOSURES), axis=0)
    bright = np.flatnonzero((magnitude[0] > 14) & (magnitude[0] < 16.5))[:_VARIABLES]
    magnitude[:, bright] += rng.normal(0, 0.15, (len(EXPOSURES), len(bright)))
    return StarSky(x, y, magnitude)


def camera(seed):
    """Return the flat field and the dark counts of the camera.

    Parameters
    ----------
    seed : int
        Seed of the random numbers.

    Returns
    -------
    flat : ndarray, shape (ny, nx)
        Relative sensitivity; the maximum is 1.
    dark : ndarray, shape (ny, nx)
        Expected dark counts of an exposure.
    """
    rng = np.random.default_rng([seed, 502])
    y, x = np.indices(SHAPE) / np.array(SHAPE)[:, None, None] - 0.5
    flat = 1 - 0.35 * (x**2 + y**2) / 0.5
    for _ in range(4):  # shadows of dust grains
        column, row = rng.uniform(-0.45, 0.45, 2)
        flat -= 0.06 * np.exp(-((x - column) ** 2 + (y - row) ** 2) / (2 * 0.02**2))
    flat *= rng.normal(1, 0.01, SHAPE)
    dark = np.full(SHAPE, DARK_CURRENT * EXPOSURE_TIME)
    hot = rng.integers(0, SHAPE[0], (2, _HOT))
    dark[tuple(hot)] += rng.uniform(100, 3000, _HOT)
    return flat / flat.max(), dark


def read_out(counts, rng):
    """Read out an exposure: add Poisson noise, read noise and bias, and round.

    Parameters
    ----------
    counts : ndarray, shape (ny, nx)
        Expected counts of light and dark current.
    rng : numpy.random.Generator
        Random numbers.

    Returns
    -------
    ndarray of uint16, shape (ny, nx)
    """
    electrons = rng.poisson(counts * GAIN) + rng.normal(0, READ_NOISE, SHAPE)
    return np.clip(np.rint(electrons / GAIN + BIAS), 0, SATURATION).astype(np.uint16)


def calibration_frames(seed, number=9):
    """Return a dark and a flat, each the median of several exposures.

    Parameters
    ----------
    seed : int
        Seed of the random numbers.
    number : int, optional
        Number of exposures per median.

    Returns
    -------
    dark, flat : ndarray, shape (ny, nx)
        Counts; the dark includes the bias, the flat does not.
    """
    flat, dark = camera(seed)
    rng = np.random.default_rng([seed, 503])
    darks = [read_out(dark, rng) for _ in range(number)]
    flats = [read_out(20000 * flat, rng) for _ in range(number)]
    return np.median(darks, axis=0), np.median(flats, axis=0) - BIAS


def expose(index, sky, seed):
    """Simulate one raw exposure.

    Parameters
    ----------
    index : int
        Index of the exposure in `EXPOSURES`.
    sky : StarSky
        Stars on the sky.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    raw : ndarray of uint16, shape (ny, nx)
    x, y, magnitude : ndarray
        Positions (pixels, 0-based) and magnitudes of the stars inside the exposure.
    """
    exposure = EXPOSURES[index]
    rng = np.random.default_rng([seed, 504, index])
    flat, dark = camera(seed)
    psf = psf_profile(Psf(exposure.fwhm))
    grid = jacobian(np.eye(2) * SCALE / 3600)
    x, y = sky.x + exposure.shift[0], sky.y + exposure.shift[1]
    light = np.full(SHAPE, SKY * EXPOSURE_TIME)
    for column, row, magnitude in zip(x, y, sky.magnitude[index], strict=True):
        flux = exposure.transparency * 10 ** (-0.4 * (magnitude - ZERO_POINT))
        add(light, psf * flux, grid, column, row, 60 if magnitude < 16 else 25)
    shape = Galaxy(6.0, 14.0, 3.0, 0.6, 40.0)
    galaxy = convolved(galaxy_profile(shape, 3e5, 4e5), psf) * exposure.transparency
    add(light, galaxy, grid, GALAXY[0] + exposure.shift[0], GALAXY[1] + exposure.shift[1], 80)
    counts = np.maximum(light, 0) * flat + dark
    hits = rng.integers(0, SHAPE[0], (2, _COSMIC))
    counts[tuple(hits)] += rng.uniform(500, 5000, _COSMIC)
    inside = (x > 0) & (x < SHAPE[1] - 1) & (y > 0) & (y < SHAPE[0] - 1)
    return read_out(counts, rng), x[inside], y[inside], sky.magnitude[index][inside]
