"""What the pixels of an object say together, added up a chunk at a time."""

import numpy as np

from redpix.photometry import asinh_magnitude


class Summaries:
    """Sums over the pixels of each object, and the features that they make.

    A pixel's profile is the mean of its bands' fluxes, each weighed by its inverse variance, or 0
    where that is negative. Fitted to an object's pixels, profile times a factor a band is the flux
    of least noise in which all bands have one shape: colours are less noisy than those of summed
    pixels, for faint pixels count little.

    Parameters
    ----------
    objects : int
    bands : sequence of str
    """

    def __init__(self, objects, bands):
        self._bands = bands
        shape = (objects, len(bands))
        self._weighed, self._squares = np.zeros(shape), np.zeros(shape)
        self._count, self._total, self._peak = (np.zeros(objects) for _ in range(3))
        self._distance, self._distance2 = np.zeros(objects), np.zeros(objects)

    def add(self, chunk):
        """Add the pixels of a `redpix.photoz.stream.Chunk`."""
        flux, weight = chunk.flux.astype(float), chunk.error.astype(float) ** -2
        profile = np.maximum(np.sum(flux * weight, axis=1) / weight.sum(axis=1), 0)
        np.add.at(self._weighed, chunk.index, profile[:, None] * flux * weight)
        np.add.at(self._squares, chunk.index, (profile**2)[:, None] * weight)
        np.maximum.at(self._peak, chunk.index, profile)
        for total, values in (
            (self._count, np.ones(len(profile))),
            (self._total, profile),
            (self._distance, profile * chunk.distance),
            (self._distance2, profile * chunk.distance**2),
        ):
            total += np.bincount(chunk.index, values, len(total))

    @property
    def names(self):
        """Names of the features."""
        colours = [f"{a}-{b}" for a, b in zip(self._bands, self._bands[1:], strict=False)]
        middle = self._bands[len(self._bands) // 2]
        shape = ("log_pixels", "mean_distance", "rms_distance", "log_peak")
        return (f"mag_{middle}", *colours, *shape)

    def features(self):
        """Features of each object: brightness, colours, extent, concentration.

        ``log_pixels`` is the logarithm of the number of pixels, ``mean_distance`` and
        ``rms_distance`` their distance weighed by the profile, ``log_peak`` the logarithm of the
        brightest pixel's share of the profile.

        Returns
        -------
        ndarray, shape (objects, features)
        """
        total = np.maximum(self._total, 1e-9)
        factor = self._weighed / np.maximum(self._squares, 1e-30)
        columns = [
            asinh_magnitude(factor[:, i] * self._total, band) for i, band in enumerate(self._bands)
        ]
        colours = [a - b for a, b in zip(columns, columns[1:], strict=False)]
        shape = (
            np.log(np.maximum(self._count, 1)),
            self._distance / total,
            np.sqrt(self._distance2 / total),
            np.log(np.maximum(self._peak, 1e-9) / total),
        )
        return np.stack([columns[len(columns) // 2], *colours, *shape], axis=1)
