"""Pixels a chunk at a time: which object each belongs to, its vector, its signal to noise."""

from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.photoz.object_features import Summaries
from redpix.sdss.magnitudes import asinh_magnitude_error


def columns(attributes):
    """Names of the columns of the pixel tables that are read; no truth is among them."""
    per_band = [f"{kind}_{band}" for kind in ("flux", "error", "mag") for band in attributes.bands]
    return ["object_id", "distance", *per_band]


class Chunk(NamedTuple):
    """Some pixels with all their values finite, one row each."""

    index: np.ndarray  #: (n,), row of the pixel's object in the table of objects
    vectors: np.ndarray  #: (n, attributes), float32
    flux: np.ndarray  #: (n, bands), nanomaggies
    error: np.ndarray  #: (n, bands), of the flux
    snr: np.ndarray  #: (n,), signal to noise of all bands together
    distance: np.ndarray  #: (n,), from the object's peak over the largest such distance

    def take(self, rows):
        """Return some pixels.

        Parameters
        ----------
        rows : ndarray of bool or int

        Returns
        -------
        Chunk
        """
        columns = (column[rows] for column in self)
        return Chunk(*columns)


class Totals(NamedTuple):
    """What one pass over all pixels tells of each object."""

    pixels: np.ndarray  #: (objects,), number of usable pixels
    flux: np.ndarray  #: (objects, bands), their summed flux, nanomaggies
    error: np.ndarray  #: (objects, bands), of that flux, pixels taken as independent
    features: np.ndarray  #: (objects, features), see `redpix.photoz.object_features`
    dropped: int  #: pixels of any object with a value that cannot be used

    def take(self, rows):
        """The objects of a mask."""
        return Totals(*(column[rows] for column in self[:-1]), self.dropped)


class Pixels:
    """The pixels of all fields, read anew each time they are iterated over.

    Parameters
    ----------
    read : callable
        Called without arguments, gives an iterable of mappings from column name to array, always
        in the same order. It needs to give the `columns` of the attributes.
    ids : ndarray of int64, shape (objects,)
        Sorted identifiers of all objects that may occur with a usable pixel.
    attributes : Attributes

    Yields
    ------
    Chunk
        Without the pixels in which an attribute, flux or error is not finite, or an error is not
        positive. Chunks may be empty.

    Raises
    ------
    InputError
        While iterating, for a pixel of an object that is not among `ids`.
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
            vectors = self._vectors(magnitude, distance, flux, error)
            finite_vectors = np.isfinite(vectors)
            finite = [
                part.all(axis=1) for part in (finite_vectors, np.isfinite(flux), np.isfinite(error))
            ]
            usable = np.logical_and.reduce([*finite, (error > 0).all(axis=1)])
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

    def _vectors(self, magnitude, distance, flux, error):
        """Feature vectors, not finite where an error is not positive."""
        if not self.attributes.errors:
            return self.attributes.vectors(magnitude, distance)
        bands = enumerate(self.attributes.bands)
        error = np.where(error > 0, error, np.nan)
        errors = [asinh_magnitude_error(flux[:, i], error[:, i], band) for i, band in bands]
        return self.attributes.vectors(magnitude, distance, np.stack(errors, axis=1))

    def _rows(self, identifiers):
        """Row of each identifier in the table of objects."""
        rows = np.searchsorted(self._ids, identifiers)
        found = rows < len(self._ids)
        found[found] = self._ids[rows[found]] == identifiers[found]
        if not found.all():
            raise InputError(
                f"pixels: object {identifiers[~found][0]} is not in catalogue/objects.csv"
            )
        return rows


def signal_to_noise(flux, error):
    """Signal to noise of each pixel, all bands together: sqrt(sum over bands of max(f/e, 0)^2).

    Parameters
    ----------
    flux, error : ndarray, shape (n, bands)
        In the same unit; errors are positive.
    """
    return np.sqrt(np.sum(np.maximum(flux / error, 0) ** 2, axis=1))


def sum_by_object(pixels, objects):
    """Count each object's pixels and sum their fluxes, in one pass.

    Parameters
    ----------
    pixels : Pixels
    objects : int
        Number of objects.

    Returns
    -------
    Totals

    Raises
    ------
    InputError
        If no pixel is usable, naming the attributes that never are finite.
    """
    count = np.zeros(objects, np.int64)
    flux = np.zeros((objects, len(pixels.attributes.bands)))
    variance = np.zeros_like(flux)
    summaries = Summaries(objects, pixels.attributes.bands)
    for chunk in pixels:
        summaries.add(chunk)
        count += np.bincount(chunk.index, minlength=objects)
        np.add.at(flux, chunk.index, chunk.flux)
        np.add.at(variance, chunk.index, chunk.error.astype(float) ** 2)
    if not count.sum():
        names = np.array(pixels.attributes.names)[~pixels.ever_finite]
        raise InputError(
            f"pixels: none of {pixels.dropped} is usable"
            + (f"; never finite: {', '.join(names)}" if pixels.dropped else "")
        )
    return Totals(count, flux, np.sqrt(variance), summaries.features(), pixels.dropped)


def sampled_vectors(pixels, totals, wanted, chosen):
    """Vectors of the chosen pixels of some objects, in one pass.

    Parameters
    ----------
    pixels : Pixels
    totals : Totals
    wanted : ndarray of bool, shape (objects,)
    chosen : ndarray of bool
        A flag for each pixel of the wanted objects, object after object
        (`redpix.photoz.split.sample_pixels`).

    Returns
    -------
    index : ndarray of int, shape (n,)
        Row of each pixel's object.
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
