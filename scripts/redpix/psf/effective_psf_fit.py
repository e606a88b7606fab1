"""The effective PSF of an image from its stars: a Moffat profile, and what that leaves.

Both steps are weighted least squares over the pixels of all the stars together, in which each
star's flux and place are free and eliminated (Schur's complement), so that an error of the PSF is
not hidden in them. The profile's width and ellipticity are polynomials of the place; what it leaves
is a spline on a fine grid, held towards zero where the stars do not tell. The profile beyond the
stars' stamps gives the wings, and the sum over all of it is 1: a flux is that out to infinity.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve

from redpix.psf.effective_psf import EffectivePsf, b_spline, place_powers, spline_terms
from redpix.psf.moffat import Profile, alpha_of

#: relative error that a model of a star's pixel is allowed: else a few bright stars are all
_MODEL_ERROR = 0.01

#: nodes of the grid in a FWHM; half-width of the stars' stamps, of the correction and of the whole
_NODES, STAMP, _CORRECTED, _WHOLE = 6.0, 3.0, 2.5, 10.0

#: fewest stars for a profile that varies over the image with degree 0, 1, 2
LEAST = (1, 10, 40)

#: fewest stars for a correction to the profile that varies with degree 0, 1
_LEAST_CORRECTED = (12, 150)

#: the correction's expected size, relative to the profile and to its peak
_EXPECTED = (0.1, 0.003)


class StarStamps(NamedTuple):
    """Pixels of the stars a PSF is made from, neighbours and sky subtracted.

    Attributes
    ----------
    x, y : ndarray, shape (n,)
    flux : ndarray, shape (n,)
    column, row : ndarray, shape (n,)
        Of the pixels in the stamps' middles; a star is at most a pixel away.
    value, variance : ndarray, shape (n, side, side)
        Counts; variance of the empty sky, infinite where a pixel is masked.
    gain : ndarray, shape (n, side, side)
        Electrons a count.
    """

    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    column: np.ndarray
    row: np.ndarray
    value: np.ndarray
    variance: np.ndarray
    gain: np.ndarray

    @property
    def half(self):
        """Half-width of the stamps, pixels."""
        return self.value.shape[1] // 2

    def offsets(self):
        """x and y of each pixel from its star."""
        axis = np.arange(-self.half, self.half + 1)
        dx = axis[None, None, :] - (self.x - self.column)[:, None, None]
        dy = axis[None, :, None] - (self.y - self.row)[:, None, None]
        return np.broadcast_arrays(dx, dy)

    def of_psf(self, psf, derivatives=True):
        """A PSF's stamps on the same pixels."""
        middle = self.column, self.row
        return psf.stamps(self.x, self.y, self.half, derivatives, middle)

    def take(self, rows):
        """The stars of a mask."""
        return StarStamps(*(column[rows] for column in self))

    def weights(self, model):
        """One over the variance that a model of the stars gives their pixels."""
        light = np.maximum(model, 0)
        return 1 / (self.variance + light / self.gain + (_MODEL_ERROR * light) ** 2)


