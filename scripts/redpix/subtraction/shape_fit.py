"""Fit transients in the difference by a point source, and by one or two single pixels."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from redpix.subtraction.difference_shapes import difference_shapes
from redpix.subtraction.extended_light import extended_share, ring
from redpix.subtraction.transient_shapes import windows

#: half a side of the square that is fitted, in units of the FWHM, and its minimum in pixels
REACH, LEAST_REACH = 1.5, 4

#: steps of the fit of a place
STEPS = 5

#: largest distance of the fitted place from the measured one along an axis, pixels
FARTHEST = 1.5

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


class _Square(NamedTuple):
    """Pixels of the difference about a transient, divided by their noise, as a column."""

    x: int
    y: int
    place: tuple
    reach: int
    data: np.ndarray
    weight: np.ndarray


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
    transients, shapes, rows, squares = np.column_stack([x, y, flux]), {}, [], []
    for row, (column, line, light) in enumerate(transients):
        tile = planes.tile_at(column, line)
        key = tile.inner[0].start, tile.inner[1].start
        if key not in shapes:
            made = difference_shapes(tile)
            shapes[key] = made, ndimage.spline_filter(made.source, order=3)
        made, source = shapes[key]
        near = (abs(x - column) < 3 * reach) & (abs(y - line) < 3 * reach)
        near[row] = False
        square = _square(difference, variance, column, line, reach)
        square = _without(square, source, transients[near])
        wide = _square(difference, variance, column, line, int(np.ceil(ring(fwhm)[1])))
        # the parts of an extended light are transients, too: only brighter ones are subtracted
        wide = _without(wide, source, transients[near & (abs(flux) > 2 * abs(light))])
        wide = _without(wide, source, transients[row : row + 1])
        rows.append((*_fits(square, source, made, light), _extended(wide, made, light, fwhm)))
        squares.append((square, source, made, np.flatnonzero(near)))
    fits = ShapeFit._make(np.array(rows, float).reshape(-1, 6).T)
    return _again_beside_others(fits, squares, transients, fwhm)


def _again_beside_others(fits, squares, transients, fwhm):
    """Return the fits, again without the pixels of neighbours that are not point sources."""
    share = fits.chi_squared / (fits.pixels + NEIGHBOUR_SHARE * fits.signal_to_noise**2)
    odd = (share > ODD) | (fits.gain < 0)
    table = np.array(fits).T
    for row in np.flatnonzero(odd):
        square, source, made, near = squares[row]
        left = _masked(square, transients[near[odd[near]]], fwhm)
        left = without_rays(left, source, made, fwhm)
        if not np.any(left.weight != square.weight):
            continue
        again = _fits(left, source, made, transients[row, 2])
        if abs(again[0]) > LEAST_SHARE * abs(fits.signal_to_noise[row]):
            table[row, : len(again)] = again
    return ShapeFit._make(table.T)


def _masked(square, neighbours, fwhm):
    """Return a square without the pixels near neighbours, rows of x, y and flux."""
    steps = np.arange(-square.reach, square.reach + 1)
    rows, columns = np.meshgrid(steps + square.y, steps + square.x, indexing="ij")
    own = np.hypot(columns - square.place[0], rows - square.place[1])
    valid = np.ones(len(square.weight), bool)
    for x, y, _ in neighbours:
        away = np.hypot(columns - x, rows - y)
        valid &= ((away > MASKED * max(fwhm, 2.0)) | (own < away)).ravel()
    return square._replace(data=square.data * valid, weight=square.weight * valid)


def without_rays(square, source, shapes, fwhm):
    """Return a square without the pixels of cosmic rays beside the transient.

    A ray is sharper in the difference than a point source: its four neighbours hold less light.

    Parameters
    ----------
    square : _Square
        Pixels about the transient.
    source : ndarray
        Spline coefficients of a point source in the difference.
    shapes : redpix.subtraction.difference_shapes.DifferenceShapes
        Shapes of a point source and of single pixels.
    fwhm : float
        FWHM of the wider PSF, pixels.

    Returns
    -------
    _Square
        The same square if the pixels are more than `MOST_RAYS` of it.
    """
    side = 2 * square.reach + 1
    steps = np.arange(-square.reach, square.reach + 1)
    away = np.hypot(
        steps + square.x - square.place[0], (steps + square.y - square.place[1])[:, None]
    )
    sharp = (_beside_middle(shapes.source) + max(_beside_middle(shapes.new_pixel), 0)) / 2
    cut = square
    for _ in range(RAY_ROUNDS):
        model = _fit_source(cut, source, cut.place)
        rest = (cut.data - model).reshape(side, side)
        beside = ndimage.convolve(rest, _BESIDE, mode="constant")
        limit = LEAST_RAY + RAY_SHARE * abs(model).reshape(side, side)
        rays = (abs(rest) > limit) & (away > fwhm) & (beside * np.sign(rest) < sharp * abs(rest))
        if not rays.any():
            break
        valid = ~ndimage.binary_dilation(rays, np.ones((3, 3))).ravel() | (away <= fwhm).ravel()
        cut = cut._replace(data=cut.data * valid, weight=cut.weight * valid)
    lost = 1 - np.count_nonzero(cut.weight) / max(np.count_nonzero(square.weight), 1)
    return square if lost > MOST_RAYS else cut


def _beside_middle(shape):
    """Return the mean of the four pixels beside the middle of a shape over the middle one."""
    middle = shape.shape[0] // 2
    near = shape[middle - 1 : middle + 2, middle - 1 : middle + 2]
    return float(np.sum(near * _BESIDE) / near[1, 1])


def _fits(square, source, shapes, flux):
    """Return the columns of `ShapeFit` that describe the fits of one transient."""
    model = _fit_source(square, source, square.place)
    power = model @ model
    chi_squared = np.sum((square.data - model) ** 2)
    left = square.data @ square.data - _power_of_pixels(square, shapes, square.data)
    expected = power - _power_of_pixels(square, shapes, model)
    signal_to_noise = np.copysign(np.sqrt(power), flux)
    return signal_to_noise, chi_squared, np.sum(square.weight > 0), left - chi_squared, expected


def _extended(square, shapes, flux, fwhm):
    """Return the light at large scale over that of the transient."""
    side = (2 * square.reach + 1,) * 2
    valid = square.weight > 0
    noise = np.divide(1, square.weight, out=np.full(len(valid), np.nan), where=valid)
    power = shapes.source.sum() / np.sum(shapes.source**2)
    imitated = extended_share((square.data * noise).reshape(side), noise.reshape(side), power, fwhm)
    return imitated / max(abs(flux), 1e-30)


def _without(square, source, transients):
    """Return a square after transients, rows of x, y and flux, are subtracted."""
    light = sum(flux * _shifted(source, square, x, y) for x, y, flux in transients)
    return square._replace(data=square.data - light * square.weight)


def _square(difference, variance, x, y, reach):
    """Return the pixels about a place; invalid ones have weight 0."""
    column, row = round(float(x)), round(float(y))
    data, noise = (
        windows(image, np.array([column]), np.array([row]), reach, np.nan).ravel().astype(float)
        for image in (difference, variance)
    )
    valid = np.isfinite(data) & (noise > 0)
    weight = np.where(valid, 1 / np.sqrt(np.where(valid, noise, 1.0)), 0.0)
    return _Square(column, row, (x, y), reach, np.where(valid, data, 0.0) * weight, weight)


def _shifted(source, square, x, y):
    """Return a point source at a place on the pixels of a square, from its spline coefficients."""
    steps = np.arange(-square.reach, square.reach + 1)
    middle = np.array(source.shape) // 2
    rows, columns = np.meshgrid(
        steps + square.y - y + middle[0], steps + square.x - x + middle[1], indexing="ij"
    )
    where = np.stack([rows.ravel(), columns.ravel()])
    return ndimage.map_coordinates(source, where, order=3, prefilter=False)


def _fit_source(square, source, start, step=0.1):
    """Return the point source that fits a square best, in units of the noise."""
    start = place = np.array(start, float)
    for _ in range(STEPS):
        shape = _shifted(source, square, place[0], place[1]) * square.weight
        flux = shape @ square.data / max(shape @ shape, 1e-30)
        slopes = [
            _shifted(source, square, place[0] + dx, place[1] + dy)
            - _shifted(source, square, place[0] - dx, place[1] - dy)
            for dx, dy in ((step, 0.0), (0.0, step))
        ]
        scale = flux / (2 * step) * square.weight
        design = np.stack([shape, scale * slopes[0], scale * slopes[1]], axis=1)
        change = np.linalg.lstsq(design, square.data - flux * shape, rcond=None)[0][1:]
        place = np.clip(place + np.clip(change, -0.5, 0.5), start - FARTHEST, start + FARTHEST)
    shape = _shifted(source, square, place[0], place[1]) * square.weight
    return shape * (shape @ square.data / max(shape @ shape, 1e-30))


def _power_of_pixels(square, shapes, data):
    """Return the chi-squared that the best one or two single pixels of either image take away."""
    reach, best = square.reach, 0.0
    steps = [(dx, dy) for dx in _PIXELS for dy in _PIXELS]
    for shape in (shapes.new_pixel, shapes.reference_pixel):
        middle = shape.shape[0] // 2
        low, high = middle - reach, middle + reach + 1
        columns = [shape[low - dy : high - dy, low - dx : high - dx].ravel() for dx, dy in steps]
        design = np.stack(columns) * square.weight
        products, projected = design @ design.T, design @ data
        power = np.maximum(np.diag(products), 1e-30)
        first = np.argmax(projected**2 / power)
        # the fit of the best pixel together with each other one, by Cramer's rule
        both = power[first] * projected**2 + power * projected[first] ** 2
        both -= 2 * projected * projected[first] * products[first]
        determinant = power * power[first] - products[first] ** 2
        apart = determinant > 1e-6 * power * power[first]
        pairs = np.divide(both, determinant, out=np.zeros_like(both), where=apart)
        best = max(best, projected[first] ** 2 / power[first], pairs.max())
    return best
