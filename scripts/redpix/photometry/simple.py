"""Simple photometry: peaks, centroids, widths and the flux under a Gaussian, star by star.

The steps of a course in CCD photometry, each as it is taught there. Images are [y, x], free of sky;
coordinates are 0-based.
"""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import maximum_filter
from scipy.spatial import cKDTree

from redpix.core.exceptions import InputError

#: of a peak's 8 neighbours so many exceed half of it, or it is a hot pixel
LEAST_NEIGHBOURS = 4

#: the 8 neighbours of a pixel
_NEIGHBOURS = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]


class Stars(NamedTuple):
    """Measured stars, arrays of one length."""

    peak_x: np.ndarray
    peak_y: np.ndarray
    centroid_x: np.ndarray
    centroid_y: np.ndarray
    width_x: np.ndarray
    width_y: np.ndarray
    psf_flux: np.ndarray


class Rejected(NamedTuple):
    """Peaks that are no stars that could be measured."""

    peak_x: np.ndarray
    peak_y: np.ndarray
    reason: np.ndarray


def find_peaks(image, threshold):
    """Pixels no lower than their 8 neighbours and above a threshold, hot pixels left out.

    Beyond the image's edge, and where it is NaN, there is nothing.

    Parameters
    ----------
    image : ndarray
    threshold : float

    Returns
    -------
    y, x : ndarray of int
        By y, then x.
    hot : ndarray of bool
        Peaks of whose neighbours less than `LEAST_NEIGHBOURS` exceed half of them.
    """
    known = np.where(np.isfinite(image), image, -np.inf)
    peak = (known > threshold) & (known == maximum_filter(known, 3, mode="constant", cval=-np.inf))
    y, x = np.nonzero(peak)
    padded = np.pad(known, 1, constant_values=-np.inf)
    count = sum(padded[y + 1 + dy, x + 1 + dx] > known[y, x] / 2 for dy, dx in _NEIGHBOURS)
    return y, x, np.asarray(count) < LEAST_NEIGHBOURS


def in_clusters(x, y, distance):
    """Which points have another closer than `distance`: the peaks on a flat, saturated top."""
    crowded = np.zeros(len(x), bool)
    if len(x) > 1:
        near, _ = cKDTree(np.column_stack([x, y])).query(np.column_stack([x, y]), k=2)
        crowded = near[:, 1] < distance
    return crowded


def cut_out(image, x, y, window):
    """Square window about a pixel.

    Raises
    ------
    InputError
        If the window reaches beyond the image.
    """
    half = window // 2
    ny, nx = image.shape
    if not (half <= x < nx - half and half <= y < ny - half):
        raise InputError(
            f"peak at x={x}, y={y} is nearer to the edge than half the window of {window} pixels"
        )
    return image[y - half : y + half + 1, x - half : x + half + 1]


def centroid(stamp):
    """Centre of light of a stamp (x, y), from its first pixel."""
    rows, columns = np.indices(stamp.shape)
    total = stamp.sum()
    return (columns * stamp).sum() / total, (rows * stamp).sum() / total


def widths(stamp):
    """Second-moment widths (x, y) of a stamp; NaN where its noise leaves none."""
    rows, columns = np.indices(stamp.shape)
    total = stamp.sum()
    x, y = centroid(stamp)
    variance = np.array(
        [
            (columns**2 * stamp).sum() / total - x**2,
            (rows**2 * stamp).sum() / total - y**2,
        ]
    )
    return np.sqrt(np.where(variance > 0, variance, np.nan))


def gaussian(window, x, y, width_x, width_y):
    """Gaussian of unit sum on a stamp, its centre at x, y from the stamp's first pixel."""
    axis = np.arange(window)
    profile_x = np.exp(-((axis - x) ** 2) / (2 * width_x**2))
    profile_y = np.exp(-((axis - y) ** 2) / (2 * width_y**2))
    stamp = profile_y[:, None] * profile_x
    return stamp / stamp.sum()


def psf_flux(stamp, psf):
    """Flux of a star of profile `psf`: sum(f p) / sum(p^2)."""
    return (stamp * psf).sum() / (psf**2).sum()


def measure(image, threshold, window, separation, shared_width=False):
    """Stars of an image.

    Parameters
    ----------
    image : ndarray
        Free of sky; NaN where masked.
    threshold : float
        Counts.
    window : int
        Odd side of the square in which a star is measured, pixels.
    separation : float
        Stars with a centroid closer to another's are dropped, pixels.
    shared_width : bool
        All stars have the median width, which spares faint ones the noise of their own.

    Returns
    -------
    Stars
        The brightest first.
    Rejected
    """
    y, x, hot = find_peaks(image, threshold)
    refused = [(int(i), int(j), "hot pixel") for i, j in zip(x[hot], y[hot], strict=True)]
    rows = []
    for column, row in zip(x[~hot].tolist(), y[~hot].tolist(), strict=True):
        try:
            rows.append(_shape(image, column, row, window))
        except InputError as error:
            refused.append((column, row, str(error)))
    table = np.array(rows, float).reshape(-1, 6)
    crowded = in_clusters(table[:, 2], table[:, 3], separation)
    reason = f"centroid within {separation:g} pixels of another: saturated, or crowded"
    refused += [(int(row[0]), int(row[1]), reason) for row in table[crowded]]
    table = table[~crowded]
    if shared_width and len(table):
        table[:, 4:] = np.median(table[:, 4:], axis=0)
    flux = np.array([_flux(image, row, window) for row in table])
    order = np.lexsort((table[:, 0], table[:, 1], -flux))
    table = table[order]
    stars = Stars(*table[:, :2].astype(int).T, *table[:, 2:].T, flux[order])
    refused.sort(key=lambda item: (item[1], item[0]))
    columns = zip(*refused, strict=True) if refused else ([], [], [])
    return stars, Rejected(*map(np.array, columns))


def _shape(image, x, y, window):
    stamp = cut_out(image, x, y, window)
    if not np.isfinite(stamp).all():
        raise InputError("masked pixels in its window")
    if not stamp.sum() > 0:
        raise InputError("no light in its window")
    column, row = centroid(stamp)
    width_x, width_y = widths(stamp)
    if not (0 <= column < window and 0 <= row < window and np.isfinite(width_x + width_y)):
        raise InputError("no width in its window")
    return x, y, x - window // 2 + column, y - window // 2 + row, width_x, width_y


def _flux(image, row, window):
    x, y = int(row[0]), int(row[1])
    half = window // 2
    profile = gaussian(window, row[2] - x + half, row[3] - y + half, row[4], row[5])
    return psf_flux(cut_out(image, x, y, window), profile)


def model_image(stars, shape, window):
    """Image of the stars as they were measured."""
    model, half = np.zeros(shape), window // 2
    for x, y, *rest, flux in zip(*stars, strict=True):
        profile = gaussian(window, rest[0] - x + half, rest[1] - y + half, rest[2], rest[3])
        model[y - half : y + half + 1, x - half : x + half + 1] += flux * profile
    return model