def fit_profile(stars, shape, fwhm, rounds=8):
    """Moffat profile of an image by Gauss and Newton, and its stars at their best places.

    Parameters
    ----------
    stars : StarStamps
    shape : (int, int)
        Of the image.
    fwhm : float
        A first guess, pixels.

    Returns
    -------
    Profile or None
        None if none of the stars is like one.
    StarStamps
        Outliers left out, their flux and place improved.
    """
    degree = max(d for d, least in enumerate(LEAST) if len(stars.x) >= least)
    number = (degree + 1) * (degree + 2) // 2
    start = np.zeros(number)
    start[0] = np.log(alpha_of(fwhm, 3.0))
    profile = Profile(start, np.zeros(number), np.zeros(number), np.log(2.0), degree, shape)
    for turn in range(rounds):
        value, local, shared = _slopes(stars, profile)
        step, moves, chi2 = _solve(stars, value, local, shared)
        parts = np.split(step, [number, 2 * number, 3 * number])
        profile = profile._replace(
            log_width=profile.log_width + np.clip(parts[0], -0.3, 0.3),
            stretch=np.clip(profile.stretch + parts[1], -0.8, 0.8),
            shear=np.clip(profile.shear + parts[2], -0.8, 0.8),
            log_beta=float(np.clip(profile.log_beta + np.clip(parts[3][0], -0.4, 0.4), -0.7, 3.0)),
        )
        stars = _moved(stars, moves)
        strayed = np.maximum(abs(stars.x - stars.column), abs(stars.y - stars.row)) > 1
        stars, chi2 = stars.take(~strayed), chi2[~strayed]
        if not len(stars.x):
            return None, stars
        if turn in (2, 4) and len(stars.x) > LEAST[1]:
            limit = np.median(chi2) + 5 * 1.4826 * np.median(abs(chi2 - np.median(chi2)))
            stars = stars.take(chi2 <= max(limit, 2.0))
        if turn > 4 and np.all(abs(step) < 3e-4):
            break
    return profile, stars


def _slopes(stars, profile):
    """Profiles of stars, their change with flux and place, and with the shared parameters."""
    dx, dy = stars.offsets()
    value, by = profile.at(stars.x, stars.y, dx, dy, slopes=True)
    by_x, by_y, *shape, by_beta = (stars.flux[:, None, None] * slope for slope in by)
    powers = place_powers(stars.x, stars.y, profile.shape, profile.degree).T
    shared = [slope * power[:, None, None] for slope in shape for power in powers]
    return value, np.stack([value, by_x, by_y], 1), np.stack([*shared, by_beta], 1)


def _flat(stack):
    return stack.reshape(*stack.shape[:-2], -1)


def _solve(stars, value, local, shared):
    """Step of the shared parameters, those of each star, and each star's chi^2 a pixel."""
    model = stars.flux[:, None, None] * value
    weight = _flat(stars.weights(model))
    rest = _flat(stars.value - model)
    local, shared = _flat(local), _flat(shared)
    own = (local * weight[:, None]) @ local.transpose(0, 2, 1)
    own += 1e-9 * np.einsum("nii->ni", own).max(axis=1)[:, None, None] * np.eye(3)
    mixed = (local * weight[:, None]) @ shared.transpose(0, 2, 1)
    whole = np.einsum("nap,nbp->ab", shared * weight[:, None], shared, optimize=True)
    own_side = np.einsum("nap,np->na", local, weight * rest)
    side = np.einsum("nap,np->a", shared, weight * rest)
    back = np.linalg.solve(own, np.concatenate([mixed, own_side[..., None]], axis=2))
    whole -= np.einsum("nai,naj->ij", mixed, back[..., :-1], optimize=True)
    side = side - np.einsum("nai,na->i", mixed, back[..., -1])
    step = np.linalg.solve(whole + 1e-6 * np.diag(np.diag(whole)), side)
    moves = back[..., -1] - back[..., :-1] @ step
    chi2 = np.sum(weight * rest**2, axis=1) / np.maximum(np.sum(weight > 0, axis=1), 1)
    return step, moves, chi2


def _moved(stars, moves):
    limit = 0.5
    return stars._replace(
        flux=np.maximum(stars.flux + moves[:, 0], 0.1 * stars.flux),
        x=stars.x + np.clip(moves[:, 1], -limit, limit),
        y=stars.y + np.clip(moves[:, 2], -limit, limit),
    )


def effective_psf(profile, stars=0):
    """The PSF of a profile, on a grid that suits it."""
    seen = max(np.hypot(profile.fwhm, 0.8), 1.5)  # with the pixel's own width
    step = seen / _NODES
    nodes = int(np.ceil(_WHOLE * seen / step)) + 3
    grid = np.arange(-nodes, nodes + 1) * step
    degree = profile.degree + (profile.degree > 0)  # a profile is no linear function of its width
    side = max(3, 2 * degree + 1)
    rows, columns = (np.linspace(0, length - 1, side) for length in profile.shape)
    y, x = (part.ravel() for part in np.meshgrid(rows, columns, indexing="ij"))
    values = np.stack(
        [profile.at(*place, grid, grid[:, None])[0] for place in np.stack([x, y], 1)[:, :, None]]
    )
    terms = spline_terms(values, (x, y), degree, profile.shape)
    return EffectivePsf(terms, degree, profile.shape, step, seen, stars)


