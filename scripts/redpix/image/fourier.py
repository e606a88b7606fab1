"""Filter images and their variances with Fourier transforms.

The transform of a kernel is that of a stamp whose centre, pixel ``(ny // 2, nx // 2)``, is shifted
to pixel (0, 0).
"""

from typing import NamedTuple

import numpy as np
from scipy import fft

from redpix.core.backend import NUMPY, NumpyBackend


class Transforms(NamedTuple):
    """Real Fourier transforms of one padded shape.

    Images are padded with zeros behind the last row and column. The padding covers the reach of a
    kernel and extends to a length that transforms fast. Zero is the expected value beyond the edge
    of a background-subtracted image. The variance is padded with zeros as well, so scores keep
    unit variance up to the edge.

    Attributes
    ----------
    shape, padded : (int, int)
        Rows and columns of the images without and with padding.
    dtype : type
        Floating type of the images.
    workers : int
        Number of threads.
    arrays : redpix.core.backend.NumpyBackend
        Library that computes.
    """

    shape: tuple
    padded: tuple
    dtype: type
    workers: int
    arrays: NumpyBackend

    def forward(self, image):
        """Return the transform of an image that is padded with zeros.

        Parameters
        ----------
        image : array_like, shape `shape`
            Image without padding.

        Returns
        -------
        array
        """
        return self.arrays.forward(self.arrays.put(image, self.dtype), self.padded, self.workers)

    def whole(self, transform):
        """Return the padded image of a transform, which is overwritten.

        Parameters
        ----------
        transform : array
            Result of `forward` or `kernel`, or a product of such.

        Returns
        -------
        array, shape `padded`
        """
        return self.arrays.back(transform, self.padded, self.workers)

    def back(self, transform):
        """Return the image of a transform without its padding.

        Parameters
        ----------
        transform : array
            Result of `forward` or `kernel`, or a product of such.

        Returns
        -------
        array, shape `shape`
        """
        return self.whole(transform)[: self.shape[0], : self.shape[1]]

    def kernel(self, psf):
        """Return the transform of a stamp whose centre is shifted to pixel (0, 0).

        Parameters
        ----------
        psf : array, shape (m, n)
            Stamp with its centre at pixel ``(m // 2, n // 2)``.

        Returns
        -------
        array
        """
        stamp = np.asarray(self.arrays.take(psf), self.dtype)
        return self.arrays.forward_stamp(stamp, self.padded, self.workers)

    def filtered(self, *pairs):
        """Return the sum of filtered images.

        Parameters
        ----------
        *pairs : (array, array)
            Transforms of a kernel and of an image.

        Returns
        -------
        array, shape `shape`
        """
        return self.back(_sum_of_products(pairs))

    def spread(self, *pairs):
        """Return the sum of the variances of filtered images.

        Parameters
        ----------
        *pairs : (array, array)
            Padded image of a kernel (`whole`), which is overwritten, and transform of a variance
            image.

        Returns
        -------
        array, shape `shape`
        """
        total = None
        for kernel, image in pairs:
            kernel *= kernel
            product = self.forward(kernel)
            product *= image
            total = _added(total, product)
        return self.back(total)

    def stamp(self, image, side):
        """Return the stamp of a periodic image that is centred on pixel (0, 0).

        Parameters
        ----------
        image : array, shape `padded`
            Periodic image.
        side : int
            Rows and columns of the stamp, odd.

        Returns
        -------
        array, shape (side, side)
        """
        half = side // 2
        rows, columns = (np.arange(-half, half + 1) % length for length in image.shape)
        rows, columns = (self.arrays.put(indices, np.int64) for indices in (rows, columns))
        return image[rows[:, None], columns[None, :]]


def _sum_of_products(pairs):
    """Return the sum of the products of transforms."""
    total = None
    for kernel, image in pairs:
        total = _added(total, kernel * image)
    return total


def _added(total, product):
    """Return the sum of an array, which is overwritten, and a product; None counts as 0."""
    if total is None:
        return product
    total += product
    return total


class Convolutions(NamedTuple):
    """The operations of `Transforms` with kernels of limited size.

    A pixel depends only on pixels within half a kernel's side.

    Attributes
    ----------
    small : Transforms
        Transforms of the shape in which kernels are computed.
    large : Transforms
        Transforms of the images.
    side : int
        Rows and columns of a kernel, odd.
    """

    small: Transforms
    large: Transforms
    side: int

    @property
    def dtype(self):
        """Floating type of the images."""
        return self.small.dtype

    @property
    def padded(self):
        """Rows and columns of the shape in which kernels are computed."""
        return self.small.padded

    @property
    def arrays(self):
        """Library that computes."""
        return self.small.arrays

    def forward(self, image):
        """Return the transform of an image, as `Transforms.forward`."""
        return self.large.forward(image)

    def kernel(self, psf):
        """Return the transform of a stamp, as `Transforms.kernel`."""
        return self.small.kernel(psf)

    def whole(self, transform):
        """Return the padded image of a kernel's transform, which is overwritten.

        Parameters
        ----------
        transform : array
            Result of `kernel`, or a product of such.

        Returns
        -------
        array, shape `padded`
        """
        return self.small.whole(transform)

    def stamp(self, image, side):
        """Return the stamp of a periodic image that is centred on pixel (0, 0).

        Parameters
        ----------
        image : array, shape `padded`
            Periodic image.
        side : int
            Rows and columns of the stamp, odd.

        Returns
        -------
        array, shape (side, side)
        """
        return self.small.stamp(image, side)

    def filtered(self, *pairs):
        """Return the sum of filtered images.

        Parameters
        ----------
        *pairs : (array, array)
            Transforms of a kernel (small) and of an image (large).

        Returns
        -------
        array, shape of the images
        """
        return self._convolved((self.whole(kernel + 0), image) for kernel, image in pairs)

    def spread(self, *pairs):
        """Return the sum of the variances of filtered images.

        Parameters
        ----------
        *pairs : (array, array)
            Padded image of a kernel (`whole`), and transform of a variance image.

        Returns
        -------
        array, shape of the images
        """
        return self._convolved((kernel * kernel, image) for kernel, image in pairs)

    def _convolved(self, pairs):
        """Return the sum of images filtered with the stamps of padded kernels."""
        stamps = ((self.stamp(kernel, self.side), image) for kernel, image in pairs)
        transformed = [(self.large.kernel(stamp), image) for stamp, image in stamps]
        return self.large.filtered(*transformed)


def transforms(shape, reach, dtype=np.float32, workers=1, arrays=NUMPY):
    """Return the Fourier transforms for images of a shape.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the images.
    reach : int
        Minimum number of zeros behind the last row and column: the reach of the kernels.
    dtype : numpy.float32 or numpy.float64
        Floating type of the images.
    workers : int
        Number of threads.
    arrays : redpix.core.backend.NumpyBackend
        Library that computes.

    Returns
    -------
    Transforms
    """
    padded = tuple(fft.next_fast_len(length + reach, real=True) for length in shape)
    return Transforms(tuple(shape), padded, dtype, workers, arrays)
