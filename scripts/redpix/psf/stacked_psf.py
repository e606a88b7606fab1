"""Make an effective PSF of any shape from stars: defocused stars, trails, cores on a pedestal.

The values at the nodes of the grid are fitted to the pixels of all stars together. Fluxes and
positions of the stars follow in turn. The PSF ends at the edge of the stamps, so its sum is the
light within them.
"""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve

from redpix.psf.effective_psf import EffectivePsf
from redpix.psf.even_pixels import with_even_pixels
from redpix.psf.psf_correction import spline_design
from redpix.psf.star_stamps import flattened

#: relative deviation of few and of many stars from a Moffat profile that makes the profile useless,
#: and number of many
MISFIT, MANY = (0.4, 0.15), 6

#: largest and smallest distance between nodes of the grid, pixels
_STEPS = (0.35, 1.0)

#: largest half-width of the fitted grid, nodes; limits the time
_NODES = 30

#: stiffness of the grid, relative to the information of the pixels
_STIFFNESS = 1e-4

#: brightness of the ring that tells the extent of a star, relative to the brightest, and the margin
_FAINT, _MARGIN = 0.02, 1.15

#: distance by which stars may stray from the middle of their stamps, pixels
_STRAY = 3.0

#: number of rounds of PSF, fluxes and positions
_ROUNDS = 5


def misfit(stars, model, radius):
    """Return the deviation of stars from a model, relative to the model, without noise.

    Parameters
    ----------
    stars : redpix.psf.star_stamps.StarStamps
        Pixels of the PSF stars at fitted positions.
    model : ndarray, shape (n, side, side)
        Model of the stars, counts.
    radius : float
        Pixels farther from the star are left out, pixels.

    Returns
    -------
    float
        Median over the stars of the root of squared deviations over the root of squared light.
    """
    seen = np.isfinite(stars.variance) & (np.hypot(*stars.offsets()) < radius)
    noise = np.where(seen, stars.variance + np.maximum(model, 0) / stars.gain, 0)
    rest2 = np.where(seen, (stars.value - model) ** 2, 0) - noise
    light2 = np.where(seen, model**2, 0).sum(axis=(1, 2))
    return float(np.sqrt(max(np.median(rest2.sum(axis=(1, 2)) / light2), 0)))


def is_unlike(stars, psf, radius):
    """Return whether a PSF does not describe the stars.

    Parameters
    ----------
    stars : redpix.psf.star_stamps.StarStamps
        Pixels of the PSF stars.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
    radius : float
        Pixels farther from the star are left out, pixels.

    Returns
    -------
    bool
    """
    return describes(psf, stars, radius) > MISFIT[len(stars.x) >= MANY]


def describes(psf, stars, radius):
    """Return the deviation of stars from a PSF after a fit of their fluxes and positions.

    Parameters
    ----------
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
    stars : redpix.psf.star_stamps.StarStamps
        Pixels of the PSF stars.
    radius : float
        Pixels farther from the star are left out, pixels.

    Returns
    -------
    float
        As of `misfit`.
    """
    if stars.half + _STRAY > psf.reach + 1:  # the PSF ends within the stamps
        return float("inf")
    for _ in range(_ROUNDS):
        stars = _fitted(stars, psf)
    model = stars.flux[:, None, None] * stars.of_psf(psf, derivatives=False)
    return misfit(stars, model, radius)


def extent(stars):
    """Return the radius at which the light of stars ends, from the medians of rings.

    Parameters
    ----------
    stars : redpix.psf.star_stamps.StarStamps
        Pixels of the PSF stars.

    Returns
    -------
    int
        Pixels; neighbours that few of the stars have do not count.
    """
    shares = np.where(np.isfinite(stars.variance), stars.value, np.nan) / stars.flux[:, None, None]
    axis = np.arange(-stars.half, stars.half + 1)
    radius = np.rint(np.hypot(axis, axis[:, None])).astype(int)
    rings = [shares[:, radius == r].ravel() for r in range(stars.half + 1)]
    light = np.array([np.nanmedian(np.append(ring, 0.0)) for ring in rings])
    outer = int(np.flatnonzero(light > _FAINT * light.max()).max(initial=1))
    return int(min(np.ceil(_MARGIN * outer) + 2, stars.half))


