"""The kernel of a resampling engine: the weights of frame pixels in the pixels of the grid.

The weights depend on the position of a frame pixel between grid pixels. Where the frame is turned
against the grid, all positions occur. Where it is parallel, a single one does, and the kernel may
be a single pixel. So the engine itself resamples unit pixels that are far from each other.
"""

from typing import NamedTuple

import numpy as np
from scipy import fft

from redpix.image.homography import apply_homography, homography
from redpix.image.pixel_map import pixels_of_sky, sky_of_pixels
from redpix.image.wcs import pixel_area
from redpix.pixels.grid import Grid
from redpix.pixels.noise_correlation import plane_at_centre

#: largest offset of a grid pixel from a frame pixel with a weight, in pixels of either at least
REACH, _FRAME_REACH = 8, 4

#: distance of unit pixels, frame pixels
_APART = 24

#: number of unit pixels along an axis of a patch; empty rim of a patch, frame pixels
_BLOCKS, _RIM = 7, 8

#: number of patches along y and x
_PATCHES = (2, 3)


class EngineKernel(NamedTuple):
    """Weights of unit pixels in the grid pixels about them.

    Attributes
    ----------
    dx, dy : ndarray, shape (n, side)
        Offsets of the columns and of the rows of grid pixels from the n unit pixels, grid pixels.
    weight : ndarray, shape (n, side, side)
        The weights of each unit pixel, of unit sum.
    """

    dx: np.ndarray
    dy: np.ndarray
    weight: np.ndarray

    def transfer(self, wave_x, wave_y):
        """Return the Fourier transform of the mean kernel.

        Parameters
        ----------
        wave_x, wave_y : ndarray, shape (nx,), (ny,)
            Frequencies along x and y, cycles per grid pixel.

        Returns
        -------
        ndarray of complex, shape (ny, nx)
            1 at frequency 0.
        """
        total = np.zeros((len(wave_y), len(wave_x)), complex)
        for dx, dy, weight in zip(*self, strict=True):
            along_x = np.exp(-2j * np.pi * dx[:, None] * wave_x)
            along_y = np.exp(-2j * np.pi * wave_y[:, None] * dy)
            total += along_y @ (weight @ along_x)
        return total / len(self.weight)

    def covariance(self):
        """Return the covariance of the noise of grid pixels by their offset, for white noise.

        Returns
        -------
        ndarray, shape (2 side - 1, 2 side - 1)
            Over the square of the error, which is right for sums over apertures: the sum is 1.
            The central element is that of one pixel, the card NOISECOR.
        """
        side = self.weight.shape[1]
        size = 2 * side - 1
        power = abs(fft.rfft2(self.weight, s=(size, size))) ** 2
        products = fft.irfft2(power.mean(axis=0), s=(size, size))
        return np.roll(products, (side - 1, side - 1), (0, 1))


def measure_kernel(project, wcs, grid, shape, seed=0):
    """Return the kernel of an engine between a frame and a grid.

    Parameters
    ----------
    project : callable
        Engine, as from `redpix.pixels.resampling_engines.engine`.
    wcs : astropy.wcs.WCS
        WCS of the frame.
    grid : redpix.pixels.grid.Grid
        Grid of the registered image.
    shape : (int, int)
        Rows and columns of the frame.
    seed : int
        Seed of the positions and signs of the unit pixels.

    Returns
    -------
    EngineKernel
    """
    wcs = plane_at_centre(wcs, shape, grid)
    generator, parts = np.random.default_rng(seed), []
    scale = np.sqrt(pixel_area(wcs) / pixel_area(grid.wcs))
    reach = max(REACH, int(np.ceil(_FRAME_REACH * scale)))
    for row in range(_PATCHES[0]):
        for column in range(_PATCHES[1]):
            # in thirds of the frame, and at the same distances from the pixels of the grid
            centre = np.array([(column + 0.5) / _PATCHES[1], (row + 0.5) / _PATCHES[0]])
            corner = np.rint(centre * shape[::-1] - _side() / 2)
            patch = wcs.deepcopy()
            patch.wcs.crpix = wcs.wcs.crpix - corner
            parts.append(_responses(project, patch, _cut(grid, patch, reach), reach, generator))
    return EngineKernel._make(np.concatenate(columns) for columns in zip(*parts, strict=True))


def _side():
    """Return the side of a patch, frame pixels."""
    return _BLOCKS * _APART + 2 * _RIM


def _cut(grid, patch, reach):
    """Return the part of a grid that holds a patch, with a margin."""
    edge = np.array([0.0, _side() - 1])
    sky = sky_of_pixels(patch, edge[[0, 0, 1, 1]], edge[[0, 1, 0, 1]])
    corners = pixels_of_sky(grid.wcs, sky)
    low = np.floor(corners.min(axis=1)).astype(int) - 2 * reach
    columns, rows = np.ceil(corners.max(axis=1)).astype(int) + 2 * reach - low
    cut = grid.wcs.deepcopy()
    cut.wcs.crpix = grid.wcs.wcs.crpix - low
    return Grid(cut, (int(rows), int(columns)))


def _responses(project, patch, cut, reach, generator):
    """Return offsets and weights of the unit pixels of a patch."""
    shape = _side(), _side()
    jitter = generator.integers(0, _APART // 3, (2, _BLOCKS**2))
    blocks = np.divmod(np.arange(_BLOCKS**2), _BLOCKS)
    row, column = _RIM + _APART * np.stack(blocks) + jitter
    plane = np.zeros(shape, np.float32)
    plane[row, column] = 1
    response = np.nan_to_num(project(plane, patch, cut)).astype(float)
    x, y = apply_homography(homography(patch, cut.wcs, shape), column * 1.0, row * 1.0)
    around = np.arange(-reach, reach + 1)
    columns, rows = (np.rint(at).astype(int)[:, None] + around for at in (x, y))
    weight = response[rows[:, :, None], columns[:, None, :]]
    weight /= weight.sum(axis=(1, 2), keepdims=True)
    return columns - x[:, None], rows - y[:, None], weight
