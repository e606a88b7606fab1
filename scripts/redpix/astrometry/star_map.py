"""One epoch put onto the pixels of another, and what stars in both say of the two.

Coordinates are 0-based, images [y, x]. "new" is the image whose pixels stay, "reference" the one
that is resampled.
"""

from typing import NamedTuple

import numpy as np
from astropy.stats import mad_std
from scipy.spatial import cKDTree

from redpix.image.homography import Offsets

#: least number of stars from which the map between two images is refined
LEAST_STARS = 8


class Map(NamedTuple):
    """Where pixels of the new image lie in the reference: what the WCS say, and a polynomial.

    Attributes
    ----------
    matrix : ndarray, shape (3, 3)
        From `redpix.image.homography.homography`, new to reference.
    shape : (int, int)
        Of the new image; scales the polynomial.
    correction : ndarray, shape (n, 2)
        Polynomial added to x and y.
    residual : (float, float)
        Robust scatter of the stars about the map along x and y, pixels.
    stars : int
        That the map was fitted to.
    distortion : redpix.image.homography.Offsets or None
        What the two WCS state of it, added to x and y.
    """

    matrix: np.ndarray
    shape: tuple
    correction: np.ndarray
    residual: tuple = (0.0, 0.0)
    stars: int = 0
    distortion: Offsets | None = None

    @property
    def terms(self):
        """Of the polynomial: 3 or 6."""
        return 6 if self.correction[3:].any() else 3

    def __call__(self, x, y):
        u, v, w = np.tensordot(self.matrix, np.stack([x, y, np.ones_like(x)]), axes=1)
        terms = _terms(x, y, self.shape)
        dx, dy = np.tensordot(self.correction.T, terms, axes=1)
        if self.distortion:
            dx, dy = np.add((dx, dy), self.distortion(x, y))
        return u / w + dx, v / w + dy


def _terms(x, y, shape):
    x, y = x / (shape[1] / 2) - 1, y / (shape[0] / 2) - 1
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y])


def fit_map(matrix, shape, new, reference, radius=3.0, terms=None, distortion=None):
    """Refine the map that the WCS gives with stars that both images show.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3)
        Homography from the pixels of the new image to those of the reference.
    shape : (int, int)
        Of the new image.
    new, reference : ndarray, shape (n, 2) and (m, 2)
        x, y of stars.
    radius : float
        A star is found this near to where the WCS has it, pixels.
    terms : int, optional
        Of the polynomial: 3 (linear) or 6; by default 6 from 40 stars on.
    distortion : redpix.image.homography.Offsets, optional
        What the two WCS state beyond the homography.

    Returns
    -------
    Map
        Without correction where fewer than `LEAST_STARS` stars are matched.
    """
    still = Map(matrix, shape, np.zeros((6, 2)), distortion=distortion)
    if not len(new) or not len(reference):
        return still
    x, y = new[:, 0].astype(float), new[:, 1].astype(float)
    places = np.transpose(still(x, y))
    distance, nearest = cKDTree(reference).query(places)
    matched = distance < radius
    offsets = reference[nearest] - places
    powers = _terms(x, y, shape).T
    terms = terms or (6 if np.sum(matched) >= 40 else 3)
    for _ in range(5):
        if np.sum(matched) < LEAST_STARS:
            return still
        fit = np.linalg.lstsq(powers[matched, :terms], offsets[matched], rcond=None)[0]
        rest = offsets - powers[:, :terms] @ fit
        limit = 4 * np.maximum(mad_std(rest[matched], axis=0), 0.005)
        matched = (distance < radius) & np.all(abs(rest) < limit, axis=1)
    correction = np.zeros((6, 2))
    correction[:terms] = fit
    scatter = tuple(map(float, mad_std(rest[matched], axis=0)))
    return Map(matrix, shape, correction, scatter, int(matched.sum()), distortion)


def left_out(fit, place, places, parts=4):
    """What a map says of stars beyond what it would say had it not been fitted to them.

    Parameters
    ----------
    fit : callable
        ``fit(places)``: a map from some of the stars.
    place : callable
        The map that was fitted to all of them.
    places : ndarray, shape (n, 2)
        x, y of stars in the new image.
    parts : int
        As many fits are made, each without one part of the stars.

    Returns
    -------
    ndarray, shape (n, 2)
        x, y by `place` less that by the map without the star: to be added to the offset that a
        star has after `resample`.
    """
    part = np.arange(len(places)) % parts
    change = np.zeros(places.shape)
    for number in range(parts):
        x, y = places[part == number].T
        without = fit(places[part != number])
        change[part == number] = np.transpose(np.subtract(place(x, y), without(x, y)))
    return change
