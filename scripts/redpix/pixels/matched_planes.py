"""Convolve a registered image, its error and its mask with kernels that vary over the image.

Between the nodes at which kernels are given, the convolved images are interpolated linearly. The
image is worked on in tiles, so that large images need little memory.
"""

from typing import NamedTuple

import numpy as np
from scipy import fft

from redpix.image.masks import BITS, DTYPE, bit_value

#: side of a tile, pixels
_TILE = 768

#: fraction of a kernel's absolute weight that may lie on pixels with a mask bit
MOST_MASKED = 0.01

#: light that may come from pixels with a wrong value, in units of the error of a pixel
MOST_LIGHT = 0.5

#: mask bits of pixels whose value is wrong, by any amount
_WRONG = ("SATURATED", "COSMIC_RAY")

#: mask bits of pixels without a value
_EMPTY = ("NO_DATA", "EDGE", "BAD")


class Nodes(NamedTuple):
    """Kernels at the nodes of a grid over an image.

    Attributes
    ----------
    x, y : ndarray, shape (nx,), (ny,)
        0-based columns and rows of the nodes, in ascending order.
    kernels : ndarray, shape (ny, nx, side, side)
        Of unit sum.
    """

    x: np.ndarray
    y: np.ndarray
    kernels: np.ndarray

    def weights(self, rows, columns):
        """Return the weight of each node in the pixels of a tile.

        Parameters
        ----------
        rows, columns : slice
            The tile, with start and stop.

        Returns
        -------
        along_y, along_x : ndarray, shape (ny, rows), (nx, columns)
            Beyond the outermost nodes, the weights are those at these nodes. The sum is 1.
        """
        return tuple(
            np.stack(
                [np.interp(np.arange(part.start, part.stop), at, one) for one in np.eye(len(at))]
            )
            for part, at in ((rows, self.y), (columns, self.x))
        )


class MatchedPlanes(NamedTuple):
    """A registered image with another PSF.

    Attributes
    ----------
    image, error : ndarray, shape (ny, nx), float32
        Flux per pixel and its 1-sigma error, which is right for sums over apertures.
    mask : ndarray, shape (ny, nx), int16
        Bits of `redpix.image.masks`.
    """

    image: np.ndarray
    error: np.ndarray
    mask: np.ndarray


def match_planes(image, error, mask, nodes, noise):
    """Return a registered image convolved with kernels.

    The convolution is normalised where pixels lack values, so that a constant stays. The variance
    is averaged with the squares of the kernel's weights. It stays positive, its sum is kept, and
    times `noise` it is the variance of a pixel. A bit of the mask grows to the pixels that would
    take more than `MOST_MASKED` of their weight from pixels with it. Bits of wrong values grow to
    those that would take `MOST_LIGHT` errors of light, too.

    Parameters
    ----------
    image, error : ndarray, shape (ny, nx)
        Registered flux per pixel and its 1-sigma error; NaN in pixels without values.
    mask : ndarray, shape (ny, nx)
        Bits of `redpix.image.masks`.
    nodes : Nodes
        Kernels.
    noise : float
        Variance of a convolved pixel over its squared error.

    Returns
    -------
    MatchedPlanes
        NaN in pixels with NO_DATA, EDGE or BAD.
    """
    made = MatchedPlanes(
        np.empty(image.shape, np.float32),
        np.empty(image.shape, np.float32),
        np.zeros(image.shape, DTYPE),
    )
    for rows in _parts(image.shape[0]):
        for columns in _parts(image.shape[1]):
            tile = _Tile(rows, columns, nodes)
            planes = tile.matched(image, error, mask, noise)
            for whole, part in zip(made, planes, strict=True):
                whole[rows, columns] = part
    return made


