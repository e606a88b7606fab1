"""The training table of a model: names of its columns, range, and objects that complete others."""

from typing import NamedTuple

import numpy as np

from redpix.photoz.limits import Limits
from redpix.photoz.magnitude_columns import Columns
from redpix.photoz.missing_bands import Donors

#: maximum number of training objects that a model keeps to complete missing bands of others
MOST_DONORS = 5000


class Origin(NamedTuple):
    """Parts of a model that the prediction of another table needs."""

    columns: Columns
    low: np.ndarray  #: (bands,), smallest training magnitudes
    high: np.ndarray  #: (bands,), largest training magnitudes
    magnitudes: np.ndarray  #: (m, bands), of some training objects, NaN where missing
    errors: np.ndarray  #: (m, bands) or (m, 0), their errors
    scores: dict  #: metrics of the training, by their keys in metrics.json
    objects: int  #: number of training objects
    limits: Limits = Limits(())  #: upper limits of the training set; empty in older models

    @classmethod
    def of_training(cls, columns, sample, scores, limits):
        """Return the origin of a model.

        Parameters
        ----------
        columns : redpix.photoz.magnitude_columns.Columns
            Columns of magnitudes and errors.
        sample : redpix.photoz.object_samples.Sample
            Objects of the training set.
        scores : dict
            ``cross_validation`` and ``conditional`` of metrics.json.
        limits : redpix.photoz.limits.Limits
            Upper limits of the training set.

        Returns
        -------
        Origin
        """
        table = sample.table
        step = max(1, -(-len(table.magnitudes) // MOST_DONORS))
        low, high = np.nanmin(table.magnitudes, axis=0), np.nanmax(table.magnitudes, axis=0)
        some = table.magnitudes[::step], table.errors[::step]
        return cls(columns, low, high, some[0], some[1], scores, len(table.magnitudes), limits)

    def about(self):
        """Return the parts that are text and numbers, for JSON.

        Returns
        -------
        dict
        """
        return {
            "columns": self.columns,
            "scores": self.scores,
            "objects": self.objects,
            "limits": self.limits.noise,
        }

    def arrays(self):
        """Return the parts that are arrays, by name.

        Returns
        -------
        dict of str to ndarray
        """
        names = ("low", "high", "magnitudes", "errors")
        return {f"origin_{name}": getattr(self, name) for name in names}

    @classmethod
    def of(cls, about, arrays):
        """Return the origin that a file describes.

        Parameters
        ----------
        about : dict
            From `about`, through JSON.
        arrays : mapping of str to ndarray
            From `arrays`.

        Returns
        -------
        Origin

        Raises
        ------
        ValueError
            If sizes do not agree, or a number is not finite.
        """
        parts = [tuple(part) for part in about["columns"]]
        columns = Columns(*parts)
        low, high, magnitudes, errors = (
            arrays[f"origin_{name}"] for name in ("low", "high", "magnitudes", "errors")
        )
        bands = len(columns.magnitudes)
        if low.shape != (bands,) or high.shape != (bands,) or magnitudes.shape[1:] != (bands,):
            raise ValueError("the range of the training set does not fit its bands")
        if errors.shape not in ((len(magnitudes), bands), (len(magnitudes), 0)):
            raise ValueError("the errors of the training set do not fit its bands")
        if not (np.isfinite(low) & np.isfinite(high)).all() or np.isinf(magnitudes).any():
            raise ValueError("the range or a magnitude of the training set is not finite")
        scores, objects = dict(about["scores"]), int(about["objects"])
        limits = Limits.of(about.get("limits", ()))
        if limits.noise and (len(limits.noise) != bands or not errors.shape[1]):
            raise ValueError("the limits of the training set do not fit its bands")
        return cls(columns, low, high, magnitudes, errors, scores, objects, limits)

    def donors(self):
        """Return the training objects that complete others.

        Returns
        -------
        redpix.photoz.missing_bands.Donors
        """
        return Donors(self.magnitudes, self.errors)

    def beyond(self, magnitudes):
        """Return whether objects have a magnitude outside the range of the training set.

        Parameters
        ----------
        magnitudes : ndarray, shape (n, bands)
            NaN where missing.

        Returns
        -------
        ndarray of bool, shape (n,)
        """
        return ((magnitudes < self.low) | (magnitudes > self.high)).any(axis=1)
