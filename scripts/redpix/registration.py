"""Registration of a field's bands to one north-up grid: geometry, masks, units, noise.

The resampling itself is done by an engine (Montage, SWarp or reproject), given here as a
function. A frame and its grid are both tangent-plane projections, so that pixel coordinates of
one are those of the other through a homography, exactly.
"""

from typing import NamedTuple

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs import wcs as wcslib
from scipy import ndimage

from redpix.exceptions import InputError
from redpix.frames import STALE_CARDS
from redpix.masks import BITS, DTYPE, bit_value, filled_from_nearest

# what of a frame's header describes its array or its place on the sky
_STRUCTURE = ("SIMPLE", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "EXTEND", *STALE_CARDS)
_WCS_KEYS = (
    *("WCSAXES", "LONPOLE", "LATPOLE", "EQUINOX", "RADESYS", "RADECSYS"),
    *(f"{key}{axis}" for key in ("CTYPE", "CRVAL", "CRPIX", "CUNIT", "CDELT") for axis in (1, 2)),
    *(f"{key}{i}_{j}" for key in ("CD", "PC") for i in (1, 2) for j in (1, 2)),
    *("CROTA1", "CROTA2"),
)


#: nodes of slowly changing offsets lie so many pixels apart, and so many beyond an image's edge,
#: where a spline is not right
STEP, BEYOND = 32, 4

#: two WCS that a homography takes into each other to this part of a pixel have no distortion
STRAIGHT = 1e-3


class Grid(NamedTuple):
    """A north-up tangent-plane grid."""

    wcs: WCS
    shape: tuple

    def header(self):
        """FITS header of an image on the grid."""
        header = fits.Header([("SIMPLE", True), ("BITPIX", -64), ("NAXIS", 2)])
        header["NAXIS1"], header["NAXIS2"] = self.shape[1], self.shape[0]
        header.extend(wcs_header(self.wcs))
        return header


def frame_wcs(header):
    """Celestial WCS of a frame, read from its WCS cards alone.

    Raises
    ------
    InputError
        If it is not a tangent-plane projection of right ascension and declination, or one that
        puts the image nowhere.
    """
    cards = fits.Header([(key, header[key]) for key in _WCS_KEYS if key in header])
    if "RADECSYS" in cards:  # the old name of the card
        cards.setdefault("RADESYS", cards["RADECSYS"])
        del cards["RADECSYS"]
    types = (str(cards.get("CTYPE1")).strip(), str(cards.get("CTYPE2")).strip())
    if types != ("RA---TAN", "DEC--TAN"):
        raise InputError(f"WCS of type {types} where RA---TAN, DEC--TAN is needed")
    if cards.get("LONPOLE", 180.0) != 180.0:  # which the engines would not heed
        raise InputError(f"WCS turned about its pole: LONPOLE {cards['LONPOLE']}; allowed: 180")
    for key in ("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2"):
        if not isinstance(cards.get(key), float | int):  # astropy would take it for 0
            raise InputError(f"WCS without a usable {key}: {cards.get(key)!r}")
    try:
        wcs = WCS(cards)
        sky = wcs.all_pix2world([[0.0, 0.0]], 0)
    except (ValueError, TypeError, MemoryError, np.linalg.LinAlgError, wcslib.WcsError) as error:
        raise InputError(f"WCS that cannot be used: {' '.join(str(error).split())}") from None
    if not np.all(np.isfinite(sky)) or not pixel_area(wcs) > 0:
        raise InputError("WCS that puts the image nowhere: CRVAL or the CD matrix is impossible")
    return wcs


def wcs_header(wcs):
    """Cards of a tangent-plane WCS with a CD matrix, equinox and RADESYS: all tools read it."""
    header = fits.Header()
    matrix = wcs.pixel_scale_matrix
    for axis in (1, 2):
        header[f"CTYPE{axis}"] = wcs.wcs.ctype[axis - 1]
        header[f"CUNIT{axis}"] = "deg"
        header[f"CRVAL{axis}"] = float(wcs.wcs.crval[axis - 1])
        header[f"CRPIX{axis}"] = float(wcs.wcs.crpix[axis - 1])
        for other in (1, 2):
            header[f"CD{axis}_{other}"] = float(matrix[axis - 1, other - 1])
    header["RADESYS"] = wcs.wcs.radesys or "ICRS"
    header["EQUINOX"] = 2000.0
    return header


def pixel_area(wcs):
    """Area of a pixel at the tangent point, square degrees."""
    return abs(np.linalg.det(wcs.pixel_scale_matrix))