def _parts(length):
    """Return slices of at most `_TILE` pixels along an axis, of nearly equal lengths."""
    ends = np.linspace(0, length, -(-length // _TILE) + 1).astype(int)
    return [slice(int(a), int(b)) for a, b in zip(ends, ends[1:], strict=False)]


class _Tile:
    """A tile of an image with the kernels that reach it."""

    def __init__(self, rows, columns, nodes):
        self.rows, self.columns, self.half = rows, columns, nodes.kernels.shape[-1] // 2
        along_y, along_x = nodes.weights(rows, columns)
        self.shape = rows.stop - rows.start, columns.stop - columns.start
        self.size = [fft.next_fast_len(side + 4 * self.half, real=True) for side in self.shape]
        self.pieces = [
            (along_y[j][:, None] * along_x[i], nodes.kernels[j, i])
            for j in range(len(nodes.y))
            for i in range(len(nodes.x))
            if along_y[j].any() and along_x[i].any()
        ]
        self.mean_kernel = np.mean([abs(kernel) for _, kernel in self.pieces], axis=0)
        self.mean_kernel /= self.mean_kernel.sum()

    def matched(self, image, error, mask, noise):
        """Return image, error and mask of the tile."""
        image, error = self._cut(image, np.nan), self._cut(error, np.nan)
        mask = self._cut(mask, bit_value("NO_DATA"))
        valid = np.isfinite(image) & (error > 0)
        values = np.where(valid, image, 0)
        variance = np.where(valid, error, 0) ** 2
        kernels = [kernel for _, kernel in self.pieces]
        squares = [kernel**2 / np.sum(kernel**2) for kernel in kernels]
        flux, spread = self._convolved(values, kernels), self._convolved(variance, squares)
        if not valid.all():
            flux /= np.maximum(self._convolved(valid, kernels), 0.5)
            spread /= np.maximum(self._convolved(valid, squares), 0.5)
        sigma = np.sqrt(np.maximum(spread, 0))
        grown = self._grown(mask, valid, abs(values), sigma * np.sqrt(noise))
        empty = (grown & bit_value(*_EMPTY)) != 0
        flux[empty], sigma[empty] = np.nan, np.nan
        return flux, sigma, grown

    def _cut(self, plane, fill):
        """Return the tile with a margin of the kernel's reach, filled beyond the image."""
        inside, beyond = [], []
        for part, side in zip((self.rows, self.columns), plane.shape, strict=True):
            low, high = part.start - self.half, part.stop + self.half
            inside.append(slice(max(low, 0), min(high, side)))
            beyond.append((max(-low, 0), max(high - side, 0)))
        return np.pad(plane[tuple(inside)], beyond, constant_values=fill)

    def _convolved(self, plane, kernels):
        """Return the tile of a plane, convolved with the kernel of each node and interpolated."""
        made = fft.rfft2(plane.astype(np.float64), s=self.size)
        total = 0.0
        for (weight, _), kernel in zip(self.pieces, kernels, strict=True):
            total = total + weight * self._back(made * fft.rfft2(kernel, s=self.size))
        return total

    def _back(self, transform):
        """Return the tile without its margin."""
        plane = fft.irfft2(transform, s=self.size)
        low = 2 * self.half
        return plane[low : low + self.shape[0], low : low + self.shape[1]]

    def _grown(self, mask, valid, light, sigma):
        """Return the mask of the tile after its bits have grown."""
        centre = tuple(slice(self.half, self.half + side) for side in self.shape)
        grown = mask[centre].astype(DTYPE)
        kernel = fft.rfft2(self.mean_kernel, s=self.size)
        for name in BITS:
            marked = (mask & bit_value(name)) != 0
            if name == "BAD":
                marked |= ~valid & (mask & bit_value("NO_DATA", "EDGE") == 0)
            if not marked.any():
                continue
            share = self._back(fft.rfft2(marked.astype(float), s=self.size) * kernel)
            hit = share > MOST_MASKED
            if name in _WRONG:
                wrong = np.where(marked, light, 0)
                hit |= self._back(fft.rfft2(wrong, s=self.size) * kernel) > MOST_LIGHT * sigma
            # beside the image its edge grows, not what lies beyond
            grown[hit] |= bit_value("EDGE" if name == "NO_DATA" else name)
        outside = (mask[centre] & bit_value("NO_DATA")) != 0
        grown[outside] = mask[centre][outside]
        return grown
