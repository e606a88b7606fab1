"""Effective point spread functions: the fraction of a star's flux in a pixel at an offset from it.

After Anderson & King (2000). The effective PSF is the PSF integrated over a pixel whose centre is
at the offset (dx, dy) from the star. It is a cubic B-spline on a grid finer than the pixels. Each
spline coefficient is a polynomial of the position in the image. Stamps and their derivatives at any
position are then two matrix products. Coordinates are 0-based.
"""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import spline_filter

#: number of stars whose stamps are made at a time; limits memory
_CHUNK = 256


class EffectivePsf(NamedTuple):
    """A spline in the offset from the star whose coefficients are polynomials of the position.

    Attributes
    ----------
    terms : ndarray, shape (t, k, k)
        Spline coefficients of 1, x, x^2, ..., y, xy, ... with x and y from -1 to 1 over the image.
        k is odd, and the star is at the middle node.
    degree : int
        Degree of the polynomials.
    shape : (int, int)
        ny, nx of the image.
    step : float
        Distance between nodes of the grid, pixels.
    fwhm : float
        FWHM in the middle of the image, pixels.
    stars : int
        Number of stars from which the PSF was made.
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
        """Return stamps of stars, centred on the pixels nearest to the stars.

        Parameters
        ----------
        x, y : ndarray, shape (n,)
            0-based positions of the stars.
        half : int
            Half-width: a side has 2 half + 1 pixels.
        derivatives : bool
            Return the derivatives as well.
        middle : (ndarray, ndarray), optional
            Columns and rows of the central pixels. The stamps must lie within the grid.

        Returns
        -------
        value, by_x, by_y : ndarray, shape (n, side, side)
            Fraction of the flux in each pixel, and its derivatives by the star's x and y, per
            pixel. Only `value` without derivatives.
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
        """Return the stamps of a few stars at offsets (dx, dy) from their central pixels."""
        middle = self.terms.shape[1] // 2
        farthest = half + max(1.0, np.abs(dx).max(), np.abs(dy).max())
        inner = min(int(np.ceil(farthest / self.step)) + 2, middle)
        cut = slice(middle - inner, middle + inner + 1)
        terms = self.terms[:, cut, cut]
        powers = position_powers(x, y, self.shape, self.degree)
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
    """Return the values of the splines of all knots at some positions.

    Parameters
    ----------
    position : ndarray, shape (n, side)
        Positions in steps from the first knot; at least two knots lie on either side of each.
    knots : int
        Number of knots.
    spline : callable
        Spline of the distance in steps; 0 from distance 2 on.

    Returns
    -------
    ndarray, shape (n, side, knots)
    """
    first = np.floor(position).astype(np.intp) - 1
    near = first[..., None] + np.arange(4)
    values = np.zeros((*position.shape, knots))
    np.put_along_axis(values, near, spline(position[..., None] - near), axis=2)
    return values


def position_powers(x, y, shape, degree):
    """Return 1, x, x^2, ..., y, xy, ... of positions scaled to -1...1 over an image.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        0-based positions, pixels.
    shape : (int, int)
        ny, nx of the image.
    degree : int
        Degree of the polynomials.

    Returns
    -------
    ndarray, shape (n, t)
    """
    u = 2 * np.asarray(x, float) / max(shape[1] - 1, 1) - 1
    v = 2 * np.asarray(y, float) / max(shape[0] - 1, 1) - 1
    return np.stack(
        [u**i * v**j for j in range(degree + 1) for i in range(degree + 1 - j)], axis=-1
    )


def b_spline(t):
    """Return the cubic B-spline with nodes at distance 1.

    Parameters
    ----------
    t : ndarray
        Distance from the spline's centre.

    Returns
    -------
    ndarray
        Of the shape of `t`.
    """
    t = abs(t)
    near = 2 / 3 - t * t * (1 - t / 2)
    far = np.maximum(2 - t, 0)
    return np.where(t < 1, near, far * far * far / 6)


def b_spline_slope(t):
    """Return the derivative of the cubic B-spline.

    Parameters
    ----------
    t : ndarray
        Distance from the spline's centre.

    Returns
    -------
    ndarray
        Of the shape of `t`.
    """
    size = abs(t)
    far = np.maximum(2 - size, 0)
    return np.where(size < 1, t * (1.5 * size - 2), -np.sign(t) * far * far / 2)


def spline_terms(profile, positions, degree, shape):
    """Return spline coefficients, as polynomials of the position, of a profile given at positions.

    Parameters
    ----------
    profile : ndarray, shape (n, k, k)
        Values at the nodes of the grid.
    positions : (ndarray, ndarray)
        0-based x and y of the n positions.
    degree : int
        Degree of the polynomials.
    shape : (int, int)
        ny, nx of the image.

    Returns
    -------
    ndarray, shape (t, k, k)
    """
    powers = position_powers(*positions, shape, degree)
    fitted = np.linalg.pinv(powers) @ profile.reshape(len(profile), -1)
    side = profile.shape[1]
    return np.stack([spline_filter(term.reshape(side, side), 3, mode="mirror") for term in fitted])
