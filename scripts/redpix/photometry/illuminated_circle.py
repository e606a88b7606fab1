"""Find the circle that a camera illuminates where the rest of the detector is dark."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage, optimize

#: smallest side of the squares whose levels are compared, pixels, and their number along an axis
_CELL, _CELLS = 8, 64

#: minimum shares of the squares in the circle and outside
_LEAST_INSIDE, _LEAST_OUTSIDE = 0.3, 0.02

#: largest share of squares of a level between both, and largest spread of the levels of the light
#: and of the dark, relative to the step
_MOST_BETWEEN, _MOST_SPREAD = 0.25, (0.35, 0.5)

#: minimum step, noise of the level of a square
_LEAST_STEP = 8.0

#: largest distance of the edge from a circle, squares, root mean square
_ROUND = 1.2

#: share of the step that the level of the edge may lack, and further margin, pixels
_LACK, _MARGIN = 0.03, 2.0


class Circle(NamedTuple):
    """The illuminated part of a detector.

    Attributes
    ----------
    x, y : float
        Centre, 0-based.
    radius : float
        Pixels.
    """

    x: float
    y: float
    radius: float

    def outside(self, shape):
        """Return the pixels outside of the circle, shape (ny, nx)."""
        y, x = (np.arange(side) for side in shape)
        return np.hypot(y[:, None] - self.y, x - self.x) > self.radius


def find_circle(image, hidden):
    """Return the circle that is illuminated, if the rest of the image is dark.

    A galaxy or a smooth vignetting has many squares of levels between the brightest and the
    darkest. The edge of a circle has few.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts before the division by a flat.
    hidden : ndarray of bool, shape (ny, nx)
        Pixels that are left out.

    Returns
    -------
    Circle or None
    """
    cell = max(_CELL, max(image.shape) // _CELLS)
    level, noise = _levels(image, hidden, cell)
    known = np.isfinite(level)
    if known.sum() < 4 * _CELL**2 or known.mean() < 0.5:
        return None
    low, high = _two_levels(level[known])
    lit = ndimage.median_filter(np.where(known, level, low), 3) > (low + high) / 2
    if not _LEAST_INSIDE < lit[known].mean() < 1 - _LEAST_OUTSIDE:
        return None
    if not _are_apart(level[known & lit], level[known & ~lit], noise):
        return None
    circle = _fitted_circle(lit, cell)
    return None if circle is None else _without_edge(circle, image, hidden)


def _levels(image, hidden, cell):
    """Return the median of each square, NaN where half is hidden, and the noise of a median."""
    ny, nx = (side // cell * cell for side in image.shape)
    values = np.where(hidden, np.nan, image)[:ny, :nx].astype(np.float32)
    values = values.reshape(ny // cell, cell, nx // cell, cell).transpose(0, 2, 1, 3)
    values = values.reshape(*values.shape[:2], -1)
    valid = np.isfinite(values).sum(axis=2)
    values[valid <= cell**2 / 2] = 0
    level = np.nanmedian(values, axis=2)
    scatter = 1.4826 * np.nanmedian(abs(values - level[..., None]), axis=2)
    level[valid <= cell**2 / 2] = np.nan
    shown = scatter[np.isfinite(level)]
    return level, float(np.median(shown)) * 1.25 / cell if len(shown) else np.inf


def _two_levels(values):
    """Return the medians of the darker and the brighter values, which Otsu's threshold parts."""
    limits = np.quantile(values, [0.005, 0.98])
    values = np.clip(values, *limits)
    steps = np.linspace(*limits, 66)[1:-1]
    share = np.array([np.mean(values > step) for step in steps])
    apart = np.array(
        [
            values[values > step].mean() - values[values <= step].mean() if 0 < part < 1 else 0.0
            for step, part in zip(steps, share, strict=True)
        ]
    )
    # the variance between both groups (Otsu 1979)
    best = steps[int(np.argmax(share * (1 - share) * apart**2))]
    return float(np.median(values[values <= best])), float(np.median(values[values > best]))


def _are_apart(light, dark, noise):
    """Return whether the levels of two groups of squares are apart, with few between them."""
    low, high = np.median(dark), np.median(light)
    step = high - low
    every = np.concatenate([light, dark])
    between = np.mean(abs(every - (low + high) / 2) < step / 4)
    steady = all(
        np.subtract(*np.quantile(group, [0.75, 0.25])) < most * step
        for group, most in zip((light, dark), _MOST_SPREAD, strict=True)
    )
    return steady and step > _LEAST_STEP * noise and between < _MOST_BETWEEN


def _fitted_circle(lit, cell):
    """Return the circle through the edge of the lit squares, or None if the edge is not round."""
    edge = lit & ndimage.binary_dilation(~lit)
    y, x = np.nonzero(edge)
    if len(x) < 6:
        return None

    def off(place):
        return np.hypot(x - place[0], y - place[1]) - place[2]

    middle = [(side - 1) / 2 for side in lit.shape[::-1]]
    start = [*middle, np.median(np.hypot(x - middle[0], y - middle[1]))]
    found = optimize.least_squares(off, start, loss="soft_l1", f_scale=_ROUND)
    rest = off(found.x)
    centre_x, centre_y, radius = found.x
    rows, columns = np.indices(lit.shape)
    inside = np.hypot(columns - centre_x, rows - centre_y) < radius
    if np.sqrt(np.mean(rest**2)) > _ROUND or np.mean(inside != lit) > 0.1 or radius <= 0:
        return None
    half = (cell - 1) / 2
    return Circle(centre_x * cell + half, centre_y * cell + half, (radius + 0.5) * cell)


def _without_edge(circle, image, hidden):
    """Return the circle within which the level does not fall towards the edge."""
    y, x = (np.arange(side) for side in image.shape)
    radius = np.hypot(y[:, None] - circle.y, x - circle.x).astype(int)
    first, last = int(0.6 * circle.radius), int(1.4 * circle.radius) + 2
    rings = ndimage.median(
        np.where(hidden, 0, image), np.where(hidden, -1, radius), np.arange(first, last)
    )
    rings = np.nan_to_num(rings)
    seen = np.bincount(radius[~hidden], minlength=last)[first:last] > 2
    inner = int(0.9 * circle.radius) - first
    good = np.flatnonzero(seen[:inner])
    outer = rings[int(1.05 * circle.radius) - first :][seen[int(1.05 * circle.radius) - first :]]
    if len(good) < 3 or not len(outer):
        return circle
    light = np.polyval(np.polyfit(good, rings[:inner][good], 1), np.arange(len(rings)))
    dark = np.median(outer)
    fallen = seen & (rings < light - _LACK * (light - dark))
    # the ring from which all further rings have fallen
    whole = np.flatnonzero(seen & ~fallen)
    end = first + (int(whole[-1]) if len(whole) else 0)
    return circle._replace(radius=min(end, circle.radius) - _MARGIN)
