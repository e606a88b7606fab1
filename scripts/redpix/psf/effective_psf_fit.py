"""Fit the profile of an image's PSF to its stars and put it onto a grid.

The fit is by weighted least squares over the pixels of all stars together. The flux and position of
each star are free and eliminated (Schur complement), so they do not absorb an error of the PSF. The
width and ellipticity of the profile are polynomials of the position in the image. The PSF has unit
sum out to infinity, so fluxes are total fluxes.
"""

from itertools import product

import numpy as np
from astropy.stats import mad_std

from redpix.psf.effective_psf import EffectivePsf, position_powers, spline_terms
from redpix.psf.moffat import Profile, alpha_of
from redpix.psf.star_stamps import flattened

#: nodes of the grid per FWHM
_NODES = 6.0

#: half-width of the PSF's grid, FWHM
_EXTENT = 10.0

#: minimum number of stars for a profile that varies over the image with degree 0, 1, 2
LEAST = (1, 10, 40)

#: damping of the steps of a flux in a crowd, times the squared inverse error of its position,
#: pixels; measured on globular clusters
_SLOW = 1e-4


def fit_profile(stars, shape, fwhm, rounds=8, degree=None, crowded=False):
    """Fit the Moffat profile of an image to its stars by the Gauss-Newton method.

    Parameters
    ----------
    stars : redpix.psf.star_stamps.StarStamps
        Pixels of the PSF stars.
    shape : (int, int)
        ny, nx of the image.
    fwhm : float
        First guess, pixels.
    rounds : int
        Maximum number of iterations.
    degree : int, optional
        Degree of the variation over the image. The default follows from the number of stars.
    crowded : bool
        Fluxes of bright stars move slowly, so that the profile of a crowd stays near the first
        guess; of blended stars the best profile is too narrow.

    Returns
    -------
    profile : redpix.psf.moffat.Profile or None
        None if every star is an outlier.
    stars : redpix.psf.star_stamps.StarStamps
        Stars without outliers, with improved fluxes and positions.
    """
    if degree is None:
        degree = max(d for d, least in enumerate(LEAST) if len(stars.x) >= least)
    number = (degree + 1) * (degree + 2) // 2
    start = np.zeros(number)
    start[0] = np.log(alpha_of(fwhm, 3.0))
    profile = Profile(start, np.zeros(number), np.zeros(number), np.log(2.0), degree, shape)
    for turn in range(rounds):
        slow = _SLOW if crowded else 0.0
        step, moves, chi2 = _solve(*_columns(stars, profile), slow)
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
            limit = np.median(chi2) + 5 * mad_std(chi2)
            stars = stars.take(chi2 <= max(limit, 2.0))
        if turn > 4 and np.all(abs(step) < 3e-4):
            break
    return profile, stars


def _columns(stars, profile):
    """Return the derivatives by flux and position and by shared parameters, and the residuals.

    All are in units of the noise, shape (n, 3 + shared parameters + 1, pixels). The second result
    is the number of valid pixels of each star.
    """
    # single precision is enough: a profile is compared with pixels to 1 % of its value
    offsets = (axis.astype(np.float32) for axis in stars.offsets())
    value, by = profile.at(stars.x, stars.y, *offsets, slopes=True)
    by_x, by_y, *shape, by_beta = (flattened(slope) for slope in by)
    value, flux = flattened(value), stars.flux[:, None]
    model = flux * value
    root = np.sqrt(flattened(stars.weights(model.reshape(stars.value.shape))))
    light = flux * root
    powers = position_powers(stars.x, stars.y, profile.shape, profile.degree).T
    scaled = [light * power[:, None] for power in powers]
    columns = np.empty((len(flux), 3 + len(shape) * len(powers) + 2, value.shape[1]))
    np.multiply(value, root, out=columns[:, 0])
    np.multiply(by_x, light, out=columns[:, 1])
    np.multiply(by_y, light, out=columns[:, 2])
    for row, (slope, scale) in enumerate(product(shape, scaled), start=3):
        np.multiply(slope, scale, out=columns[:, row])
    np.multiply(by_beta, light, out=columns[:, -2])
    np.multiply(flattened(stars.value) - model, root, out=columns[:, -1])
    return columns, np.count_nonzero(root, axis=1)


def _solve(columns, pixels, slow):
    """Return the steps of shared and of each star's parameters, and chi^2 per pixel.

    The columns are those of `_columns`; their products are all that the fit needs.
    """
    products = columns @ columns.transpose(0, 2, 1)
    star_normal, back_side = products[:, :3, :3].copy(), products[:, :3, 3:]
    held = np.einsum("nii->ni", star_normal)
    held[:, 0] *= 1 + slow * held[:, 1:].max(axis=1)
    held += 1e-9 * held + np.finfo(float).tiny
    mixed = back_side[..., :-1]
    normal, side = products[:, 3:-1, 3:-1].sum(axis=0), products[:, 3:-1, -1].sum(axis=0)
    back = np.linalg.solve(star_normal, back_side)
    normal -= np.einsum("nai,naj->ij", mixed, back[..., :-1], optimize=True)
    side = side - np.einsum("nai,na->i", mixed, back[..., -1])
    step = np.linalg.solve(normal + 1e-6 * np.diag(np.diag(normal)), side)
    moves = back[..., -1] - back[..., :-1] @ step
    return step, moves, products[:, -1, -1] / np.maximum(pixels, 1)


def _moved(stars, moves):
    """Return stars after one step of flux, x and y, of at most half a pixel."""
    limit = 0.5
    return stars._replace(
        flux=np.maximum(stars.flux + moves[:, 0], 0.1 * stars.flux),
        x=stars.x + np.clip(moves[:, 1], -limit, limit),
        y=stars.y + np.clip(moves[:, 2], -limit, limit),
    )


def effective_psf(profile, stars=0):
    """Return a profile as an effective PSF on a grid of nodes.

    Parameters
    ----------
    profile : redpix.psf.moffat.Profile
        Moffat profile of the image.
    stars : int
        Number of stars from which the profile was made.

    Returns
    -------
    redpix.psf.effective_psf.EffectivePsf
    """
    fwhm = max(np.hypot(profile.fwhm, 0.8), 1.5)  # the width of a pixel included
    step = fwhm / _NODES
    nodes = int(np.ceil(_EXTENT * _NODES)) + 3
    grid = np.arange(-nodes, nodes + 1) * step
    # one degree more, because a profile is not linear in its width
    degree = profile.degree + (profile.degree > 0)
    side = 2 * degree + 1
    rows, columns = (np.linspace(0, length - 1, side) for length in profile.shape)
    y, x = (axis.ravel() for axis in np.meshgrid(rows, columns, indexing="ij"))
    positions = np.stack([x, y], 1)[:, :, None]
    values = np.stack([profile.at(*xy, grid, grid[:, None])[0] for xy in positions])
    terms = spline_terms(values, (x, y), degree, profile.shape)
    return EffectivePsf(terms, degree, profile.shape, step, fwhm, stars)
