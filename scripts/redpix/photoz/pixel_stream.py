"""Read pixels in chunks, with the row of their objects, their vectors and their S/N."""

from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.photoz.object_features import Summaries
from redpix.pixels.colour_gradients import gradient_columns


def columns(attributes):
    """Return the names of the columns to read from the pixel tables.

    The redshift and the class are not among them.

    Parameters
    ----------
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors.

    Returns
    -------
    list of str
    """
    per_band = [f"{kind}_{band}" for kind in ("flux", "error", "mag") for band in attributes.bands]
    gradients = gradient_columns(attributes.bands) if "gradients" in attributes.kinds else []
    return ["object_id", "distance"] + per_band + gradients


class Chunk(NamedTuple):
    """Some pixels with finite values, one row per pixel."""

    index: np.ndarray  #: (n,), row of the pixel's object in the table of objects
    vectors: np.ndarray  #: (n, attributes), float32
    flux: np.ndarray  #: (n, bands), nanomaggies
    error: np.ndarray  #: (n, bands), 1-sigma errors of the flux, nanomaggies
    snr: np.ndarray  #: (n,), signal-to-noise ratio of all bands together
    distance: np.ndarray  #: (n,), distance from the peak of the object, divided by the largest one

    def take(self, rows):
        """Return some pixels.

        Parameters
        ----------
        rows : ndarray of bool or int
            Mask or indices of the rows.

        Returns
        -------
        Chunk
        """
        columns = (column[rows] for column in self)
        return Chunk(*columns)


class Totals(NamedTuple):
    """Sums over the pixels of each object, one row per object."""

    pixels: np.ndarray  #: (objects,), number of usable pixels
    flux: np.ndarray  #: (objects, bands), summed flux, nanomaggies
    error: np.ndarray  #: (objects, bands), 1-sigma error of that flux, for independent pixels
    features: np.ndarray  #: (objects, features), see `redpix.photoz.object_features`
    dropped: int  #: number of pixels, of all objects, with an unusable value

    def take(self, rows):
        """Return some objects.

        Parameters
        ----------
        rows : ndarray of bool or int
            Mask or indices of the rows.

        Returns
        -------
        Totals
        """
        return Totals(
            self.pixels[rows], self.flux[rows], self.error[rows], self.features[rows], self.dropped
        )


class Pixels:
    """The pixels of all fields; each iteration reads them from the beginning.

    Parameters
    ----------
    read : callable
        Takes no arguments. Returns an iterable of mappings from column name to array, always in
        the same order. They contain the `columns` of the attributes.
    ids : ndarray of int64, shape (objects,)
        Sorted identifiers of all objects with a usable pixel.
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors.

    Yields
    ------
    Chunk
        Pixels with finite attributes, finite fluxes and positive, finite errors. Chunks may be
        empty.

    Raises
    ------
    InputError
        While iterating, if the object of a pixel is not in `ids`.
    """

    def __init__(self, read, ids, attributes):
        self._read = read
        self._ids = ids
        self.attributes = attributes
        self.dropped = 0
        self.ever_finite = np.zeros(len(attributes.names), bool)

    def __iter__(self):
        self.dropped = 0
        bands = self.attributes.bands
        for table in self._read():
            flux, error, magnitude = (
                np.stack([np.asarray(table[f"{kind}_{band}"]) for band in bands], axis=1)
                for kind in ("flux", "error", "mag")
            )
            distance = np.asarray(table["distance"])
            if self.attributes.softening:
                magnitude = self.attributes.magnitudes(flux).astype(np.float32)
            vectors = self._vectors(magnitude, distance, flux, error, self._gradients(table))
            finite_vectors = np.isfinite(vectors)
            usable = finite_vectors.all(axis=1) & (error > 0).all(axis=1)
            usable &= np.isfinite(flux).all(axis=1) & np.isfinite(error).all(axis=1)
            self.ever_finite |= finite_vectors.any(axis=0)
            self.dropped += len(usable) - int(usable.sum())
            flux, error = flux[usable], error[usable]
            yield Chunk(
                self._rows(np.asarray(table["object_id"])[usable]),
                vectors[usable],
                flux,
                error,
                signal_to_noise(flux, error),
                distance[usable],
            )

    def _gradients(self, table):
        """Return the gradients of colours, if they are among the attributes."""
        if "gradients" not in self.attributes.kinds:
            return None
        names = gradient_columns(self.attributes.bands)
        return np.stack([np.asarray(table[name]) for name in names], axis=1)

    def _vectors(self, magnitude, distance, flux, error, gradients):
        """Return the vectors, not finite where an error is not positive."""
        if not self.attributes.errors:
            return self.attributes.vectors(magnitude, distance, gradients=gradients)
        error = np.where(error > 0, error, np.nan)
        errors = self.attributes.magnitudes(flux, error)
        return self.attributes.vectors(magnitude, distance, errors, gradients)

    def _rows(self, identifiers):
        """Return the row of each identifier in the table of objects."""
        rows = np.searchsorted(self._ids, identifiers)
        present = rows < len(self._ids)
        present[present] = self._ids[rows[present]] == identifiers[present]
        if not present.all():
            raise InputError(
                f"pixels: object {identifiers[~present][0]} is not in catalogue/objects.csv"
            )
        return rows


