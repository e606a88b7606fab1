"""Find steps of the level between the amplifiers of a camera, and take them away.

A step lies along a whole column or row, or along half of it, and is sharp. The sky changes slowly.
"""

import warnings

import numpy as np

from redpix.photometry.camera_check import noise_of_differences

#: width of the strips that are compared, pixels
_STRIP = 8

#: minimum significance of a step, and minimum size, noise of a pixel
_SIGMAS, _LEAST = 6.0, 0.3

#: minimum fraction of a step that lies between two lines, and its minimum significance
_SHARP, _CERTAIN = 0.5, 5.0

#: quantile of deviations that tells their scatter, and its value for a standard deviation of 1
_LOW, _OF_LOW = 0.3, 0.3853

#: number of parts of a step, of which all but one must show it
_PARTS = 4

#: largest number of steps along an axis; more are a pattern
_MOST = 15

#: minimum side of an image, pixels
_SIDE = 64


def without_level_steps(image, hidden):
    """Return an image without steps of its level between amplifiers.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts.
    hidden : ndarray of bool, shape (ny, nx)
        Pixels that are left out.

    Returns
    -------
    image : ndarray, shape (ny, nx)
        The same array without steps.
    remark : str
        Words for the log and the header; empty without steps.
    """
    if min(image.shape) < _SIDE:
        return image, ""
    values = image.astype(np.float32)
    values[hidden] = np.nan
    noise = noise_of_differences(values)
    if not 0 < noise < np.inf:
        return image, ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all pixels of a line can be hidden
        columns, rows = (_steps(plane, noise) for plane in (values, values.T))
        if not columns and not rows:
            return image, ""
        edges = [[0, *rows, image.shape[0]], [0, *columns, image.shape[1]]]
        levels = _levels(values, edges)
        offsets = np.repeat(np.repeat(levels, np.diff(edges[0]), 0), np.diff(edges[1]), 1)
        # what is not a step of whole parts of the image leaves steps behind
        values -= offsets
        left = any(_steps(plane, noise) for plane in (values, values.T))
    if left or np.ptp(levels) < _LEAST * noise:
        return image, ""
    places = [
        f"{axis} = {', '.join(map(str, at))}" for axis, at in (("x", columns), ("y", rows)) if at
    ]
    remark = (
        f"the level of the sky has steps at {' and '.join(places)} (0-based), of up to "
        f"{np.ptp(levels):.3g} counts, as between amplifiers: they are taken away as if the gains "
        "were equal"
    )
    return image - offsets, remark


def _steps(values, noise):
    """Return the first columns after steps of the level, in order."""
    middle = len(values) // 2
    found = []
    for half in (values[:middle], values[middle:]):
        line = np.nanmedian(half, axis=0)
        jump = _jump(line, _STRIP)
        # the slope of the sky is that on both sides
        beside = 0.5 * (np.roll(jump, _STRIP) + np.roll(jump, -_STRIP))
        jump = np.nan_to_num(jump - beside)
        jump[: 2 * _STRIP] = jump[-2 * _STRIP + 1 :] = 0
        next_ = np.nan_to_num(np.diff(line, prepend=line[0]))
        scatter, of_next = _scatter(jump), _scatter(next_)
        size = abs(jump)
        while size.max() > max(_SIGMAS * scatter, _LEAST * noise):
            at = int(np.argmax(size))
            low, high = at - _STRIP // 2, at + _STRIP // 2
            sharp = next_[low:high] * np.sign(jump[at])
            if sharp.max() > max(_SHARP * size[at], _CERTAIN * of_next):
                column = low + int(np.argmax(sharp))
                if _along(half, column, jump[at]):
                    found.append(column)
            size[max(at - _STRIP, 0) : at + _STRIP + 1] = 0
    apart = []
    for at in sorted(found):
        if not apart or at - apart[-1] > _STRIP:
            apart.append(at)
    return apart if len(apart) <= _MOST else []


def _along(values, column, size):
    """Return whether a step is seen along a column: in all but one of its parts."""
    steps = [_step_at(part, column) for part in np.array_split(values, _PARTS)]
    seen = np.array(steps) * np.sign(size) > _SHARP * abs(size)
    return np.count_nonzero(seen | np.isnan(steps)) >= _PARTS - 1


def _step_at(values, column):
    """Return the step of the level at a column, without the slope on both sides."""
    far, near, next_, beyond = (
        np.nanmedian(values[:, max(column + d, 0) : max(column + d + _STRIP, 0)])
        for d in (-2 * _STRIP, -_STRIP, 0, _STRIP)
    )
    return next_ - near - 0.5 * (near - far + beyond - next_)


def _scatter(values):
    """Return the standard deviation about 0, which steps in half of the values hardly raise."""
    inner = abs(values[2 * _STRIP : -2 * _STRIP])
    return float(np.quantile(inner, _LOW) / _OF_LOW)


def _jump(line, width):
    """Return the level of the pixels from each one on, minus that of those before it."""
    windows = np.lib.stride_tricks.sliding_window_view(line, width)
    level = np.nanmedian(windows, axis=1)
    jump = np.full(len(line), np.nan)
    jump[width : len(line) - width + 1] = level[width:] - level[:-width]
    return jump


def _levels(values, edges):
    """Return the level of each amplifier, from the steps between neighbours; their mean is 0."""
    ny, nx = (len(some) - 1 for some in edges)
    rows, sides = [np.full(ny * nx, 1.0)], [0.0]
    for plane, order, (across, along) in ((values, False, edges), (values.T, True, edges[::-1])):
        for j in range(len(across) - 1):
            part = plane[across[j] : across[j + 1]]
            for k, at in enumerate(along[1:-1]):
                step = _step_at(part, at)
                if not np.isfinite(step):
                    continue
                row = np.zeros((ny, nx))
                for cell, sign in ((k, -1), (k + 1, 1)):
                    row[(cell, j) if order else (j, cell)] = sign
                rows.append(row.ravel())
                sides.append(step)
    return np.linalg.lstsq(np.array(rows), np.array(sides), rcond=None)[0].reshape(ny, nx)
