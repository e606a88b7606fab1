"""Map from the pixels of a science image to those of its reference, kept in the header of D."""

import numpy as np

#: degree of the polynomials of the map
DEGREE = 3

#: cards of the coefficients along x and y of the reference, with their number
CARDS = "MAPX{}", "MAPY{}"

#: steps of Newton's method by which the map is inverted
STEPS = 8


def map_cards(transform, shape):
    """Return the FITS cards of a transform.

    Parameters
    ----------
    transform : callable
        ``transform(x, y)`` from 0-based pixels of the science image to those of the reference.
    shape : (int, int)
        ny, nx of the science image.

    Returns
    -------
    list of (str, float, str)
        Coefficients of a polynomial of x and y that are scaled to -1 ... 1.
    """
    columns, rows = (np.linspace(0, length - 1, 12) for length in shape[::-1])
    x, y = (axis.ravel() for axis in np.meshgrid(columns, rows))
    places = np.transpose(transform(x, y))
    terms = np.linalg.lstsq(_powers(x, y, shape), places, rcond=None)[0]
    return [
        (card.format(number), float(value), f"[pix] place in the reference, {axis}")
        for card, column, axis in zip(CARDS, terms.T, "xy", strict=True)
        for number, value in enumerate(column)
    ]


class ReferenceMap:
    """Map from the pixels of a science image to those of its reference.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Header of D.

    Attributes
    ----------
    shape : (int, int)
        ny, nx of the science image.
    """

    def __init__(self, header):
        self.shape = header["NAXIS2"], header["NAXIS1"]
        number = (DEGREE + 1) * (DEGREE + 2) // 2
        self._terms = np.array([[header[c.format(n)] for c in CARDS] for n in range(number)])

    def __call__(self, x, y):
        """Return x and y in the reference, 0-based, of positions in the science image."""
        return (_powers(np.asarray(x, float), np.asarray(y, float), self.shape) @ self._terms).T

    def inverse(self, u, v):
        """Return x and y in the science image, 0-based, of positions in the reference."""
        u, v = np.asarray(u, float), np.asarray(v, float)
        x, y = np.full(u.shape, self.shape[1] / 2), np.full(u.shape, self.shape[0] / 2)
        for _ in range(STEPS):
            a, b = self(x, y)
            right, up = self(x + 1, y), self(x, y + 1)
            xx, xy, yx, yy = right[0] - a, up[0] - a, right[1] - b, up[1] - b
            determinant = xx * yy - xy * yx
            x = x + (yy * (u - a) - xy * (v - b)) / determinant
            y = y + (xx * (v - b) - yx * (u - a)) / determinant
        return x, y


def _powers(x, y, shape):
    """Return the terms of the polynomial, shape (n, terms)."""
    x, y = 2 * x / (shape[1] - 1) - 1, 2 * y / (shape[0] - 1) - 1
    terms = [x**i * y**j for j in range(DEGREE + 1) for i in range(DEGREE + 1 - j)]
    return np.stack(terms, axis=-1)
