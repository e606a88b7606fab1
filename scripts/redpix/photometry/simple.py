"""Simple photometry, star by star: peaks, centroids, widths and fluxes under a Gaussian.

The steps are those that courses in CCD photometry teach. Images are [y, x], sky subtracted;
coordinates are 0-based.
"""

from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.photometry.peaks import find_peaks, in_clusters


class SimpleStars(NamedTuple):
    """Measured stars, one value per star.

    Attributes
    ----------
    peak_x, peak_y : ndarray of int, shape (n,)
        0-based brightest pixels.
    centroid_x, centroid_y : ndarray, shape (n,)
        0-based centroids, pixels.
    width_x, width_y : ndarray, shape (n,)
        Second-moment widths, pixels.
    psf_flux : ndarray, shape (n,)
        Flux under a Gaussian of these widths, counts.
    """

    peak_x: np.ndarray
    peak_y: np.ndarray
    centroid_x: np.ndarray
    centroid_y: np.ndarray
    width_x: np.ndarray
    width_y: np.ndarray
    psf_flux: np.ndarray


class Rejected(NamedTuple):
    """Peaks that were not measured as stars.

    Attributes
    ----------
    peak_x, peak_y : ndarray of int, shape (n,)
        0-based pixels.
    reason : ndarray of str, shape (n,)
    """

    peak_x: np.ndarray
    peak_y: np.ndarray
    reason: np.ndarray


def cut_out(image, x, y, window):
    """Return the square window about a pixel.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts.
    x, y : int
        0-based pixel.
    window : int
        Odd side of the window, pixels.

    Returns
    -------
    ndarray, shape (window, window)

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
    """Return the centroid of a stamp.

    Parameters
    ----------
    stamp : ndarray, shape (ny, nx)
        Counts.

    Returns
    -------
    x, y : float
        Pixels from the first pixel of the stamp.
    """
    rows, columns = np.indices(stamp.shape)
    total = stamp.sum()
    return (columns * stamp).sum() / total, (rows * stamp).sum() / total


def widths(stamp):
    """Return the second-moment widths of a stamp.

    Parameters
    ----------
    stamp : ndarray, shape (ny, nx)
        Counts.

    Returns
    -------
    ndarray, shape (2,)
        Widths in x and y, pixels; NaN if noise makes a second moment negative.
    """
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
    """Return a Gaussian of unit sum on a stamp.

    Parameters
    ----------
    window : int
        Side of the stamp, pixels.
    x, y : float
        Centre, pixels from the first pixel of the stamp.
    width_x, width_y : float
        Standard deviations, pixels.

    Returns
    -------
    ndarray, shape (window, window)
    """
    axis = np.arange(window)
    profile_x = np.exp(-((axis - x) ** 2) / (2 * width_x**2))
    profile_y = np.exp(-((axis - y) ** 2) / (2 * width_y**2))
    stamp = profile_y[:, None] * profile_x
    return stamp / stamp.sum()


def psf_flux(stamp, psf):
    """Return the flux of a star of known profile: sum(f p) / sum(p^2).

    Parameters
    ----------
    stamp : ndarray, shape (ny, nx)
        Counts f.
    psf : ndarray, shape (ny, nx)
        Profile p of unit sum.

    Returns
    -------
    float
        Counts.
    """
    return (stamp * psf).sum() / (psf**2).sum()


def measure(image, threshold, window, separation, shared_width=False):
    """Find and measure the stars of an image.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts, sky subtracted; NaN in masked pixels.
    threshold : float
        Minimum value of a peak, counts.
    window : int
        Odd side of the square in which a star is measured, pixels.
    separation : float
        Stars whose centroids are closer are rejected, pixels.
    shared_width : bool
        Use the median width for all stars, because the widths of faint stars are noisy.

    Returns
    -------
    stars : SimpleStars
        The brightest first.
    rejected : Rejected
        Sorted by y, then x.
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
    stars = SimpleStars(*table[:, :2].astype(int).T, *table[:, 2:].T, flux[order])
    refused.sort(key=lambda item: (item[1], item[0]))
    columns = zip(*refused, strict=True) if refused else ([], [], [])
    return stars, Rejected._make(map(np.array, columns))


def _shape(image, x, y, window):
    """Return peak, centroid and widths (x, y) of a star, or raise InputError with the reason."""
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
    """Return the flux under a Gaussian of the shape in a row of `_shape`."""
    x, y = int(row[0]), int(row[1])
    half = window // 2
    profile = gaussian(window, row[2] - x + half, row[3] - y + half, row[4], row[5])
    return psf_flux(cut_out(image, x, y, window), profile)


def model_image(stars, shape, window):
    """Return the image of the measured stars.

    Parameters
    ----------
    stars : SimpleStars
        Measured stars.
    shape : (int, int)
        ny, nx of the image.
    window : int
        Odd side of the square of each star, pixels.

    Returns
    -------
    ndarray, shape (ny, nx)
        Counts.
    """
    model, half = np.zeros(shape), window // 2
    for x, y, centre_x, centre_y, width_x, width_y, flux in zip(*stars, strict=True):
        profile = gaussian(window, centre_x - x + half, centre_y - y + half, width_x, width_y)
        model[y - half : y + half + 1, x - half : x + half + 1] += flux * profile
    return model
