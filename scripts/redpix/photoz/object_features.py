"""What the pixels of an object say together, added up a chunk at a time."""

import numpy as np

from redpix.sdss.magnitudes import asinh_magnitude


class Summaries:
    """Sums over the pixels of each object, and the features that they make.

    A pixel's profile is the mean of its bands' fluxes, each weighed by its inverse variance, or 0
    where that is negative. Fitted to an object's pixels, profile times a factor a band is the flux
    of least noise in which all bands have one shape: colours are less noisy than those of summed
    pixels, for faint pixels count little.

    Of an object's shape only the number of its pixels is used: how concentrated it is follows the
    seeing of its field so much that redshifts learnt from it are biased in a field of other seeing.

    Parameters
    ----------
    objects : int
    bands : sequence of str
    """

    def __init__(self, objects, bands):
        self._bands = bands
        shape = (objects, len(bands))
        self._weighed, self._squares = np.zeros(shape), np.zeros(shape)
        self._count, self._total = np.zeros(objects), np.zeros(objects)

    def add(self, chunk):
        """Add the pixels of a `redpix.photoz.pixel_stream.Chunk`."""
        flux, weight = chunk.flux.astype(float), chunk.error.astype(float) ** -2
        profile = np.maximum(np.sum(flux * weight, axis=1) / weight.sum(axis=1), 0)
        np.add.at(self._weighed, chunk.index, profile[:, None] * flux * weight)
        np.add.at(self._squares, chunk.index, (profile**2)[:, None] * weight)
        self._count += np.bincount(chunk.index, minlength=len(self._count))
        self._total += np.bincount(chunk.index, profile, len(self._total))

    def features(self):
        """Features of each object: brightness, colours, logarithm of the number of pixels.

        Returns
        -------
        ndarray, shape (objects, features)
        """
        factor = self._weighed / np.maximum(self._squares, 1e-30)
        columns = [
            asinh_magnitude(factor[:, i] * self._total, band) for i, band in enumerate(self._bands)
        ]
        colours = [a - b for a, b in zip(columns, columns[1:], strict=False)]
        extent = np.log(np.maximum(self._count, 1))
        return np.stack([columns[len(columns) // 2], *colours, extent], axis=1)
