"""Fit transients in the difference by a point source, and by one or two single pixels."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from redpix.subtraction.extended_light import extended_share, ring
from redpix.subtraction.single_pixels import pixel_designs, power_of_pixels
from redpix.subtraction.squares import (
    fitted_sources,
    squares_about,
    tile_shapes,
    without_sources,
)

#: half a side of the square that is fitted, in units of the FWHM, and its minimum in pixels
REACH, LEAST_REACH = 1.5, 4

#: chi-squared over that allowed with a share of the power, above which a transient is odd
ODD, NEIGHBOUR_SHARE = 1.45, 0.05

#: radius about an odd neighbour in which pixels are left out, in units of the FWHM
MASKED = 1.25

#: signal-to-noise ratio, over that with all pixels, that a fit without some of them must have
LEAST_SHARE = 0.7

#: least residual of a cosmic ray beside a transient, standard deviations, the part of the model
#: that is added to it, and the largest share of the pixels that rays may have
LEAST_RAY, RAY_SHARE, MOST_RAYS = 5.0, 0.1, 0.25

#: maximum number of times that rays are searched for
RAY_ROUNDS = 4

#: weights of the four pixels beside one
_BESIDE = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]) / 4

#: number of transients that are fitted at a time; limits memory
_CHUNK = 128

#: number of transients that are fitted at a time; limits memory
_CHUNK = 128

#: offsets from the place along an axis of the single pixels that are tried
_PIXELS = range(-2, 3)


class ShapeFit(NamedTuple):
    """Fits of the shapes of transients, one row per transient.

    Attributes
    ----------
    signal_to_noise : ndarray
        Of the flux of the point source; negative if the source faded.
    chi_squared : ndarray
        Of the residuals of the point source.
    pixels : ndarray of int
        Number of pixels that were fitted.
    gain : ndarray
        Chi-squared of the best one or two single pixels less that of the point source: below 0 for
        cosmic rays and hot pixels.
    expected_gain : ndarray
        The same of a point source without noise.
    extended : ndarray
        Light at large scale, as the flux that it would imitate, over that of the transient. 0
        if there is none within the noise.
    """

    signal_to_noise: np.ndarray
    chi_squared: np.ndarray
    pixels: np.ndarray
    gain: np.ndarray
    expected_gain: np.ndarray
    extended: np.ndarray


class _Scene(NamedTuple):
    """All transients of a difference: x, y and flux, and the shapes in their tiles."""

    difference: np.ndarray
    variance: np.ndarray
    transients: np.ndarray
    tiles: NamedTuple
    reach: int

    def near(self, row):
        """Return the indices of the other transients near one."""
        away = abs(self.transients[:, :2] - self.transients[row, :2])
        beside = (away < 3 * self.reach).all(axis=1)
        beside[row] = False
        return np.flatnonzero(beside)

    def squares(self, rows, reach, fainter=0.0, own=False):
        """Return the squares about some transients without the light of those near them.

        Of these only such are subtracted as are brighter than a transient times `fainter`. With
        `own`, a transient is subtracted itself.
        """
        flux = abs(self.transients[:, 2])
        near = [self.near(row) for row in rows]
        near = [one[flux[one] > fainter * flux[row]] for one, row in zip(near, rows, strict=True)]
        near = [np.append(one, row) if own else one for one, row in zip(near, rows, strict=True)]
        owner = np.repeat(np.arange(len(rows)), [len(one) for one in near])
        cut = squares_about(
            self.difference, self.variance, self.transients[rows, :2], self.tiles.tile[rows], reach
        )
        sources = self.transients[np.concatenate(near).astype(int)]
        return without_sources(cut, self.tiles.coefficients, owner, sources)


def fit_shapes(planes, x, y, flux, fwhm):
    """Fit each transient by a point source and by single pixels.

    The light of the other transients near it, as they were measured, is subtracted first.

    Parameters
    ----------
    planes : redpix.subtraction.mosaic.Mosaic
        The difference.
    x, y, flux : ndarray, shape (n,)
        Places, 0-based, and fluxes of the transients.
    fwhm : float
        FWHM of the wider PSF, pixels.

    Returns
    -------
    ShapeFit
    """
    reach = max(LEAST_REACH, int(np.ceil(REACH * fwhm)))
    difference, variance = planes.read("D"), planes.read("variance")
    transients = np.column_stack([x, y, flux])
    scene = _Scene(difference, variance, transients, tile_shapes(planes, x, y), reach)
    table, designs = np.empty((len(x), 6)), pixel_designs(scene.tiles.shapes, reach)
    for rows in _chunks(np.arange(len(x))):
        table[rows, :5] = _fits(scene.squares(rows, reach), scene, designs, rows)
        # the parts of an extended light are transients, too: only brighter ones are subtracted
        wide = scene.squares(rows, int(np.ceil(ring(fwhm)[1])), fainter=2.0, own=True)
        table[rows, 5] = _extended(wide, scene, rows, fwhm)
    return _again_beside_others(ShapeFit._make(table.T), scene, designs, fwhm)


def _chunks(rows):
    """Return parts of some rows."""
    return [rows[first : first + _CHUNK] for first in range(0, len(rows), _CHUNK)]


def _again_beside_others(fits, scene, designs, fwhm):
    """Return the fits, again without the pixels of neighbours that are not point sources."""
    share = fits.chi_squared / (fits.pixels + NEIGHBOUR_SHARE * fits.signal_to_noise**2)
    odd = (share > ODD) | (fits.gain < 0)
    table = np.array(fits).T
    for rows in _chunks(np.flatnonzero(odd)):
        squares = scene.squares(rows, scene.reach)
        near = [scene.near(row) for row in rows]
        near = [scene.transients[one[odd[one]], :2] for one in near]
        left = without_rays(_masked(squares, near, fwhm), scene.tiles, fwhm)
        changed = np.any(left.weight != squares.weight, axis=(1, 2))
        rows = rows[changed]
        if not len(rows):
            continue
        again = _fits(left.take(changed), scene, designs, rows)
        better = abs(again[:, 0]) > LEAST_SHARE * abs(fits.signal_to_noise[rows])
        table[rows[better], :5] = again[better]
    return ShapeFit._make(table.T)


def _offsets(squares):
    """Return the columns and rows of the pixels of each square, which broadcast to its shape."""
    steps = np.arange(-squares.reach, squares.reach + 1)
    return (
        squares.column[:, None, None] + steps[None, None, :],
        squares.row[:, None, None] + steps[None, :, None],
    )


def _masked(squares, neighbours, fwhm):
    """Return squares without the pixels near the neighbours of each, rows of x and y."""
    columns, rows = _offsets(squares)
    x, y = squares.place.T[:, :, None, None]
    own = np.hypot(columns - x, rows - y)
    valid = np.ones(own.shape, bool)
    for number, places in enumerate(neighbours):
        for x, y in places:
            away = np.hypot(columns[number] - x, rows[number] - y)
            valid[number] &= (away > MASKED * max(fwhm, 2.0)) | (own[number] < away)
    return squares.only(valid)


def without_rays(squares, tiles, fwhm):
    """Return squares without the pixels of cosmic rays beside the transients.

    A ray is sharper in the difference than a point source: its four neighbours hold less light.

    Parameters
    ----------
    squares : redpix.subtraction.squares.Squares
        Pixels about transients.
    tiles : redpix.subtraction.squares.TileShapes
        Shapes of a point source and of single pixels.
    fwhm : float
        FWHM of the wider PSF, pixels.

    Returns
    -------
    redpix.subtraction.squares.Squares
        A square whose rays are more than `MOST_RAYS` of its pixels is unchanged.
    """
    columns, rows = _offsets(squares)
    x, y = squares.place.T[:, :, None, None]
    away = np.hypot(columns - x, rows - y)
    sharp = [
        (_beside_middle(one.source) + max(_beside_middle(one.new_pixel), 0)) / 2
        for one in tiles.shapes
    ]
    sharp = np.array(sharp)[squares.tile][:, None, None]
    valid, left = np.ones(away.shape, bool), np.arange(len(away))
    for _ in range(RAY_ROUNDS):
        cut = squares.take(left).only(valid[left])
        model = fitted_sources(cut, tiles.coefficients)
        rest = cut.data - model
        beside = ndimage.convolve(rest, _BESIDE[None], mode="constant")
        rays = (abs(rest) > LEAST_RAY + RAY_SHARE * abs(model)) & (away[left] > fwhm)
        rays &= beside * np.sign(rest) < sharp[left] * abs(rest)
        with_rays = rays.any(axis=(1, 2))
        left, rays = left[with_rays], rays[with_rays]
        if not len(left):
            break
        grown = ndimage.binary_dilation(rays, np.ones((1, 3, 3)))
        valid[left] &= ~grown | (away[left] <= fwhm)
    cut = squares.only(valid)
    before, after = (np.count_nonzero(one.weight, axis=(1, 2)) for one in (squares, cut))
    many = 1 - after / np.maximum(before, 1) > MOST_RAYS
    return squares.only(valid | many[:, None, None])


def _beside_middle(shape):
    """Return the mean of the four pixels beside the middle of a shape over the middle one."""
    middle = shape.shape[0] // 2
    near = shape[middle - 1 : middle + 2, middle - 1 : middle + 2]
    return float(np.sum(near * _BESIDE) / near[1, 1])


def _fits(squares, scene, designs, rows):
    """Return the columns of `ShapeFit` that describe the fits of some transients."""
    model = fitted_sources(squares, scene.tiles.coefficients)
    model, data = (one.reshape(len(rows), -1) for one in (model, squares.data))
    power = np.sum(model**2, axis=1)
    chi_squared = np.sum((data - model) ** 2, axis=1)
    of_data, of_model = power_of_pixels(squares, designs, (data, model))
    signal_to_noise = np.copysign(np.sqrt(power), scene.transients[rows, 2])
    pixels = np.count_nonzero(squares.weight, axis=(1, 2))
    left = np.sum(data**2, axis=1) - of_data
    return np.stack(
        [signal_to_noise, chi_squared, pixels, left - chi_squared, power - of_model], axis=1
    )


def _extended(squares, scene, rows, fwhm):
    """Return the light at large scale of each transient over its own."""
    valid = squares.weight > 0
    noise = np.divide(1, squares.weight, out=np.full(valid.shape, np.nan), where=valid)
    shares = []
    for row, data, error, tile in zip(rows, squares.data * noise, noise, squares.tile, strict=True):
        source = scene.tiles.shapes[tile].source
        power = source.sum() / np.sum(source**2)
        imitated = extended_share(data, error, power, fwhm)
        shares.append(imitated / max(abs(scene.transients[row, 2]), 1e-30))
    return shares
