"""Transform between the pixels of two images: their WCS, refined by stars in both.

Coordinates are 0-based, images [y, x]. The pixels of the "new" image stay; the "reference" is
resampled.
"""

from typing import NamedTuple

import numpy as np
from astropy.stats import mad_std
from scipy.spatial import cKDTree

from redpix.image.homography import Offsets

#: minimum number of stars that refine the transform between two images
LEAST_STARS = 8


class Map(NamedTuple):
    """Transform from the new image to the reference: homography of the WCS and a polynomial.

    Attributes
    ----------
    matrix : ndarray, shape (3, 3)
        From `redpix.image.homography.homography`, new to reference.
    shape : (int, int)
        Shape of the new image, which scales the polynomial.
    correction : ndarray, shape (n, 2)
        Coefficients of the polynomial that is added to x and y.
    residual : (float, float)
        Robust scatter of the stars about the transform along x and y, pixels.
    stars : int
        Number of stars that the polynomial is fitted to.
    distortion : redpix.image.homography.Offsets or None
        Distortion that the two WCS state, added to x and y.
    """

    matrix: np.ndarray
    shape: tuple
    correction: np.ndarray
    residual: tuple = (0.0, 0.0)
    stars: int = 0
    distortion: Offsets | None = None

    @property
    def terms(self):
        """Number of terms of the polynomial: 3 or 6."""
        return 6 if self.correction[3:].any() else 3

    def __call__(self, x, y):
        u, v, w = np.tensordot(self.matrix, np.stack([x, y, np.ones_like(x)]), axes=1)
        terms = _terms(x, y, self.shape)
        dx, dy = np.tensordot(self.correction.T, terms, axes=1)
        if self.distortion:
            dx, dy = np.add((dx, dy), self.distortion(x, y))
        return u / w + dx, v / w + dy


def _terms(x, y, shape):
    """Return 1, x, y, x^2, x y, y^2 of coordinates that are scaled to -1 ... 1."""
    x, y = x / (shape[1] / 2) - 1, y / (shape[0] / 2) - 1
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y])


def fit_map(matrix, shape, new, reference, radius=3.0, terms=None, distortion=None):
    """Refine the transform of the WCS with the stars that both images show.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3)
        Homography from the pixels of the new image to those of the reference.
    shape : (int, int)
        Shape of the new image.
    new, reference : ndarray, shape (n, 2) and (m, 2)
        x, y of stars.
    radius : float
        Maximum distance of a star from its position by the WCS, pixels.
    terms : {3, 6}, optional
        Number of terms of the polynomial. The default is 6 for 40 stars or more, else 3 (linear).
    distortion : redpix.image.homography.Offsets, optional
        Distortion that the two WCS state beyond the homography.

    Returns
    -------
    Map
        Without correction if fewer than `LEAST_STARS` stars are matched.
    """
    uncorrected = Map(matrix, shape, np.zeros((6, 2)), distortion=distortion)
    if not len(new) or not len(reference):
        return uncorrected
    x, y = new[:, 0].astype(float), new[:, 1].astype(float)
    positions = np.transpose(uncorrected(x, y))
    distance, nearest = cKDTree(reference).query(positions)
    matched = distance < radius
    offsets = reference[nearest] - positions
    powers = _terms(x, y, shape).T
    terms = terms or (6 if np.sum(matched) >= 40 else 3)
    for _ in range(5):
        if np.sum(matched) < LEAST_STARS:
            return uncorrected
        fit = np.linalg.lstsq(powers[matched, :terms], offsets[matched], rcond=None)[0]
        rest = offsets - powers[:, :terms] @ fit
        limit = 4 * np.maximum(mad_std(rest[matched], axis=0), 0.005)
        matched = (distance < radius) & np.all(abs(rest) < limit, axis=1)
    correction = np.zeros((6, 2))
    correction[:terms] = fit
    scatter = tuple(map(float, mad_std(rest[matched], axis=0)))
    return Map(matrix, shape, correction, scatter, int(matched.sum()), distortion)


def left_out(fit, transform, positions, parts=4):
    """Return how far each star moves if the transform is not fitted to it.

    Parameters
    ----------
    fit : callable
        ``fit(positions)``: a transform from some of the stars.
    transform : callable
        The transform that was fitted to all stars.
    positions : ndarray, shape (n, 2)
        x, y of stars in the new image.
    parts : int
        Number of fits, each without one part of the stars.

    Returns
    -------
    ndarray, shape (n, 2)
        x, y by `transform` minus those by a fit without the star. Added to the offset of a star
        after `resample`, it gives the error at stars that were not fitted.
    """
    group = np.arange(len(positions)) % parts
    change = np.zeros(positions.shape)
    for number in range(parts):
        x, y = positions[group == number].T
        without = fit(positions[group != number])
        change[group == number] = np.transpose(np.subtract(transform(x, y), without(x, y)))
    return change
