"""Measure the sky about the stars of an image where its background is not flat.

The light of a galaxy as wide as the image, or scattered light, lies beneath the stars.
A PSF that is made with it has wrong wings, and fluxes by it are wrong.
"""

from typing import NamedTuple

import numpy as np
from astropy.stats import mad_std
from scipy.spatial import cKDTree

#: inner and outer radius of the ring that is taken for sky, FWHM
RING = (5.0, 8.0)

#: number of bright stars that show whether the background is flat
JUDGES = 40

#: robust scatter of their skies about 0, in units of the noise, up to which it is flat
FLAT = 1.7

#: radius of the light of a star, FWHM, and share of it up to which the sky does not matter
CORE, LEAST_SHARE = 2.5, 0.01

#: radius about another source in which pixels are left out, FWHM and its half-light radii
AROUND = (2.0, 2.0)

#: minimum number of pixels of a ring
_LEAST_PIXELS = 40

#: residual above which a pixel is left out, in standard deviations, and number of rounds
_CLIP, _ROUNDS = 3.0, 3

#: median of the absolute value of a normal deviate, in standard deviations
_MEDIAN_OFFSET = 0.6745


class LocalSky(NamedTuple):
    """Planes of the sky about stars.

    Attributes
    ----------
    x, y : ndarray, shape (n,)
        0-based positions of the stars, pixels.
    plane : ndarray, shape (n, 3)
        Level at the star and its slopes along x and y per pixel, in the unit of the image.
    """

    x: np.ndarray
    y: np.ndarray
    plane: np.ndarray

    def on(self, stamps):
        """Return the sky on the pixels of the stamps of the stars.

        Parameters
        ----------
        stamps : redpix.psf.star_stamps.StarStamps
            Stamps of the same stars.

        Returns
        -------
        ndarray, shape (n, side, side)
        """
        return self.on_squares(stamps.column, stamps.row, stamps.half)

    def on_squares(self, column, row, half):
        """Return the sky on the pixels of squares about the stars.

        Parameters
        ----------
        column, row : ndarray, shape (n,)
            0-based central pixels.
        half : int
            Half-width, pixels.

        Returns
        -------
        ndarray, shape (n, 2 * half + 1, 2 * half + 1)
        """
        axis = np.arange(-half, half + 1)
        level, by_x, by_y = self.plane.T[..., None]
        along = by_x * (column[:, None] + axis - self.x[:, None])
        down = by_y * (row[:, None] + axis - self.y[:, None])
        return (level + along)[:, None, :] + down[:, :, None]

    def take(self, rows):
        """Return the sky about some of the stars.

        Parameters
        ----------
        rows : ndarray of int
            Numbers of the stars.

        Returns
        -------
        LocalSky
        """
        return LocalSky._make(column[rows] for column in self)


def local_sky(image, variance, invalid, stars, sources, fwhm):
    """Return the sky about stars; planes of 0 where the background is flat.

    Parameters
    ----------
    image, variance : ndarray, shape (ny, nx)
        Pixels without their large-scale background, and their variance.
    invalid : ndarray of bool, shape (ny, nx)
        Pixels that are left out.
    stars : ndarray, shape (n, 3)
        x, y (0-based, pixels) and flux of the stars, the brightest first.
    sources : ndarray, shape (m, 4)
        x, y (0-based, pixels), flux and half-light radius of all sources.
    fwhm : float
        FWHM of the stars, pixels.

    Returns
    -------
    LocalSky
    """
    flux = stars[:, 2] / (np.pi * (CORE * fwhm) ** 2)
    stars = stars[:, :2]
    tree = cKDTree(sources[:, :2])
    planes, errors = np.zeros((len(stars), 3)), np.full(len(stars), np.inf)
    for number, place in enumerate(stars):
        if number == JUDGES and is_flat(planes[:number, 0], errors[:number], flux[:number]):
            break
        near = sources[tree.query_ball_point(place, (RING[1] + AROUND[0]) * fwhm)]
        others = near[np.linalg.norm(near[:, :2] - place, axis=1) > 2]
        planes[number], errors[number] = _plane(place, image, variance, invalid, others, fwhm)
    if is_flat(planes[:, 0], errors, flux):
        planes[:] = 0
    return LocalSky(stars[:, 0], stars[:, 1], planes)


def is_flat(level, error, light):
    """Return whether the levels of the sky about stars are 0 within noise, or do not matter.

    Parameters
    ----------
    level, error : ndarray, shape (n,)
        Levels and their 1-sigma errors; infinite where a level is not measured.
    light : ndarray, shape (n,)
        Mean light of each star in the pixels of its PSF.

    Returns
    -------
    bool
    """
    measured = np.isfinite(error)
    if np.count_nonzero(measured) < 3:
        return True
    level, error, light = level[measured], error[measured], light[measured]
    if np.sum(abs(level)) < LEAST_SHARE * np.sum(light):
        return True
    return bool(np.median(abs(level / error)) < FLAT * _MEDIAN_OFFSET)


def _plane(place, image, variance, invalid, others, fwhm):
    """Return level and slopes of the sky about a star, and the error of the level."""
    reach = int(np.ceil(RING[1] * fwhm))
    region = tuple(
        slice(max(0, round(float(at)) - reach), min(length, round(float(at)) + reach + 1))
        for at, length in zip(place[::-1], image.shape, strict=True)
    )
    rows, columns = np.ogrid[region]
    across, down = columns - place[0], rows - place[1]
    distance2 = across**2 + down**2
    usable = (distance2 > (RING[0] * fwhm) ** 2) & (distance2 < (RING[1] * fwhm) ** 2)
    usable &= ~invalid[region] & np.isfinite(image[region])
    for other_x, other_y, _, size in others:
        away2 = (columns - other_x) ** 2 + (rows - other_y) ** 2
        usable &= away2 > (AROUND[0] * fwhm + AROUND[1] * size) ** 2
    values = image[region][usable].astype(float)
    if len(values) < _LEAST_PIXELS:
        return np.zeros(3), np.inf
    noise = np.sqrt(np.median(variance[region][usable]))
    down, across = (np.broadcast_to(axis, usable.shape)[usable] for axis in (down, across))
    design = np.stack([np.ones(len(values)), across, down], axis=1)
    kept = abs(values - np.median(values)) < _CLIP * max(noise, mad_std(values))
    for _ in range(_ROUNDS):
        if np.count_nonzero(kept) < _LEAST_PIXELS:
            return np.zeros(3), np.inf
        normal = design[kept].T @ design[kept]
        inverse = np.linalg.pinv(normal, hermitian=True)
        fit = inverse @ (design[kept].T @ values[kept])
        kept = abs(values - design @ fit) < _CLIP * noise
    return fit, noise * np.sqrt(inverse[0, 0])
