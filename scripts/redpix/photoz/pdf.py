"""Probability density functions (PDFs) of redshift on a regular grid.

An array of PDFs has one row per object or pixel, and one column per node of the grid. A PDF is
linear between the nodes and zero outside the grid. Its integral by the trapezoid rule is 1. The
cumulative distribution is taken as linear between the nodes.
"""

import numpy as np
from scipy.fft import dct, idct

from redpix.core.exceptions import InputError


def make_grid(lowest, highest, step):
    """Return the nodes of the redshift grid, including both ends.

    Parameters
    ----------
    lowest, highest : float
        Smallest and largest redshift.
    step : float
        Step of the grid.

    Returns
    -------
    ndarray, shape (nodes,)

    Raises
    ------
    InputError
        If the range is not a whole number of steps, at least two.
    """
    cells = (highest - lowest) / step if step > 0 else 0
    if cells < 2 or abs(cells - round(cells)) > 1e-6:
        raise InputError(
            f"photoz.grid: [{lowest}, {highest}, {step}] is not a grid; allowed: [smallest, "
            "largest, step] with a whole number of steps, at least two"
        )
    return np.linspace(lowest, highest, round(cells) + 1)


def check_range(redshift, grid):
    """Raise InputError if a training redshift lies outside the grid.

    Parameters
    ----------
    redshift : ndarray, shape (n,)
        Redshifts.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Raises
    ------
    InputError
        With the range of the redshifts.
    """
    low, high = np.min(redshift), np.max(redshift)
    if low < grid[0] or high > grid[-1]:
        raise InputError(
            f"photoz.grid: runs from {grid[0]:g} to {grid[-1]:g}, but training redshifts from "
            f"{low:g} to {high:g}; widen it to include them"
        )


def cells(z, grid):
    """Return the cell of the grid that contains each redshift.

    Parameters
    ----------
    z : ndarray
        Redshifts; those outside the grid are clipped to it.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    cell : ndarray of int
        0-based index of the node below.
    fraction : ndarray
        Distance from that node in steps of the grid, 0 to 1.
    """
    step = grid[1] - grid[0]
    position = np.clip((z - grid[0]) / step, 0, len(grid) - 1)
    cell = np.minimum(position.astype(np.int64), len(grid) - 2)
    return cell, position - cell


def normalise(pdfs, grid):
    """Scale each PDF to unit integral.

    Parameters
    ----------
    pdfs : ndarray, shape (n, nodes)
        PDFs, one row per object or pixel.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    ndarray, shape (n, nodes)
    """
    return pdfs / np.trapezoid(pdfs, grid, axis=1)[:, None]


def from_samples(samples, width, grid):
    """Return the PDFs of equally likely redshifts, smoothed with a Gaussian.

    Each redshift is divided linearly between its two nearest nodes. The smoothing reflects the
    Gaussian at the ends of the grid, so that no probability is lost at z = 0.

    Parameters
    ----------
    samples : ndarray, shape (n, k)
        Redshifts; those outside the grid are clipped to its ends.
    width : ndarray, shape (n,)
        Standard deviation of the Gaussian, in redshift.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

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
    """Return the PDFs of probabilities at the nodes, smoothed with a Gaussian.

    The smoothing is a product of cosine transforms.

    Parameters
    ----------
    share : ndarray, shape (n, nodes)
        Probabilities at the nodes, in any unit.
    width : ndarray, shape (n,)
        Standard deviation of the Gaussian, in redshift.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    ndarray, shape (n, nodes)
    """
    nodes = len(grid)
    pdfs = share.copy()
    pdfs[:, [0, -1]] *= 2  # the cells of the end nodes are half as wide
    sigma = np.asarray(width) / (grid[1] - grid[0])
    frequency = np.pi * np.arange(nodes) / (nodes - 1)
    spectrum = dct(pdfs, type=1, axis=1)
    spectrum *= np.exp(-0.5 * (sigma[:, None] * frequency) ** 2)
    return normalise(np.maximum(idct(spectrum, type=1, axis=1), 0), grid)


def cumulative(pdfs, grid):
    """Return the cumulative distributions at the nodes, from 0 to 1.

    Parameters
    ----------
    pdfs : ndarray, shape (n, nodes)
        PDFs, one row per object or pixel.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    ndarray, shape (n, nodes)
    """
    step = grid[1] - grid[0]
    total = np.zeros_like(pdfs)
    np.cumsum((pdfs[:, :-1] + pdfs[:, 1:]) * (step / 2), axis=1, out=total[:, 1:])
    return total / total[:, -1:]


def evaluate(values, z, grid):
    """Interpolate each row linearly at one redshift.

    Parameters
    ----------
    values : ndarray, shape (n, nodes)
        PDFs or cumulative distributions.
    z : ndarray, shape (n,)
        Redshift of each row; a redshift outside the grid is clipped to its end.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    ndarray, shape (n,)
    """
    cell, fraction = cells(z, grid)
    rows = np.arange(len(values))
    return values[rows, cell] * (1 - fraction) + values[rows, cell + 1] * fraction


def quantiles(pdfs, levels, grid):
    """Return the quantiles of each PDF.

    Parameters
    ----------
    pdfs : ndarray, shape (n, nodes)
        PDFs, one row per object or pixel.
    levels : sequence of float
        Probabilities below the quantiles.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    ndarray, shape (n, levels)
        Redshifts.
    """
    distribution = cumulative(pdfs, grid)
    rows = np.arange(len(pdfs))
    result = np.empty((len(pdfs), len(levels)))
    for column, level in enumerate(levels):
        node = np.clip((distribution < level).sum(axis=1), 1, len(grid) - 1)
        below, above = distribution[rows, node - 1], distribution[rows, node]
        offset = (grid[1] - grid[0]) * (level - below) / (above - below)
        result[:, column] = grid[node - 1] + offset
    return result


def mean(pdfs, grid):
    """Return the mean redshift of each PDF.

    Parameters
    ----------
    pdfs : ndarray, shape (n, nodes)
        PDFs, one row per object or pixel.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    ndarray, shape (n,)
    """
    return np.trapezoid(pdfs * grid, grid, axis=1)


def mode(pdfs, grid):
    """Return the node at which each PDF is largest.

    Parameters
    ----------
    pdfs : ndarray, shape (n, nodes)
        PDFs, one row per object or pixel.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    ndarray, shape (n,)
        Redshifts.
    """
    return grid[np.argmax(pdfs, axis=1)]
