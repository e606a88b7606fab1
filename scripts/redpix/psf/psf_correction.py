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
    design = spline_design(stars, psf.step, _inner(psf))
    for number, powers in sorted(enumerate(exponents), key=lambda item: sum(item[1])):
        if sum(powers) > degree:
            continue
        change = _fit_term(stars, psf, design, scaled[:, number])
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


def _fit_term(stars, psf, design, power):
    """Return the correction of one term of a PSF: spline coefficients about its middle."""
    value, by_x, by_y = stars.of_psf(psf)
    flux = stars.flux[:, None, None]
    weight = flattened(stars.weights(flux * value))
    rest = flattened(stars.value - flux * value)
    n, pixels = weight.shape
    scaled = np.sqrt(weight) * power[:, None]
    weighted = design.copy()
    weighted.data *= np.repeat(scaled.ravel(), np.diff(design.indptr))
    normal = (weighted.T @ weighted).toarray()
    side = weighted.T @ (np.sqrt(weight) * rest).ravel()
    local = flattened(np.stack([value, flux * by_x, flux * by_y], 1)) * np.sqrt(weight)[:, None]
    # products of the three columns of each star with those of the spline and with themselves
    rows = np.repeat(np.arange(3 * n), pixels)
    columns = (np.arange(n)[:, None, None] * pixels + np.arange(pixels)).repeat(3, axis=1).ravel()
    spread = sparse.csr_array((local.ravel(), (rows, columns)), shape=(3 * n, n * pixels))
    mixed = (spread @ weighted).toarray()
    star_normal = local @ local.transpose(0, 2, 1)
    star_side = np.einsum("nap,np->na", local, np.sqrt(weight) * rest)
    joined = np.concatenate([mixed.reshape(n, 3, -1), star_side[..., None]], axis=2)
    back = np.linalg.solve(star_normal, joined).reshape(3 * n, -1)
    normal -= mixed.T @ back[:, :-1]
    side -= mixed.T @ back[:, -1]
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