def stacked_psf(stars, shape, fwhm):
    """Return the effective PSF that the pixels of stars show.

    Parameters
    ----------
    stars : redpix.psf.star_stamps.StarStamps
        Pixels of the PSF stars.
    shape : (int, int)
        ny, nx of the image.
    fwhm : float
        Width of the stars, pixels.

    Returns
    -------
    redpix.psf.effective_psf.EffectivePsf
        The same all over the image. It ends at the edge of the stamps.
    """
    step = max(float(np.clip(fwhm / 6, *_STEPS)), stars.half / _NODES)
    inner = int(stars.half / step)
    stars = _centred(stars)
    psf = None
    margin = int(np.ceil((_STRAY + 2) / step)) + 3
    for _ in range(_ROUNDS):
        table = _nodes(stars, step, inner)
        table = np.pad(table / (table.sum() * step**2), margin)
        psf = EffectivePsf(table[None], 0, shape, step, fwhm, len(stars.x))
        stars = _fitted(stars, psf)
    psf = with_even_pixels(psf)
    return psf._replace(fwhm=width_at_half(psf))


def _centred(stars):
    """Return stars at their first moments, with the light in their stamps as fluxes."""
    value = np.where(np.isfinite(stars.variance), stars.value, 0)
    dx, dy = stars.offsets()
    noise = np.sqrt(np.median(stars.variance, axis=(1, 2)))[:, None, None]
    bright = np.where(value > 3 * noise, value, 0)
    total = np.maximum(bright.sum(axis=(1, 2)), 1e-9)
    move_x, move_y = (
        np.clip(np.sum(bright * axis, axis=(1, 2)) / total, -1, 1) for axis in (dx, dy)
    )
    return stars._replace(
        flux=value.sum(axis=(1, 2)),
        x=stars.column + np.clip(stars.x + move_x - stars.column, -_STRAY, _STRAY),
        y=stars.row + np.clip(stars.y + move_y - stars.row, -_STRAY, _STRAY),
    )


def _nodes(stars, step, inner):
    """Return the spline coefficients that fit the stars, shape (side, side)."""
    design = spline_design(stars, step, inner)
    model = np.maximum(stars.value, 0)
    weight = flattened(stars.weights(model)).ravel()
    weighted = sparse.diags_array(weight) @ design
    normal = (design.T @ weighted).tocsc()
    side = 2 * inner + 1
    second = sparse.diags_array([1.0, -2.0, 1.0], offsets=[-1, 0, 1], shape=(side, side))
    one = sparse.eye_array(side)
    bend = sparse.kron(second, one) + sparse.kron(one, second)
    stiffness = _STIFFNESS * normal.diagonal().max()
    normal = normal + stiffness * (bend.T @ bend + 1e-3 * sparse.eye_array(side**2))
    right = weighted.T @ flattened(stars.value).ravel()
    return spsolve(normal.tocsc(), right, permc_spec="MMD_AT_PLUS_A").reshape(side, side)


def _fitted(stars, psf):
    """Return stars after one step of flux, x and y, of at most half a pixel."""
    value, by_x, by_y = stars.of_psf(psf)
    flux = stars.flux[:, None, None]
    local = flattened(np.stack([value, flux * by_x, flux * by_y], 1))
    weight = flattened(stars.weights(flux * value))
    normal = (local * weight[:, None]) @ local.transpose(0, 2, 1)
    # flux and position have different units: each is held relative to itself
    held = np.einsum("nii->ni", normal)
    held += 1e-9 * held + np.finfo(float).tiny
    rest = flattened(stars.value - flux * value)
    moves = np.linalg.solve(normal, np.einsum("nap,np->na", local, weight * rest)[..., None])
    moves = moves[..., 0]
    near = np.column_stack([stars.x - stars.column, stars.y - stars.row])
    near += np.clip(moves[:, 1:], -0.5, 0.5)
    return stars._replace(
        flux=np.maximum(stars.flux + moves[:, 0], 0.1 * stars.flux),
        x=stars.column + np.clip(near[:, 0], -_STRAY, _STRAY),
        y=stars.row + np.clip(near[:, 1], -_STRAY, _STRAY),
    )


def half_of_stamps(psf):
    """Return the half-width of the stamps from which a PSF was stacked.

    Parameters
    ----------
    psf : redpix.psf.effective_psf.EffectivePsf
        Result of `stacked_psf`.

    Returns
    -------
    int
        Pixels.
    """
    lit = np.flatnonzero(psf.terms[0].any(axis=0))
    return int((len(lit) // 2) * psf.step) if len(lit) else 1


def width_at_half(psf):
    """Return the width of a PSF of any shape at half of its peak, in the middle of the image.

    Parameters
    ----------
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.

    Returns
    -------
    float
        Diameter of a circle of the area above half of the peak, pixels.
    """
    table = psf.terms[0]
    bright = np.sum(table > 0.5 * table.max()) * psf.step**2
    return float(2 * np.sqrt(bright / np.pi))
