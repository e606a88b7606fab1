"""Correct an effective PSF for its residuals on its stars, by a spline on a fine grid.

As in `redpix.psf.effective_psf_fit`, the flux and position of each star are eliminated. A prior
around 0 holds the spline where the stars do not constrain it. Beyond the correction, the profile
gives the wings. Then the pixels of a star sum to 1 wherever it is within a pixel.
"""

import numpy as np
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve

from redpix.psf.effective_psf import b_spline, position_powers
from redpix.psf.even_pixels import with_even_pixels
from redpix.psf.star_stamps import flattened

#: half-width of the correction, FWHM
_CORRECTED = 2.5

#: minimum number of stars for a correction that varies over the image with degree 0, 1
_LEAST_CORRECTED = (12, 150)

#: number of nodes along an axis that a pixel depends on
_TAPS = 4

#: prior width of the correction, relative to the profile and to its peak
_EXPECTED = (0.1, 0.003)


def corrected(psf, stars, least=_LEAST_CORRECTED):
    """Return a PSF corrected for its residuals on its stars.

    The terms of the polynomial of the position are corrected one after another. The number of stars
    sets the highest corrected degree.

    Parameters
    ----------
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
    stars : redpix.psf.star_stamps.StarStamps
        Stars at their fitted positions.
    least : sequence of int
        Minimum number of stars for a correction of degree 0, 1.

    Returns
    -------
    redpix.psf.effective_psf.EffectivePsf
    """
    degree = sum(len(stars.x) >= number for number in least) - 1
    scaled = position_powers(stars.x, stars.y, psf.shape, psf.degree)
    exponents = [(i, j) for j in range(psf.degree + 1) for i in range(psf.degree + 1 - j)]
    splines = _splines(stars, psf.step, _inner(psf))
    for number, powers in sorted(enumerate(exponents), key=lambda item: sum(item[1])):
        if sum(powers) > degree:
            continue
        change = _fit_term(stars, psf, splines, scaled[:, number])
        terms = psf.terms.copy()
        middle, inner = terms.shape[1] // 2, _inner(psf)
        cut = slice(middle - inner, middle + inner + 1)
        terms[number, cut, cut] += change
        # the sum stays 1 at every position
        terms[number] -= psf.terms[0] * psf.step**2 * change.sum()
        psf = psf._replace(terms=terms)
    return with_even_pixels(psf) if degree >= 0 else psf


def _inner(psf):
    """Return the half-width of the correction in nodes."""
    # a whole number of nodes must not be one less by rounding
    return int(_CORRECTED * psf.fwhm / psf.step + 1e-6)


def _fit_term(stars, psf, splines, power):
    """Return the correction of one term of a PSF: spline coefficients about its middle."""
    value, by_x, by_y = stars.of_psf(psf)
    flux = stars.flux[:, None, None]
    weight = stars.weights(flux * value)
    light = flux * power[:, None, None] * weight
    local = np.stack([value, flux * by_x, flux * by_y], 1)
    rest = stars.value - flux * value
    normal = _spline_normal(splines, light * flux * power[:, None, None])
    # products of the spline with the three columns of each star and with its residuals
    sides = np.concatenate([local, rest[:, None]], 1) * light[:, None]
    mixed = splines[1].transpose(0, 2, 1)[:, None] @ sides @ splines[0][:, None]
    mixed = mixed.reshape(*mixed.shape[:2], -1)
    local, rest, weight = flattened(local), flattened(rest), flattened(weight)
    star_normal = (local * weight[:, None]) @ local.transpose(0, 2, 1)
    held = np.einsum("nii->ni", star_normal)
    held += 1e-9 * held + np.finfo(float).tiny
    star_side = np.einsum("nap,np->na", local, weight * rest)
    # with the square root of the matrix of each star, its elimination is a product with itself
    joined = np.concatenate([mixed[:, :3], star_side[..., None]], axis=2)
    half = np.linalg.solve(np.linalg.cholesky(star_normal), joined).reshape(3 * len(flux), -1)
    normal -= half[:, :-1].T @ half[:, :-1]
    side = mixed[:, 3].sum(axis=0) - half[:, :-1].T @ half[:, -1]
    middle, inner = psf.terms.shape[1] // 2, _inner(psf)
    cut = slice(middle - inner, middle + inner + 1)
    table = psf.terms[0, cut, cut]
    expected = _EXPECTED[0] * abs(table) + _EXPECTED[1] * table.max()
    normal[np.diag_indices_from(normal)] += 1 / expected.ravel() ** 2
    # make the correction orthogonal to changes of flux and position
    for change in (table, *np.gradient(table)):
        unit = change.ravel() / np.linalg.norm(change)
        normal += np.outer(unit, unit) * np.trace(normal)
    return cho_solve(cho_factor(normal), side).reshape(expected.shape)