def north_up_grid(wcs, shape, pixel_scale=None):
    """The smallest north-up, east-left grid that holds an image.

    Parameters
    ----------
    wcs : WCS
        Of the image.
    shape : (int, int)
        Rows and columns of the image.
    pixel_scale : float, optional
        Arcsec a pixel; by default the image's own.

    Returns
    -------
    Grid
        Its tangent point is the image's centre.
    """
    height, width = shape
    scale = np.sqrt(pixel_area(wcs)) if pixel_scale is None else pixel_scale / 3600
    grid = WCS(naxis=2)
    grid.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    grid.wcs.cunit = ["deg", "deg"]
    grid.wcs.crval = wcs.all_pix2world([[(width - 1) / 2, (height - 1) / 2]], 0)[0]
    grid.wcs.cd = [[-scale, 0], [0, scale]]
    grid.wcs.crpix = [0, 0]
    grid.wcs.radesys = wcs.wcs.radesys or "ICRS"
    corners = grid.all_world2pix(wcs.all_pix2world(_rectangle(shape), 0), 1)
    # pixel n reaches from n - 0.5 to n + 0.5; a millionth guards a frame that is north-up already
    low = np.floor(corners.min(axis=0) + 0.5 + 1e-6)
    high = np.ceil(corners.max(axis=0) - 0.5 - 1e-6)
    grid.wcs.crpix = 1 - low
    columns, rows = (high - low + 1).astype(int)
    return Grid(grid, (int(rows), int(columns)))


def _rectangle(shape, margin=0.0):
    """Corners (x, y), 0-based, of an image's outline, drawn in by `margin` pixels."""
    low = -0.5 + margin
    right, top = shape[1] - 0.5 - margin, shape[0] - 0.5 - margin
    return np.array([[low, low], [right, low], [right, top], [low, top]])


def homography(wcs, grid_wcs, shape):
    """Matrix that takes homogeneous pixel coordinates of an image to those of a grid.

    Parameters
    ----------
    wcs, grid_wcs : WCS
        Both tangent-plane; of distortions nothing is seen, see `stated_distortion`.
    shape : (int, int)
        Rows and columns of the image.

    Returns
    -------
    ndarray, shape (3, 3)
        ``grid ~ matrix @ (x, y, 1)``, all coordinates 0-based.
    """
    source = _rectangle(shape)
    target = grid_wcs.wcs_world2pix(wcs.wcs_pix2world(source, 0), 0)
    equations, values = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        equations += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.append(np.linalg.solve(equations, values), 1.0).reshape(3, 3)


