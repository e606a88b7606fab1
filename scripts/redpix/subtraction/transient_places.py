"""Places of changes: peaks of the score, the tops of the flux near them, and their errors."""

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from redpix.image.parabola import vertex_offset
from redpix.subtraction.transient_shapes import windows

#: half a side of the square in which a flux is interpolated, pixels
ROOM = 5


def find_places(scorr, alpha, alpha_error, threshold, reach):
    """Return the pixels of the changes, the most significant first.

    At a bright star, the errors of registration and calibration damp the score. Its highest pixels
    then lie beside the star. So a change is where the flux has its top, if the score there is above
    the threshold, too. Otherwise it is where the score has its peak.

    Parameters
    ----------
    scorr, alpha, alpha_error : ndarray
        Score, flux of a point source and its error; NaN in invalid pixels.
    threshold : float
        Detection threshold of |Scorr|.
    reach : int
        Minimum distance of two changes along an axis, pixels.

    Returns
    -------
    x, y : ndarray of int
        0-based.
    """
    x, y = climb(scorr, alpha, *peaks(scorr, threshold, reach), threshold, 2 * reach)
    x, y = without_neighbours(x, y, abs(alpha[y, x] / alpha_error[y, x]), reach)
    order = np.lexsort((x, y, -abs(scorr[y, x])))
    return x[order], y[order]


def peaks(scorr, threshold, reach):
    """Return the pixels of the score that are the maximum of the square about them.

    Parameters
    ----------
    scorr : ndarray
        Score; NaN in invalid pixels.
    threshold : float
        Detection threshold of |Scorr|.
    reach : int
        Half a side of the square, pixels.

    Returns
    -------
    x, y : ndarray of int
        0-based.
    """
    with np.errstate(invalid="ignore"):
        y, x = np.nonzero(abs(scorr) > threshold)
    # of equal maxima in a square the first is the peak
    size = (2 * reach + 1) ** 2
    near = abs(windows(scorr, x, y, reach, 0.0)).reshape(len(x), size)
    peak = np.argmax(near, axis=1) == size // 2
    return x[peak], y[peak]


def climb(scorr, alpha, x, y, threshold, farthest):
    """Return the top of the flux that is uphill from each peak of the score.

    Parameters
    ----------
    scorr, alpha : ndarray
        Score and flux of a point source; NaN in invalid pixels.
    x, y : ndarray of int
        Peaks of the score, 0-based.
    threshold : float
        Minimum |Scorr| of a top. A peak whose top is below it stays where it is.
    farthest : int
        Maximum distance of a top from the peak, pixels. A peak whose top is beyond stays.

    Returns
    -------
    x, y : ndarray of int
        0-based.
    """
    sign = np.sign(scorr[y, x])
    top_x, top_y = x.copy(), y.copy()
    for _ in range(farthest):
        near = sign[:, None, None] * windows(alpha, top_x, top_y, 1, 0.0)
        step_y, step_x = np.divmod(np.argmax(near.reshape(len(x), 9), axis=1), 3)
        uphill = near.max(axis=(1, 2), initial=0.0) > near[:, 1, 1]
        if not uphill.any():
            break
        top_x, top_y = top_x + (step_x - 1) * uphill, top_y + (step_y - 1) * uphill
    high = sign * scorr[top_y, top_x] > threshold
    high &= np.hypot(top_x - x, top_y - y) <= farthest
    return np.where(high, top_x, x), np.where(high, top_y, y)


def without_neighbours(x, y, significance, reach):
    """Return the places that are the most significant of the square about them.

    Parameters
    ----------
    x, y : ndarray of int
        0-based.
    significance : ndarray
        Of each place.
    reach : int
        Half a side of the square, pixels.

    Returns
    -------
    x, y : ndarray of int
        The most significant first.
    """
    order = np.lexsort((x, y, -significance))
    x, y = x[order], y[order]
    keep = np.ones(len(x), bool)
    if len(x) > 1:
        pairs = cKDTree(np.column_stack([x, y])).query_pairs(reach, p=np.inf, output_type="ndarray")
        for first, second in pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]:
            keep[second] &= not keep[first]
    return x[keep], y[keep]


def tops(image, x, y):
    """Return the position of the parabola through each peak of a score, and its error.

    The noise of a score s is 1, and its correlation between pixels falls as s itself does about a
    point source. Its slope has the noise sqrt(c / s), where c is the curvature of s at the peak.
    The position where the slope is 0 has the error 1 / sqrt(s c).

    Parameters
    ----------
    image : ndarray, shape (n, 3, 3)
        Pixels of the score about each peak, in units of its noise.
    x, y : ndarray of int
        Peaks, 0-based.

    Returns
    -------
    positions, errors : ndarray, shape (2, n)
        x and y, pixels. An error is NaN if the pixels are not those of a peak.
    """
    near = image.astype(float)
    centre = near[:, 1, 1]
    positions, errors = [], []
    for low, high, start in ((near[:, 1, 0], near[:, 1, 2], x), (near[:, 0, 1], near[:, 2, 1], y)):
        step, curve = vertex_offset(low, centre, high)
        positions.append(start + step)
        sharpness = np.maximum(-curve * centre, 0)
        unknown = np.full(len(x), np.nan)
        errors.append(np.divide(1, np.sqrt(sharpness), out=unknown, where=sharpness > 0))
    return np.array(positions), np.array(errors)


def interpolated(image, x, y):
    """Return the values of an image at positions between its pixels, by cubic splines.

    Parameters
    ----------
    image : ndarray
        Image; invalid pixels are taken as 0.
    x, y : ndarray of float, shape (n,)
        0-based.

    Returns
    -------
    ndarray, shape (n,)
    """
    column, row = np.rint(x).astype(int), np.rint(y).astype(int)
    near = windows(image, column, row, ROOM, 0.0).astype(float)
    places = zip(y - row + ROOM, x - column + ROOM, strict=True)
    values = [
        ndimage.map_coordinates(square, np.reshape(place, (2, 1)), order=3, mode="mirror")[0]
        for square, place in zip(near, places, strict=True)
    ]
    return np.array(values)
