"""Measure how much less a registered pixel scatters than its error says."""

import numpy as np

from redpix.image.homography import apply_homography, homography, rectangle
from redpix.image.pixel_map import pixels_of_sky, sky_of_pixels
from redpix.image.wcs import is_tangent, pixel_area
from redpix.pixels.grid import Grid, inside


def noise_correlation(project, wcs, grid, shape, patches=(2, 3), side=96, seed=0):
    """Return the variance of a registered pixel over the square of its error.

    The kernel's weights depend on the position of an image pixel within a grid pixel, which varies
    over the image. So the engine resamples patches of white noise from all over the image.

    Parameters
    ----------
    project : callable
        As for `redpix.pixels.register.register`.
    wcs : astropy.wcs.WCS
        WCS of the image.
    grid : Grid
        Pixels of the result.
    shape : (int, int)
        Rows and columns of the image.
    patches : (int, int)
        Number of patches along y and along x.
    side : int
        Side of a patch, image pixels.
    seed : int
        Seed of the noise.

    Returns
    -------
    float
        1 for uncorrelated noise; smaller where the kernel averages.
    """
    wcs = plane_at_centre(wcs, shape, grid)
    area = pixel_area(grid.wcs) / pixel_area(wcs)
    generator = np.random.default_rng(seed)
    total, count = 0.0, 0
    for top in _centred(shape[0], patches[0], side):
        for left in _centred(shape[1], patches[1], side):
            patch_wcs = wcs.deepcopy()
            patch_wcs.wcs.crpix = wcs.wcs.crpix - [left, top]
            small = _cut_grid(grid, patch_wcs, (side, side))
            noise = generator.standard_normal((side, side)).astype(np.float32)
            matrix = homography(patch_wcs, small.wcs, noise.shape)
            interior = inside(matrix, noise.shape, small.shape, 8.0)
            values = project(noise, patch_wcs, small)[interior]
            total += np.sum(np.square(values, dtype=np.float64))
            count += values.size
    return float(total / count * area)


def plane_at_centre(wcs, shape, grid):
    """Return a tangent plane that agrees with a WCS at the centre of its image.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        Any projection, with any distortion.
    shape : (int, int)
        Rows and columns of the image.
    grid : Grid
        Its celestial frame is that of the plane.

    Returns
    -------
    astropy.wcs.WCS
        The WCS itself, if it is a tangent plane.
    """
    if is_tangent(wcs):
        return wcs
    x, y = (shape[1] - 1) / 2, (shape[0] - 1) / 2
    sky = sky_of_pixels(wcs, [x, x + 1, x], [y, y, y + 1])
    plane = grid.wcs.deepcopy()
    plane.wcs.crval, plane.wcs.crpix, plane.wcs.cd = sky[0], [x + 1, y + 1], np.eye(2)
    steps = pixels_of_sky(plane, sky[1:]).T - [x, y]
    plane.wcs.cd = steps.T
    return plane


def alike(matrix, other, side=96):
    """Return whether `noise_correlation` is the same for two homographies.

    It is the same if both rotate and scale alike, and if the rotation is large enough: within a
    patch, pixels must lie at all positions between those of the grid. For a frame that is nearly
    parallel to the grid, the kernel's weights depend on the shift.

    Parameters
    ----------
    matrix, other : ndarray, shape (3, 3)
        Homographies from image to grid.
    side : int
        Side of a patch, image pixels.

    Returns
    -------
    bool
    """
    angle = np.arctan2(matrix[1, 0], matrix[0, 0]) / (np.pi / 2)
    turned = abs(angle - np.rint(angle)) * np.pi / 2
    return bool(side * turned > 3 and abs(matrix - other)[:2, :2].max() < 1e-3)


def _centred(length, patches, side):
    """Return the first pixels of patches, each centred in one of equal parts of an axis."""
    return ((np.arange(patches) + 0.5) * length / patches - side / 2).astype(int)


def _cut_grid(grid, wcs, shape):
    """Return the rectangle of a grid that holds an image, on the same pixels."""
    x, y = apply_homography(homography(wcs, grid.wcs, shape), *rectangle(shape).T)
    left, bottom = int(np.floor(x.min())), int(np.floor(y.min()))
    cut = grid.wcs.deepcopy()
    cut.wcs.crpix = grid.wcs.wcs.crpix - [left, bottom]
    return Grid(cut, (int(np.ceil(y.max())) - bottom + 1, int(np.ceil(x.max())) - left + 1))
