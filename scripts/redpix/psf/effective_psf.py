"""Effective point spread functions: what a star leaves in a pixel, by the pixel's distance from it.

After Anderson & King (2000), with pixels' sensitivity already in it: the share of a star's flux in
a pixel whose centre lies (dx, dy) from the star. It is kept as coefficients of cubic B-splines on a
grid finer than the pixels, each a polynomial of the place in the image, so that stamps and their
derivatives at any place are two products of matrices. Coordinates are 0-based.
"""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import spline_filter

#: stars whose stamps are made at a time, which bounds memory
_CHUNK = 256


class EffectivePsf(NamedTuple):
    """A spline in the offset from the star whose coefficients are polynomials of the place.

    Attributes
    ----------
    terms : ndarray, shape (t, k, k)
        Coefficients of 1, x, x^2, ..., y, xy, ... with x and y from -1 to 1 over the image;
        k is odd, its middle is the star's place.
    degree : int
    shape : (int, int)
        ny, nx of the image.
    step : float
        Distance of the grid's nodes, pixels.
    fwhm : float
        In the middle of the image, pixels.
    stars : int
        From which it was made.
    """

    terms: np.ndarray
    degree: int
    shape: tuple
    step: float
    fwhm: float
    stars: int

    @property
    def reach(self):
        """Largest half-width of a stamp, pixels."""
        return int((self.terms.shape[1] // 2 - 2) * self.step - 1)

    def stamps(self, x, y, half, derivatives=True, middle=None):
        """Stamps about the pixels nearest to some places.

        Parameters
        ----------
        x, y : ndarray, shape (n,)
        half : int
            Stamps have 2 half + 1 pixels a side.
        derivatives : bool
        middle : (ndarray, ndarray), optional
            Columns and rows of other pixels, at most one away, that the stamps are about.

        Returns
        -------
        value, by_x, by_y : ndarray, shape (n, side, side)
            Share of the flux in each pixel, and its change as the star moves by a pixel; value
            alone without derivatives.
        """
        column, row = middle or (np.rint(x), np.rint(y))
        parts = [
            self._stamps(
                x[some], y[some], x[some] - column[some], y[some] - row[some], half, derivatives
            )
            for some in (slice(first, first + _CHUNK) for first in range(0, len(x), _CHUNK))
        ]
        if not parts:
            empty = np.zeros((0, 2 * half + 1, 2 * half + 1))
            return (empty, empty, empty) if derivatives else empty
        made = [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]
        return made if derivatives else made[0]

    def _stamps(self, x, y, dx, dy, half, derivatives):
        middle = self.terms.shape[1] // 2
        inner = min(int(np.ceil((half + 1) / self.step)) + 2, middle)
        cut = slice(middle - inner, middle + inner + 1)
        terms = self.terms[:, cut, cut]
        powers = place_powers(x, y, self.shape, self.degree)
        table = np.tensordot(powers, terms, axes=1)
        pixels = np.arange(-half, half + 1)
        knots = 2 * inner + 1
        along_x, along_y = ((pixels - offset[:, None]) / self.step + inner for offset in (dx, dy))
        value_x = spline_matrix(along_x, knots, b_spline).transpose(0, 2, 1)
        value_y = spline_matrix(along_y, knots, b_spline)
        rows = value_y @ table
        value = rows @ value_x
        if not derivatives:
            return (value,)
        slope_x = spline_matrix(along_x, knots, b_spline_slope).transpose(0, 2, 1)
        slope_y = spline_matrix(along_y, knots, b_spline_slope)
        return value, rows @ slope_x / -self.step, (slope_y @ table) @ value_x / -self.step


def spline_matrix(position, knots, spline):
    """Values of the splines of all knots at some positions.

    Parameters
    ----------
    position : ndarray, shape (n, side)
        In steps, the first knot at 0; two knots lie beyond it on either side.
    knots : int
    spline : callable
        Zero at distance 2 and beyond.

    Returns
    -------
    ndarray, shape (n, side, knots)
    """
    first = np.floor(position).astype(np.intp) - 1
    near = first[..., None] + np.arange(4)
    whole = np.zeros((*position.shape, knots))
    np.put_along_axis(whole, near, spline(position[..., None] - near), axis=2)
    return whole


def place_powers(x, y, shape, degree):
    """1, x, x^2, ..., y, xy, ... of places scaled to -1...1 over an image; shape (n, t)."""
    u = 2 * np.asarray(x, float) / max(shape[1] - 1, 1) - 1
    v = 2 * np.asarray(y, float) / max(shape[0] - 1, 1) - 1
    return np.stack(
        [u**i * v**j for j in range(degree + 1) for i in range(degree + 1 - j)], axis=-1
    )


def b_spline(t):
    """Cubic B-spline, its nodes at distance 1."""
    t = abs(t)
    near = 2 / 3 - t * t * (1 - t / 2)
    far = np.maximum(2 - t, 0)
    return np.where(t < 1, near, far * far * far / 6)


def b_spline_slope(t):
    """Derivative of the cubic B-spline."""
    size = abs(t)
    far = np.maximum(2 - size, 0)
    return np.where(size < 1, t * (1.5 * size - 2), -np.sign(t) * far * far / 2)


def spline_terms(profile, places, degree, shape):
    """Polynomials of the place for a profile that is given at some places.

    Parameters
    ----------
    profile : ndarray, shape (n, k, k)
        Values at the grid's nodes.
    places : (ndarray, ndarray)
        x, y of the n places.
    degree : int
    shape : (int, int)

    Returns
    -------
    ndarray, shape (t, k, k)
    """
    powers = place_powers(*places, shape, degree)
    fitted = np.linalg.lstsq(powers, profile.reshape(len(profile), -1), rcond=None)[0]
    side = profile.shape[1]
    return np.stack([spline_filter(term.reshape(side, side), 3, mode="mirror") for term in fitted])
