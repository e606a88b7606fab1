"""Profiles of the sky: the glow of amplifiers at an edge or a corner, and patterns of columns."""

import numpy as np

#: what profiles follow, in messages
WORDS = {
    "axes": "the means of columns and rows",
    "corner": "the means at distances from a corner",
}

#: width of the rings about a corner, pixels, and minimum number of pixels of a mean
_RING, _LEAST = 2, 3

#: pixels farther from the mean of their column are left out, standard deviations; rounds of it
_CLIP, _ROUNDS = 4.0, 3

#: side of the corners that are compared, pixels
_CORNER = 32


def profile_of(kind, image, hidden):
    """Return the profile of the sky of an image.

    Parameters
    ----------
    kind : {"axes", "corner"}
        Means of columns and rows, or of rings about the brightest corner.
    image : ndarray, shape (ny, nx)
        Counts.
    hidden : ndarray of bool, shape (ny, nx)
        Masked pixels and sources.

    Returns
    -------
    ndarray, shape (ny, nx)
        Counts.
    """
    return (_of_axes if kind == "axes" else _of_corner)(image, hidden)


def _of_axes(image, hidden):
    """Return the means of the columns plus those of the rows of the rest."""
    columns = _means(image, hidden, 0)
    return columns + _means(image - columns, hidden, 1)[:, None]


def _means(image, hidden, axis):
    """Return means along an axis without pixels far from them, such as stars in a glow."""
    seen, level = ~hidden, None
    for _ in range(_ROUNDS):
        total, count = np.where(seen, image, 0.0).sum(axis=axis), seen.sum(axis=axis)
        level = _between(total, count)
        rest = image - np.expand_dims(level, axis)
        shown = rest[~hidden][:: 1 + rest.size // 1_000_000]
        spread = 1.4826 * np.median(abs(shown)) if len(shown) else 0.0
        seen = ~hidden & (abs(rest) < _CLIP * spread)
    return level


def _of_corner(image, hidden):
    """Return the means of rings about the corner that differs most from the middle."""
    ny, nx = image.shape
    ends = [slice(None, _CORNER), slice(-_CORNER, None)]
    middle = np.median(image[~hidden][:: 1 + image.size // 1_000_000])
    best, corner = -1.0, (0, 0)
    for row, rows in enumerate(ends):
        for column, columns in enumerate(ends):
            values = image[rows, columns][~hidden[rows, columns]]
            if len(values) >= _LEAST and abs(values.mean() - middle) > best:
                best, corner = abs(values.mean() - middle), (row * (ny - 1), column * (nx - 1))
    y, x = (np.arange(side) - end for side, end in zip((ny, nx), corner, strict=True))
    radius = np.hypot(y[:, None], x) / _RING
    ring = radius.astype(int)
    number = ring.max() + 1
    count = np.bincount(ring[~hidden], minlength=number)
    means = _between(np.bincount(ring[~hidden], image[~hidden], minlength=number), count)
    return np.interp(radius, np.arange(number) + 0.5, means)


def _between(total, count):
    """Return means, interpolated where there are too few pixels."""
    good = count >= _LEAST
    if not good.any():
        return np.zeros(len(total))
    places = np.arange(len(total))
    return np.interp(places, places[good], total[good] / count[good])