def _splines(stars, step, inner):
    """Return the splines of all nodes along x and along y, each of shape (n, side, nodes)."""
    pixels = np.arange(-stars.half, stars.half + 1)
    nodes = np.arange(2 * inner + 1)
    return [
        b_spline(((pixels - offset[:, None]) / step + inner)[..., None] - nodes)
        for offset in (stars.x - stars.column, stars.y - stars.row)
    ]


def _spline_normal(splines, weight):
    """Return the normal matrix of the spline coefficients for weighted pixels, nodes row by row.

    A pixel depends on `_TAPS` nodes along each axis, so only nodes that near have a product. The
    sums run along x, then along y.
    """
    along_x, along_y = splines
    number, pixels, nodes = along_x.shape
    lags_x, lags_y = np.arange(1 - _TAPS, _TAPS), np.arange(_TAPS)
    sums = weight @ _lagged(along_x, lags_x)
    table = _lagged(along_y, lags_y).reshape(number * pixels, -1).T @ sums.reshape(
        number * pixels, -1
    )
    row, lag_y, column, lag_x = np.meshgrid(
        np.arange(nodes), lags_y, np.arange(nodes), lags_x, indexing="ij"
    )
    inside = (row + lag_y < nodes) & (column + lag_x >= 0) & (column + lag_x < nodes)
    first = (row * nodes + column)[inside]
    second = first + (lag_y * nodes + lag_x)[inside]
    normal = np.zeros((nodes**2, nodes**2))
    normal[first, second] = normal[second, first] = table.reshape(inside.shape)[inside]
    return normal


def _lagged(splines, lags):
    """Return products of the splines of nodes at some lags, shape (n, side, nodes * lags)."""
    nodes = splines.shape[2]
    made = np.zeros((*splines.shape, len(lags)))
    for number, lag in enumerate(lags):
        here = slice(max(0, -lag), nodes - max(0, lag))
        there = slice(max(0, lag), nodes + min(0, lag))
        made[:, :, here, number] = splines[:, :, here] * splines[:, :, there]
    return made.reshape(*made.shape[:2], -1)


def spline_design(stars, step, inner):
    """Return the sparse derivative of the stars' pixels by the spline coefficients.

    Parameters
    ----------
    stars : redpix.psf.star_stamps.StarStamps
        Pixels of the PSF stars.
    step : float
        Distance between nodes of the grid, pixels.
    inner : int
        Half-width of the grid, nodes.

    Returns
    -------
    scipy.sparse.csr_array, shape (pixels of all stars, (2 inner + 1)^2)
    """
    pixels = np.arange(-stars.half, stars.half + 1)
    side = 2 * inner + 1
    corner, weight = [], []
    for offset in (stars.x - stars.column, stars.y - stars.row):
        position = (pixels - offset[:, None]) / step + inner
        first = np.floor(position).astype(int) - 1
        knot = first[..., None] + np.arange(4)
        inside = (knot >= 0) & (knot < side)
        corner.append(np.clip(knot, 0, side - 1))
        weight.append(np.where(inside, b_spline(position[..., None] - knot), 0))
    column = corner[1][:, :, None, :, None] * side + corner[0][:, None, :, None, :]
    value = weight[1][:, :, None, :, None] * weight[0][:, None, :, None, :]
    value = value * stars.flux[:, None, None, None, None]
    pointer = np.arange(0, value.size + 1, 16)
    return sparse.csr_array(
        (value.ravel(), column.ravel(), pointer), shape=(len(pointer) - 1, side * side)
    )