def corrected(psf, stars):
    """A PSF with what it leaves of its stars added to it.

    The terms of its change over the image are corrected one after the other, as many as there are
    stars for.

    Parameters
    ----------
    psf : EffectivePsf
    stars : StarStamps
        At their best places.
    """
    degree = sum(len(stars.x) >= least for least in _LEAST_CORRECTED) - 1
    scaled = place_powers(stars.x, stars.y, psf.shape, psf.degree)
    exponents = [(i, j) for j in range(psf.degree + 1) for i in range(psf.degree + 1 - j)]
    design = _spline_design(stars, psf.step, _inner(psf))
    for number, powers in sorted(enumerate(exponents), key=lambda item: sum(item[1])):
        if sum(powers) > degree:
            continue
        change = _fit_term(stars, psf, design, scaled[:, number])
        terms = psf.terms.copy()
        middle, inner = terms.shape[1] // 2, _inner(psf)
        cut = slice(middle - inner, middle + inner + 1)
        terms[number, cut, cut] += change
        # the whole stays 1 everywhere
        terms[number] -= psf.terms[0] * psf.step**2 * change.sum()
        psf = psf._replace(terms=terms)
    return psf


def _inner(psf):
    """Half-width of what is corrected, nodes."""
    return int(_CORRECTED * psf.fwhm / psf.step)


def _fit_term(stars, psf, design, power):
    """Correction of one term of a PSF, spline coefficients about its middle."""
    value, by_x, by_y = stars.of_psf(psf)
    flux = stars.flux[:, None, None]
    weight = _flat(stars.weights(flux * value))
    rest = _flat(stars.value - flux * value)
    n, pixels = weight.shape
    scaled = np.sqrt(weight) * power[:, None]
    weighted = sparse.diags_array(scaled.ravel()) @ design
    whole = (weighted.T @ weighted).toarray()
    side = weighted.T @ (np.sqrt(weight) * rest).ravel()
    local = _flat(np.stack([value, flux * by_x, flux * by_y], 1)) * np.sqrt(weight)[:, None]
    # sums of each star's own three columns with those of the spline, and with themselves
    rows = np.repeat(np.arange(3 * n), pixels)
    columns = (np.arange(n)[:, None, None] * pixels + np.arange(pixels)).repeat(3, axis=1).ravel()
    spread = sparse.csr_array((local.ravel(), (rows, columns)), shape=(3 * n, n * pixels))
    mixed = (spread @ weighted).toarray()
    own = local @ local.transpose(0, 2, 1)
    own_side = np.einsum("nap,np->na", local, np.sqrt(weight) * rest)
    joined = np.concatenate([mixed.reshape(n, 3, -1), own_side[..., None]], axis=2)
    back = np.linalg.solve(own, joined).reshape(3 * n, -1)
    whole -= mixed.T @ back[:, :-1]
    side -= mixed.T @ back[:, -1]
    middle, inner = psf.terms.shape[1] // 2, _inner(psf)
    cut = slice(middle - inner, middle + inner + 1)
    table = psf.terms[0, cut, cut]
    expected = _EXPECTED[0] * abs(table) + _EXPECTED[1] * table.max()
    whole[np.diag_indices_from(whole)] += 1 / expected.ravel() ** 2
    # what looks like a change of all fluxes or places is one: the correction has none of it
    for kept in (table, *np.gradient(table)):
        unit = kept.ravel() / np.linalg.norm(kept)
        whole += np.outer(unit, unit) * np.trace(whole)
    return cho_solve(cho_factor(whole), side).reshape(expected.shape)


def _spline_design(stars, step, inner):
    """Sparse matrix: each star's pixels in units of its flux, by the spline's coefficients."""
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
