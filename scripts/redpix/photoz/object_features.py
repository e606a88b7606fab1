"""Features of objects from sums over their pixels, collected in chunks."""

import numpy as np

from redpix.sdss.magnitudes import asinh_magnitude


class Summaries:
    """Sums over the pixels of each object, and their features.

    The profile of a pixel is the mean flux of its bands, weighted by inverse variance, or 0 if that
    is negative. In each band the profile times a factor is fitted to the fluxes of an object. The
    profile is the same in all bands. Faint pixels have a small weight in this fit. Therefore
    colours of the factors are less noisy than those of summed pixels.

    The number of pixels is the only feature of the shape. The concentration depends so strongly on
    the seeing that redshifts learnt from it would be biased in a field of different seeing.

    Parameters
    ----------
    objects : int
        Number of objects.
    bands : sequence of str
        Names of the bands.
    softening : dict of str to float, optional
        Softening parameters of the asinh magnitudes; by default those of SDSS.
    """

    def __init__(self, objects, bands, softening=None):
        self._bands, self._softening = bands, softening or {}
        shape = (objects, len(bands))
        self._weighted, self._squares = np.zeros(shape), np.zeros(shape)
        self._count, self._total = np.zeros(objects), np.zeros(objects)

    def add(self, chunk):
        """Add pixels.

        Parameters
        ----------
        chunk : redpix.photoz.pixel_stream.Chunk
            Pixels with their objects.
        """
        flux, weight = chunk.flux.astype(float), chunk.error.astype(float) ** -2
        profile = np.maximum(np.sum(flux * weight, axis=1) / weight.sum(axis=1), 0)
        np.add.at(self._weighted, chunk.index, profile[:, None] * flux * weight)
        np.add.at(self._squares, chunk.index, (profile**2)[:, None] * weight)
        self._count += np.bincount(chunk.index, minlength=len(self._count))
        self._total += np.bincount(chunk.index, profile, len(self._total))

    def features(self):
        """Return the brightness, the colours and the logarithm of the number of pixels.

        Returns
        -------
        ndarray, shape (objects, features)
            Brightness and colours are asinh magnitudes.
        """
        factor = self._weighted / np.maximum(self._squares, 1e-30)
        columns = [
            asinh_magnitude(factor[:, i] * self._total, band, self._softening.get(band))
            for i, band in enumerate(self._bands)
        ]
        colours = [a - b for a, b in zip(columns, columns[1:], strict=False)]
        extent = np.log(np.maximum(self._count, 1))
        return np.stack([columns[len(columns) // 2], *colours, extent], axis=1)
