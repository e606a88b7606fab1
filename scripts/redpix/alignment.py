"""One epoch put onto the pixels of another, and what stars in both say of the two.

Coordinates are 0-based, images [y, x]. "new" is the image whose pixels stay, "reference" the one
that is resampled.
"""

from typing import NamedTuple

import numpy as np
from astropy.stats import mad_std
from scipy import fft
from scipy.spatial import cKDTree

from redpix.geometry import Offsets

#: least number of stars from which the map between two images is refined
LEAST_STARS = 8

#: largest share of pixels without a value about a star that is compared
MOST_UNKNOWN = 0.05


class Map(NamedTuple):
    """Where pixels of the new image lie in the reference: what the WCS say, and a polynomial.

    Attributes
    ----------
    matrix : ndarray, shape (3, 3)
        From `redpix.geometry.homography`, new to reference.
    shape : (int, int)
        Of the new image; scales the polynomial.
    correction : ndarray, shape (n, 2)
        Polynomial added to x and y.
    residual : (float, float)
        Robust scatter of the stars about the map along x and y, pixels.
    stars : int
        That the map was fitted to.
    distortion : redpix.geometry.Offsets or None
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
    distortion : redpix.geometry.Offsets, optional
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


class StarFit(NamedTuple):
    """What stars say of two epochs on the same pixels; a row a star.

    Attributes
    ----------
    ratio : ndarray
        Flux in the reference over that in the new image.
    ratio_error : ndarray
    offset : ndarray, shape (n, 2)
        Of the reference's star from the new image's along x and y, pixels.
    offset_error : ndarray, shape (n, 2)
    index : ndarray of int
        Which of the stars it is: those at the edge are left out.
    """

    ratio: np.ndarray
    ratio_error: np.ndarray
    offset: np.ndarray
    offset_error: np.ndarray
    index: np.ndarray


def fit_stars(new, reference, new_variance, reference_variance, psf_new, psf_reference, x, y):
    """Flux ratio and shift of each star, from stamps brought to one PSF.

    Each image is convolved with the PSF of the other, after which a star differs between them by
    a factor, a shift and a background, which are fitted linearly.

    Parameters
    ----------
    new, reference, new_variance, reference_variance : ndarray
    psf_new, psf_reference : callable
        ``psf(x, y)``: the stamp at a place.
    x, y : ndarray
        Places of stars; those with a pixel without value within 8 pixels are left out, and those
        with many farther away.

    Returns
    -------
    StarFit
    """
    rows, index = [], []
    pixels = zip(np.rint(x).astype(int), np.rint(y).astype(int), strict=True)
    for number, (star_x, star_y) in enumerate(pixels):
        Pn, Pr = psf_new(star_x, star_y), psf_reference(star_x, star_y)
        half = Pn.shape[0] // 2 + 8
        if star_x < half or star_y < half:
            continue
        part = slice(star_y - half, star_y + half + 1), slice(star_x - half, star_x + half + 1)
        planes = (new, reference, new_variance, reference_variance)
        N, R, Vn, Vr = stamps = [plane[part].astype(float) for plane in planes]
        if N.shape != (2 * half + 1,) * 2:
            continue
        inner = slice(half - 8, half + 9), slice(half - 8, half + 9)
        unknown = ~np.isfinite(sum(stamps))
        if unknown[inner].any() or unknown.mean() > MOST_UNKNOWN:
            continue
        for stamp in stamps:
            stamp[unknown] = 0
        N, R = _convolved(N, Pr)[inner], _convolved(R, Pn)[inner]
        noise = _convolved(Vn, Pr**2) + _convolved(Vr, Pn**2)
        slope_y, slope_x = np.gradient(N)
        # R(x) = ratio N(x - d) + background
        design = np.stack([N, -slope_x, -slope_y, np.ones_like(N)]).reshape(4, -1)
        # noise of neighbours is correlated over the PSF's area: as many pixels fewer
        weight = 1 / np.maximum(noise[inner], 1e-30).ravel()
        area = 1 / np.sum(_convolved(np.pad(Pn, 8), Pr) ** 2)
        normal = (design * weight) @ design.T
        solution = np.linalg.solve(normal, (design * weight) @ R.ravel())
        error = np.sqrt(np.diag(np.linalg.inv(normal)) * area / 2)
        ratio = solution[0]
        index.append(number)
        rows.append([ratio, error[0], *(solution[1:3] / ratio), *(error[1:3] / abs(ratio))])
    table = np.array(rows).reshape(-1, 6)
    return StarFit(*(table[:, 0], table[:, 1], table[:, 2:4], table[:, 4:6], np.array(index, int)))


def _convolved(image, kernel):
    """Convolution with a centred kernel, zeros beyond the image."""
    shape = [
        fft.next_fast_len(a + b - 1, real=True)
        for a, b in zip(image.shape, kernel.shape, strict=True)
    ]
    whole = fft.irfft2(fft.rfft2(image, shape) * fft.rfft2(kernel, shape), shape)
    low = [(length - 1) // 2 for length in kernel.shape]
    return whole[low[0] : low[0] + image.shape[0], low[1] : low[1] + image.shape[1]]


def excess_scatter(values, errors):
    """Scatter beyond what errors explain: robust, 0 where they explain it all."""
    spread = mad_std(values, axis=0)
    return np.sqrt(np.maximum(spread**2 - np.median(errors, axis=0) ** 2, 0))