class Offsets(NamedTuple):
    """Offsets of positions that change slowly over an image.

    Attributes
    ----------
    planes : ndarray, shape (2, ny, nx)
        Offsets in x and y at nodes `STEP` pixels apart, as coefficients of a cubic spline; so
        many as `BEYOND` of them lie on each side beyond the image.
    """

    planes: np.ndarray

    @classmethod
    def through(cls, shape, values):
        """The offsets of an image of a shape that ``values(x, y)`` gives, shape (2, n)."""
        rows, columns = (
            (np.arange(-(-length // STEP) + 1 + 2 * BEYOND) - BEYOND) * STEP for length in shape
        )
        x, y = (plane.ravel().astype(float) for plane in np.meshgrid(columns, rows))
        planes = np.reshape(values(x, y), (2, len(rows), len(columns)))
        return cls(np.stack([ndimage.spline_filter(part, 3, mode="mirror") for part in planes]))

    def __call__(self, x, y):
        nodes = np.stack([y, x]) / STEP + BEYOND
        return [
            ndimage.map_coordinates(plane, nodes, order=3, mode="mirror", prefilter=False)
            for plane in self.planes
        ]


def stated_distortion(matrix, wcs, other, shape):
    """What two WCS with distortions say of where pixels lie beyond a homography.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3)
        From `homography`, `wcs` to `other`.
    wcs, other : WCS
        In any projection, with any distortion.
    shape : (int, int)
        Of the image of `wcs`.

    Returns
    -------
    Offsets or None
        None where it is nowhere more than `STRAIGHT` pixels.
    """

    def offsets(x, y):
        sky = wcs.all_pix2world(np.column_stack([x, y]), 0)
        places = other.all_world2pix(sky, 0, quiet=True)
        # far outside of its image a distortion cannot be undone
        back = np.hypot(*((other.all_pix2world(places, 0) - sky + 180) % 360 - 180).T)
        wrong = ~(back < 1e-3 * np.sqrt(pixel_area(other)))
        beyond = places.T - apply_homography(matrix, x, y)
        if wrong.all() or not wrong.any():
            return np.where(wrong, 0, beyond)
        grid = (-1, len(np.unique(x)))
        beyond, wrong = beyond.reshape(2, *grid), wrong.reshape(grid)
        return np.stack([filled_from_nearest(plane, wrong) for plane in beyond])

    found = Offsets.through(shape, offsets)
    return found if abs(found.planes).max() > STRAIGHT else None


def apply_homography(matrix, x, y):
    """Positions after a homography; all coordinates 0-based."""
    u, v, w = matrix @ np.vstack([x, y, np.ones(len(x))])
    return u / w, v / w


def inside(matrix, shape, grid_shape, margin):
    """Grid pixels whose centre lies in an image, at least `margin` image pixels from its outline.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3)
        From `homography`.
    shape, grid_shape : (int, int)
    margin : float
        Pixels of the image.

    Returns
    -------
    ndarray of bool, shape `grid_shape`
    """
    x, y = apply_homography(matrix, *_rectangle(shape, margin).T)
    rows = np.arange(grid_shape[0])
    low = np.full(grid_shape[0], -np.inf)
    high = np.full(grid_shape[0], np.inf)
    turn = np.sign((x[1] - x[0]) * (y[2] - y[1]) - (y[1] - y[0]) * (x[2] - x[1]))
    for k in range(4):  # the outline is a convex quadrilateral: four half-planes
        dx, dy = x[(k + 1) % 4] - x[k], y[(k + 1) % 4] - y[k]
        across = turn * dx * (rows - y[k])  # inside where across - turn * dy * (x - x[k]) >= 0
        if dy == 0:
            low[across < 0] = np.inf
        elif turn * dy > 0:
            high = np.minimum(high, x[k] + across / (turn * dy))
        else:
            low = np.maximum(low, x[k] + across / (turn * dy))
    columns = np.arange(grid_shape[1])
    return (columns >= low[:, None]) & (columns <= high[:, None])


def registered_mask(matrix, shape, grid_shape, masked, reach, scale):
    """Mask of a registered image.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3)
        From `homography`.
    shape, grid_shape : (int, int)
    masked : (bit, y, x)
        Masked image pixels, as from `redpix.frames.masked_pixels`.
    reach : float
        How far an image pixel's value spreads under the engine's kernel, in image pixels.
    scale : float
        Side of an image pixel in grid pixels.

    Returns
    -------
    ndarray, shape `grid_shape`, int16
        Bits of `redpix.masks`.
    """
    mask = np.full(grid_shape, bit_value("NO_DATA"), DTYPE)
    mask[inside(matrix, shape, grid_shape, 0.0)] = bit_value("EDGE")
    mask[inside(matrix, shape, grid_shape, reach * max(1.0, 1 / scale))] = 0
    bit, y, x = masked
    if len(bit):
        x, y = apply_homography(matrix, x, y)
        half = 0.5 + reach * scale
        steps = np.arange(-np.ceil(half), np.ceil(half) + 1)
        for step_y in steps:
            for step_x in steps:
                column, row = np.rint(x) + step_x, np.rint(y) + step_y
                hit = (abs(column - x) <= half) & (abs(row - y) <= half)
                hit &= (column >= 0) & (column < grid_shape[1])
                hit &= (row >= 0) & (row < grid_shape[0])
                places = row[hit].astype(int), column[hit].astype(int)
                np.bitwise_or.at(mask, places, np.left_shift(1, bit[hit]).astype(DTYPE))
    return mask


class Registered(NamedTuple):
    """A registered image, its error and its mask, on one grid."""

    image: np.ndarray
    error: np.ndarray
    mask: np.ndarray


def register(project, image, error, wcs, grid, masked, reach):
    """Put an image, its error and its mask onto a grid.

    The variance goes through the same engine with the same weights as the image. The error that
    results is right for sums over apertures; a single pixel scatters less, by
    `noise_correlation`. Flux a pixel is kept: the engines conserve surface brightness, so that
    image and variance are scaled by the ratio of pixel areas.

    Parameters
    ----------
    project : callable
        ``project(array, wcs, grid) -> array`` of the grid's shape, surface brightness kept.
    image, error : ndarray
        Flux a pixel and its 1-sigma error.
    wcs : WCS
    grid : Grid
    masked : (bit, y, x)
        Masked pixels of the image.
    reach : float
        Reach of the engine's kernel in image pixels.

    Returns
    -------
    Registered
        float32, float32, int16; NaN where the mask says NO_DATA, EDGE or BAD.
    """
    area = pixel_area(grid.wcs) / pixel_area(wcs)
    matrix = homography(wcs, grid.wcs, image.shape)
    bad = ~np.isfinite(image) | ~np.isfinite(error) | ~(error > 0)
    bad_y, bad_x = np.nonzero(bad)
    extended = np.full(len(bad_y), BITS["BAD"]), bad_y, bad_x
    masked = [np.concatenate(parts) for parts in zip(masked, extended, strict=True)]
    mask = registered_mask(matrix, image.shape, grid.shape, masked, reach, scale=1 / np.sqrt(area))
    # one NaN would spread as far as the kernel, a spline's over the whole image
    image, variance = np.where(bad, 0, image), np.where(bad, 0, np.square(error, dtype=np.float32))
    science = np.asarray(project(image, wcs, grid), np.float32) * np.float32(area)
    variance = np.asarray(project(variance, wcs, grid), np.float32) * np.float32(area)
    # beside a star a kernel's negative lobes can leave no variance
    mask[(mask & bit_value("NO_DATA", "EDGE") == 0) & ~(variance > 0)] |= bit_value("BAD")
    unknown = (mask & bit_value("NO_DATA", "EDGE", "BAD")) != 0
    science[unknown] = np.nan
    variance[unknown] = np.nan
    return Registered(science, np.sqrt(variance), mask)


def noise_correlation(project, wcs, grid, shape, patches=(2, 3), side=96, seed=0):
    """Variance of a registered pixel over the square of its error, from white noise.

    The kernel's weights depend on where in the grid's pixel an image pixel falls, which drifts
    over the image; so patches of white noise from all over it go through the engine.

    Parameters
    ----------
    project, wcs, grid
        As for `register`.
    shape : (int, int)
        Rows and columns of the image.
    patches : (int, int)
        Patches along the rows' and the columns' axis.
    side : int
        Of a patch, image pixels.
    seed : int
        Of the noise.

    Returns
    -------
    float
        1 for uncorrelated noise; smaller where the kernel averages.
    """
    area = pixel_area(grid.wcs) / pixel_area(wcs)
    generator = np.random.default_rng(seed)
    total, count = 0.0, 0
    for top in _centred(shape[0], patches[0], side):
        for left in _centred(shape[1], patches[1], side):
            patch_wcs = wcs.deepcopy()
            patch_wcs.wcs.crpix = wcs.wcs.crpix - [left, top]
            small = _grid_part(grid, patch_wcs, (side, side))
            noise = generator.standard_normal((side, side)).astype(np.float32)
            matrix = homography(patch_wcs, small.wcs, noise.shape)
            interior = inside(matrix, noise.shape, small.shape, 8.0)
            values = project(noise, patch_wcs, small)[interior]
            total += np.sum(np.square(values, dtype=np.float64))
            count += values.size
    return float(total / count * area)


def alike(matrix, other, side=96):
    """Whether `noise_correlation` is the same for two homographies.

    It is if they turn and stretch alike, and turn so far that pixels come to lie everywhere
    between those of the grid within a patch; of a frame that is all but parallel to the grid the
    kernel's weights hang on its shift.

    Parameters
    ----------
    matrix, other : ndarray, shape (3, 3)
        From `homography`.
    side : int
        Of a patch, image pixels.
    """
    angle = np.arctan2(matrix[1, 0], matrix[0, 0]) / (np.pi / 2)
    turned = abs(angle - np.rint(angle)) * np.pi / 2
    return bool(side * turned > 3 and abs(matrix - other)[:2, :2].max() < 1e-3)


def _centred(length, patches, side):
    """Starts of patches that stand in the middle of equal parts of an axis."""
    return ((np.arange(patches) + 0.5) * length / patches - side / 2).astype(int)


def _grid_part(grid, wcs, shape):
    """The part of a grid that holds an image, on the same pixels."""
    x, y = apply_homography(homography(wcs, grid.wcs, shape), *_rectangle(shape).T)
    left, bottom = int(np.floor(x.min())), int(np.floor(y.min()))
    part = grid.wcs.deepcopy()
    part.wcs.crpix = grid.wcs.wcs.crpix - [left, bottom]
    return Grid(part, (int(np.ceil(y.max())) - bottom + 1, int(np.ceil(x.max())) - left + 1))


def kept_cards(header):
    """Cards of a frame's header that do not describe its array or its WCS, in their order."""
    dropped = set(_STRUCTURE) | set(_WCS_KEYS)
    return fits.Header([card for card in header.cards if card.keyword not in dropped])


def edge_distance(mask, x, y):
    """Distance of positions from the nearest pixel outside the image.

    Parameters
    ----------
    mask : ndarray of int, shape (ny, nx)
        Of a registered image: NO_DATA and EDGE are outside, as is all beyond the array.
    x, y : ndarray, shape (n,)
        0-based grid coordinates.

    Returns
    -------
    ndarray, shape (n,)
        Grid pixels.
    """
    valid = np.pad((mask & bit_value("NO_DATA", "EDGE")) == 0, 1)
    distance = ndimage.distance_transform_edt(valid)[1:-1, 1:-1]
    column = np.clip(np.rint(x).astype(int), 0, mask.shape[1] - 1)
    row = np.clip(np.rint(y).astype(int), 0, mask.shape[0] - 1)
    return distance[row, column]