def signal_to_noise(flux, error):
    """Return the signal-to-noise ratio of each pixel in all bands together.

    It is the square root of the sum over the bands of max(flux / error, 0)^2.

    Parameters
    ----------
    flux, error : ndarray, shape (n, bands)
        In the same unit; errors are positive.

    Returns
    -------
    ndarray, shape (n,)
    """
    return np.sqrt(np.sum(np.maximum(flux / error, 0) ** 2, axis=1))


def sum_by_object(pixels, objects):
    """Count the pixels of each object and sum their fluxes, in one pass.

    Parameters
    ----------
    pixels : Pixels
        Pixels of all fields.
    objects : int
        Number of objects.

    Returns
    -------
    Totals

    Raises
    ------
    InputError
        If all pixels are unusable, with the names of the attributes that are never finite.
    """
    count = np.zeros(objects, np.int64)
    flux = np.zeros((objects, len(pixels.attributes.bands)))
    variance = np.zeros_like(flux)
    summaries = Summaries(objects, pixels.attributes.bands, dict(pixels.attributes.softening))
    for chunk in pixels:
        summaries.add(chunk)
        count += np.bincount(chunk.index, minlength=objects)
        np.add.at(flux, chunk.index, chunk.flux)
        np.add.at(variance, chunk.index, chunk.error.astype(float) ** 2)
    if not count.sum():
        names = np.array(pixels.attributes.names)[~pixels.ever_finite]
        raise InputError(
            f"pixels: 0 of {pixels.dropped} are usable"
            + (f"; never finite: {', '.join(names)}" if pixels.dropped else "")
        )
    return Totals(count, flux, np.sqrt(variance), summaries.features(), pixels.dropped)


def sampled_vectors(pixels, totals, wanted, chosen):
    """Return the vectors of the chosen pixels of some objects, in one pass.

    Parameters
    ----------
    pixels : Pixels
        Pixels of all fields.
    totals : Totals
        Sums over the pixels of each object.
    wanted : ndarray of bool, shape (objects,)
        True for the objects whose pixels are wanted.
    chosen : ndarray of bool
        One value per pixel of the wanted objects, from `redpix.photoz.split.sample_pixels`.

    Returns
    -------
    index : ndarray of int, shape (n,)
        Row of the object of each pixel.
    vectors : ndarray, shape (n, attributes), float32
    """
    sizes = np.where(wanted, totals.pixels, 0)
    position = np.cumsum(sizes) - sizes
    indices, vectors = [], []
    for chunk in pixels:
        rows = np.flatnonzero(wanted[chunk.index])
        rows = rows[np.argsort(chunk.index[rows], kind="stable")]
        present, first, count = np.unique(chunk.index[rows], return_index=True, return_counts=True)
        within = np.arange(len(rows)) - np.repeat(first, count)
        kept = rows[chosen[position[chunk.index[rows]] + within]]
        position[present] += count
        indices.append(chunk.index[kept])
        vectors.append(chunk.vectors[kept])
    return np.concatenate(indices), np.concatenate(vectors)
