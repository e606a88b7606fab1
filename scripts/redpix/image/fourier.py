"""Fourier transforms of padded images, and what is made with them: filters and their variances.

A kernel is a stamp whose centre, pixel ``(ny // 2, nx // 2)``, is put on pixel (0, 0).
"""

from typing import NamedTuple

import numpy as np
from scipy import fft

from redpix.core.backend import NUMPY, NumpyBackend


class Transforms(NamedTuple):
    """Real Fourier transforms of one padded shape.

    Zeros are added behind the last row and column: as many as a PSF reaches, and on to a length
    that transforms fast. Zero is what a background-subtracted image continues with, and as the
    variance is continued with zeros too, scores keep unit variance up to the edge.
    """

    shape: tuple
    padded: tuple
    dtype: type
    workers: int
    arrays: NumpyBackend

    def forward(self, image):
        """Transform of an image that is continued with zeros."""
        return self.arrays.forward(self.arrays.put(image, self.dtype), self.padded, self.workers)

    def whole(self, transform):
        """The padded image of a transform; it overwrites the transform."""
        return self.arrays.back(transform, self.padded, self.workers)

    def back(self, transform):
        """The image of a transform, without its padding."""
        return self.whole(transform)[: self.shape[0], : self.shape[1]]

    def kernel(self, psf):
        """Transform of a stamp, its centre put on pixel (0, 0)."""
        canvas = np.zeros(self.padded, self.dtype)
        canvas[: psf.shape[0], : psf.shape[1]] = self.arrays.take(psf)
        shift = (-(psf.shape[0] // 2), -(psf.shape[1] // 2))
        return self.forward(np.roll(canvas, shift, (0, 1)))

    def filtered(self, *pairs):
        """Sum of images (as from `forward`), each after its kernel, both by their transforms."""
        return self.back(_sum_of_products(pairs))

    def spread(self, *pairs):
        """Sum of variances (as from `forward`), each after the square of its kernel (`whole`)."""
        return self.back(
            _sum_of_products((self.forward(kernel * kernel), image) for kernel, image in pairs)
        )

    def stamp(self, image, side):
        """The `side` x `side` pixels (odd) about pixel (0, 0) of a periodic image.

        Pixel (0, 0) is in their middle.
        """
        half = side // 2
        rows, columns = (np.arange(-half, half + 1) % length for length in image.shape)
        rows, columns = (self.arrays.put(places, np.int64) for places in (rows, columns))
        return image[rows[:, None], columns[None, :]]


def _sum_of_products(pairs):
    total = 0
    for kernel, image in pairs:
        total = total + kernel * image
    return total


class Convolutions(NamedTuple):
    """The same operations in image space: kernels are cut off, and images convolved with them.

    Kernels are made with transforms of a small shape. A pixel depends on nothing farther away than
    half a kernel's side.
    """

    small: Transforms
    large: Transforms
    side: int

    @property
    def dtype(self):
        return self.small.dtype

    @property
    def padded(self):
        return self.small.padded

    @property
    def arrays(self):
        return self.small.arrays

    def forward(self, image):
        return self.large.forward(image)

    def kernel(self, psf):
        return self.small.kernel(psf)

    def whole(self, transform):
        return self.small.whole(transform)

    def stamp(self, image, side):
        return self.small.stamp(image, side)

    def filtered(self, *pairs):
        return self._convolved((self.whole(kernel + 0), image) for kernel, image in pairs)

    def spread(self, *pairs):
        return self._convolved((kernel * kernel, image) for kernel, image in pairs)

    def _convolved(self, pairs):
        short = ((self.stamp(kernel, self.side), image) for kernel, image in pairs)
        return self.large.filtered(*((self.large.kernel(kernel), image) for kernel, image in short))


def transforms(shape, reach, dtype=np.float32, workers=1, arrays=NUMPY):
    """Fourier transforms for images of a shape and kernels that reach so many pixels."""
    padded = tuple(fft.next_fast_len(length + reach, real=True) for length in shape)
    return Transforms(tuple(shape), padded, dtype, workers, arrays)
