"""Probability densities of redshift on a regular grid, an object or pixel a row.

A density is given at the grid's nodes, is linear between them and zero outside, and integrates to
1 by the trapezoid rule. Its cumulative distribution is taken as linear between the nodes.
"""

import numpy as np
from scipy.fft import dct, idct

from redpix.core.exceptions import InputError


def make_grid(lowest, highest, step):
    """Nodes of the redshift grid, both ends included.

    Raises
    ------
    InputError
        If the three do not make a grid of at least three nodes.
    """
    cells = (highest - lowest) / step if step > 0 else 0
    if cells < 2 or abs(cells - round(cells)) > 1e-6:
        raise InputError(
            f"photoz.grid: [{lowest}, {highest}, {step}] is no grid; [smallest, largest, step] "
            "needs a whole number of steps, at least two"
        )
    return np.linspace(lowest, highest, round(cells) + 1)


def check_range(redshift, grid):
    """Raise InputError if a training redshift lies outside the grid."""
    low, high = np.min(redshift), np.max(redshift)
    if low < grid[0] or high > grid[-1]:
        raise InputError(
            f"photoz.grid: runs from {grid[0]:g} to {grid[-1]:g}, but training redshifts from "
            f"{low:g} to {high:g}; widen it to hold them"
        )


def cells(z, grid):
    """Index of the grid cell of each z (clipped to the grid) and the fraction of it left below."""
    step = grid[1] - grid[0]
    position = np.clip((z - grid[0]) / step, 0, len(grid) - 1)
    cell = np.minimum(position.astype(np.int64), len(grid) - 2)
    return cell, position - cell


def normalise(pdfs, grid):
    """Scale each row, shape (n, nodes), to unit integral."""
    return pdfs / np.trapezoid(pdfs, grid, axis=1)[:, None]


def from_samples(samples, width, grid):
    """Density of equally likely redshifts, smoothed with a Gaussian.

    Each sample is shared linearly between the two nodes beside it; the smoothing, a product in
    cosine transforms, folds back at the grid's ends what would leave it, so no mass is lost at
    z = 0.

    Parameters
    ----------
    samples : ndarray, shape (n, k)
        Redshifts. Those outside the grid are clipped to it, so that they pile up on its end nodes.
    width : ndarray, shape (n,)
        Standard deviation of the Gaussian, in redshift.
    grid : ndarray, shape (nodes,)

    Returns
    -------
    ndarray, shape (n, nodes)
    """
    nodes = len(grid)
    cell, fraction = cells(samples, grid)
    flat = (np.arange(len(samples))[:, None] * nodes + cell).ravel()
    size = len(samples) * nodes
    share = np.bincount(flat, (1 - fraction).ravel(), size)
    share += np.bincount(flat + 1, fraction.ravel(), size)
    return smooth(share.reshape(-1, nodes), width, grid)


def smooth(share, width, grid):
    """Density of probability that lies on the nodes, smoothed with a Gaussian.

    Parameters
    ----------
    share : ndarray, shape (n, nodes)
        In any unit.
    width : ndarray, shape (n,)
        Standard deviation of the Gaussian, in redshift.
    grid : ndarray, shape (nodes,)

    Returns
    -------
    ndarray, shape (n, nodes)
    """
    nodes = len(grid)
    pdfs = share.copy()
    pdfs[:, [0, -1]] *= 2  # the end nodes own half a cell each
    sigma = np.asarray(width) / (grid[1] - grid[0])
    frequency = np.pi * np.arange(nodes) / (nodes - 1)
    spectrum = dct(pdfs, type=1, axis=1)
    spectrum *= np.exp(-0.5 * (sigma[:, None] * frequency) ** 2)
    return normalise(np.maximum(idct(spectrum, type=1, axis=1), 0), grid)


def cumulative(pdfs, grid):
    """F at the nodes, shape (n, nodes), from 0 to 1."""
    step = grid[1] - grid[0]
    total = np.zeros_like(pdfs)
    np.cumsum((pdfs[:, :-1] + pdfs[:, 1:]) * (step / 2), axis=1, out=total[:, 1:])
    return total / total[:, -1:]


def evaluate(values, z, grid):
    """Interpolate each row of `values`, shape (n, nodes), linearly at its own z, shape (n,).

    A z outside the grid gets the value at the grid's end.
    """
    cell, fraction = cells(z, grid)
    rows = np.arange(len(values))
    return values[rows, cell] * (1 - fraction) + values[rows, cell + 1] * fraction


def quantiles(pdfs, levels, grid):
    """Redshifts below which lie the probabilities `levels`, shape (n, levels)."""
    distribution = cumulative(pdfs, grid)
    rows = np.arange(len(pdfs))
    result = np.empty((len(pdfs), len(levels)))
    for column, level in enumerate(levels):
        right = np.clip((distribution < level).sum(axis=1), 1, len(grid) - 1)
        below, above = distribution[rows, right - 1], distribution[rows, right]
        result[:, column] = grid[right - 1] + (grid[1] - grid[0]) * (level - below) / (
            above - below
        )
    return result


def mean(pdfs, grid):
    """Mean redshift of each density, shape (n,)."""
    return np.trapezoid(pdfs * grid, grid, axis=1)


def mode(pdfs, grid):
    """Redshift of the largest value of each density, a node of the grid, shape (n,)."""
    return grid[np.argmax(pdfs, axis=1)]


def stretch(pdfs, centre, scale, grid):
    """Widen each density about its centre: p(centre + (z - centre) / scale), normalised.

    A density so narrowed that it falls between the nodes is shared by those beside its centre.

    Parameters
    ----------
    pdfs : ndarray, shape (n, nodes)
    centre : ndarray, shape (n,)
    scale : float
        Over 1 widens, under 1 narrows.
    grid : ndarray, shape (nodes,)
    """
    source = centre[:, None] + (grid - centre[:, None]) / scale
    stretched = _taken_from(source, pdfs, grid)
    lost = ~stretched.any(axis=1)
    stretched[lost] = from_samples(centre[lost, None], np.zeros(np.sum(lost)), grid)
    return normalise(stretched, grid)


def shift(pdfs, offset, grid):
    """Move each density by its own offset: p(z - offset), normalised.

    Parameters
    ----------
    pdfs : ndarray, shape (n, nodes)
    offset : ndarray, shape (n,)
        A density that would leave the grid whole stays where it is.
    grid : ndarray, shape (nodes,)
    """
    moved = _taken_from(grid - np.asarray(offset)[:, None], pdfs, grid)
    left = moved.any(axis=1)
    return normalise(np.where(left[:, None], moved, pdfs), grid)


def _taken_from(source, pdfs, grid):
    """Each row of densities at its own redshifts `source`, shape (n, nodes); 0 outside the grid."""
    inside = (source >= grid[0]) & (source <= grid[-1])
    cell, fraction = cells(source, grid)
    rows = np.arange(len(pdfs))[:, None]
    taken = pdfs[rows, cell] * (1 - fraction) + pdfs[rows, cell + 1] * fraction
    return np.where(inside, taken, 0)
