"""Simulated fields of stars whose truth is known, drawn without any code of the project."""

from typing import NamedTuple

import numpy as np

#: nodes and weights of Gauss-Legendre integration over a pixel
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)


class Field(NamedTuple):
    """An image, what it shows, and how its noise came about."""

    image: np.ndarray  #: counts, sky included
    x: np.ndarray  #: 0-based
    y: np.ndarray
    flux: np.ndarray  #: counts
    sky: float
    gain: float
    read_noise: float  #: electrons

    @property
    def sky_variance(self):
        """Counts squared."""
        return self.sky / self.gain + (self.read_noise / self.gain) ** 2


class Moffat(NamedTuple):
    """An elliptical Moffat profile, integrated over pixels; of flux 1 out to infinity."""

    fwhm: float = 3.2
    beta: float = 3.0
    axis_ratio: float = 1.0
    angle: float = 0.0  # radians

    def at(self, dx, dy):
        """Flux in pixels whose centres lie at offsets from the star."""
        alpha = self.fwhm / 2 / np.sqrt(2 ** (1 / self.beta) - 1)
        peak = (self.beta - 1) / (np.pi * alpha**2)
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        total = 0.0
        for u, wu in zip(_NODES / 2, _WEIGHTS / 2, strict=True):
            for v, wv in zip(_NODES / 2, _WEIGHTS / 2, strict=True):
                along = (cos * (dx + u) + sin * (dy + v)) * np.sqrt(self.axis_ratio)
                across = (cos * (dy + v) - sin * (dx + u)) / np.sqrt(self.axis_ratio)
                total = total + wu * wv * (1 + (along**2 + across**2) / alpha**2) ** -self.beta
        return peak * total


def draw(shape, x, y, flux, profile, faintest):
    """Stars without noise; each is drawn out to where it falls below `faintest` counts a pixel."""
    image = np.zeros(shape)
    for column, row, brightness in zip(x, y, flux, strict=True):
        shape_here = profile(column, row) if callable(profile) else profile
        alpha = shape_here.fwhm
        half = alpha * (brightness / (3 * alpha**2 * faintest)) ** (1 / (2 * shape_here.beta))
        half = int(np.clip(half, 10, 150))
        left, right = max(round(column) - half, 0), min(round(column) + half + 1, shape[1])
        bottom, top = max(round(row) - half, 0), min(round(row) + half + 1, shape[0])
        dx = np.arange(left, right) - column
        dy = np.arange(bottom, top)[:, None] - row
        image[bottom:top, left:right] += brightness * shape_here.at(dx, dy)
    return image


def simulate(seed, side=2048, stars=2000, profile=None, sky=200.0, gain=2.0, read_noise=5.0):
    """A field of stars anywhere, their signal to noise from 3 to 3000, faint ones the most.

    The numbers of stars fall as signal to noise to the -0.6, by equal steps of its logarithm.
    """
    rng = np.random.default_rng([seed, 77])
    profile = profile or Moffat()
    x, y = rng.uniform(-0.5, side - 0.5, (2, stars))
    low, high, slope = 3.0, 3000.0, -0.6
    ratio = (low**slope + rng.random(stars) * (high**slope - low**slope)) ** (1 / slope)
    variance = sky / gain + (read_noise / gain) ** 2
    middle = profile(side / 2, side / 2) if callable(profile) else profile
    grid = np.arange(-20, 21)
    area = 1 / np.sum(middle.at(grid, grid[:, None]) ** 2)
    # flux of a star that has so much signal to noise with its own photons counted, nearly
    noise2 = ratio**2 / gain
    flux = noise2 / 2 + np.sqrt(noise2**2 / 4 + ratio**2 * variance * area)
    clean = draw((side, side), x, y, flux, profile, 0.01 * np.sqrt(variance)) + sky
    image = rng.poisson(clean * gain) / gain
    image += rng.normal(0, read_noise / gain, image.shape)
    return Field(image, x, y, flux, sky, gain, read_noise)
