"""Objects of a table with the vectors that a learner takes; missing values are completed."""

from typing import NamedTuple

import numpy as np

from redpix.photoz import catalogues
from redpix.photoz.attributes import Attributes
from redpix.photoz.limits import Limits
from redpix.photoz.methods import known_kinds
from redpix.photoz.missing_bands import Donors

#: number of objects that are completed or predicted at a time; bounds the memory
BLOCK = 5000

#: reasons for which an object is neither learnt from nor predicted
UNMEASURED = "no band is measured"
UNLIKE = "no training object has its bands and the missing ones"


class Sample(NamedTuple):
    """Objects of a table, one row per object."""

    table: catalogues.GalaxyTable
    vectors: np.ndarray  #: (n, attributes), float32; missing values are those of one completion
    completed: np.ndarray  #: (n,), bool: a magnitude or an error was missing and is completed
    reason: np.ndarray  #: (n,), str: why an object cannot be used; empty if it can
    attributes: Attributes
    donors: Donors
    limited: np.ndarray  #: (n, bands), bool: an upper limit stands for the magnitude

    @property
    def usable(self):
        """Return the mask of the objects that can be learnt from or predicted."""
        return self.reason == ""

    @property
    def left_out(self):
        """Return the number of objects that cannot be used."""
        return int(np.sum(~self.usable))

    def take(self, rows):
        """Return some rows.

        Parameters
        ----------
        rows : ndarray of bool or int
            Mask or indices of the rows.

        Returns
        -------
        Sample
        """
        return self._replace(
            table=self.table.take(rows),
            vectors=self.vectors[rows],
            completed=self.completed[rows],
            reason=self.reason[rows],
            limited=self.limited[rows],
        )

    def completions(self):
        """Return the vectors of the completions of the objects.

        Returns
        -------
        list of ndarray, shape (n, attributes)
            One array per completion.
        """
        completions = self.donors.complete(self.table.magnitudes, self.table.errors)
        return [
            self.attributes.vectors(magnitudes, errors=errors)
            for magnitudes, errors in zip(completions.magnitudes, completions.errors, strict=True)
        ]


def blocks(rows, size=BLOCK):
    """Yield rows in blocks of bounded length.

    Parameters
    ----------
    rows : ndarray of int
        0-based rows.
    size : int
        Maximum length of a block.

    Yields
    ------
    ndarray of int
    """
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def attributes_of(method, kinds, columns):
    """Return the attributes of the objects of a table.

    Parameters
    ----------
    method : str
        Name of the learner.
    kinds : sequence of str
        Some of `redpix.photoz.attributes.KINDS`.
    columns : redpix.photoz.magnitude_columns.Columns
        Columns of magnitudes and errors.

    Returns
    -------
    redpix.photoz.attributes.Attributes
        With errors only if the table has them.
    """
    kinds = known_kinds(method, kinds)
    kinds = tuple(kind for kind in kinds if kind != "errors" or columns.errors)
    return Attributes(kinds, columns.magnitudes, named=True)


def vectors_of(table, attributes):
    """Return the vectors of objects, NaN where an attribute is missing.

    Parameters
    ----------
    table : redpix.photoz.catalogues.GalaxyTable
        Objects of a table of magnitudes.
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors.

    Returns
    -------
    ndarray, shape (n, attributes), float32
    """
    return attributes.vectors(table.magnitudes, errors=table.errors if attributes.errors else None)


def sample_of(table, attributes, donors, limits=None):
    """Return the objects of a table with their vectors.

    Missing values are completed, or upper limits stand for them.

    Parameters
    ----------
    table : redpix.photoz.catalogues.GalaxyTable
        Objects of a table of magnitudes.
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors.
    donors : redpix.photoz.missing_bands.Donors
        Training objects that complete others.
    limits : redpix.photoz.limits.Limits, optional
        Upper limits; without them all missing values are completed.

    Returns
    -------
    Sample
    """
    limited = np.zeros(table.magnitudes.shape, bool)
    measured, limits = table, limits or Limits(())
    if limits.bands:
        magnitudes, errors, limited = limits.fill(table.magnitudes, table.errors, donors)
        measured = table._replace(magnitudes=magnitudes, errors=errors)
    vectors = vectors_of(measured, attributes)
    bands = np.isfinite(table.magnitudes).sum(axis=1)
    reason = np.where(bands == 0, UNMEASURED, "").astype(object)
    completed = ~np.isfinite(vectors).all(axis=1) & (bands > 0)
    for rows in blocks(np.flatnonzero(completed)):
        completions = donors.complete(table.magnitudes[rows], table.errors[rows])
        first = table.take(rows)._replace(
            magnitudes=completions.magnitudes[0], errors=completions.errors[0]
        )
        vectors[rows] = vectors_of(first, attributes)
    unlike = np.flatnonzero(completed & ~np.isfinite(vectors).all(axis=1))
    reason[unlike], completed[unlike] = UNLIKE, False
    return Sample(table, vectors, completed, reason, attributes, donors, limited)


def count_reasons(samples):
    """Return the number of objects that cannot be used, by reason.

    Parameters
    ----------
    samples : sequence of Sample
        Training set and objects to predict.

    Returns
    -------
    dict of str to int
    """
    reasons = np.concatenate([sample.reason.astype(str) for sample in samples])
    names, counts = np.unique(reasons[reasons != ""], return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def count_completed(sample):
    """Return the number of objects with a completed value: in all, and per band.

    Parameters
    ----------
    sample : Sample
        Objects of a table.

    Returns
    -------
    dict of str to int
        ``objects``, and the number of missing magnitudes by band.
    """
    if not sample.completed.any():
        return {"objects": 0}
    missing = np.isnan(sample.table.magnitudes[sample.completed]).sum(axis=0)
    pairs = zip(sample.attributes.bands, missing.tolist(), strict=True)
    return {"objects": int(sample.completed.sum()), **{band: n for band, n in pairs if n}}


def count_limited(sample):
    """Return the number of objects with an upper limit, per band.

    Parameters
    ----------
    sample : Sample
        Objects of a table.

    Returns
    -------
    dict of str to int
        Bands without limits are absent.
    """
    pairs = zip(sample.attributes.bands, sample.limited.sum(axis=0).tolist(), strict=True)
    return {band: count for band, count in pairs if count}
