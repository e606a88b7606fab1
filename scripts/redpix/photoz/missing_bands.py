"""Complete magnitudes and errors that an object lacks, from training objects of like colours.

Each object gets several completions. A learner predicts each of them, and the mean of the PDFs is
the PDF of the object (multiple imputation, Rubin 1987). On deep simulated catalogues with one band
removed, this scatters less than a forest that takes missing values, and as little as a learner
trained without the band.
"""

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from redpix.photoz.learners.base import Prediction
from redpix.photoz.learners.local_linear import local_linear
from redpix.photoz.pdf import quantiles

#: number of nearest training objects, and every how many of them gives a completion
NEIGHBOURS, STEP = 20, 2

#: number of completions of an object
DRAWS = NEIGHBOURS // STEP

#: maximum number of training objects that are searched; bounds time and memory
MOST_DONORS = 50_000


class Completions(NamedTuple):
    """Completions of n objects."""

    magnitudes: np.ndarray  #: (DRAWS, n, bands), NaN where `possible` is False
    errors: np.ndarray  #: (DRAWS, n, bands), or (DRAWS, n, 0) without errors
    possible: np.ndarray  #: (n,), bool: some training object has all bands that are needed


class Donors:
    """Training objects whose magnitudes complete those of other objects.

    An object without a band has the magnitude that a linear fit to its `NEIGHBOURS` nearest
    training objects gives, in the magnitude and colours that it has, plus the residual of one of
    them. All missing bands take the residuals of the same training object. So the completions of
    an object scatter as its missing magnitude is uncertain.

    Parameters
    ----------
    magnitudes : ndarray, shape (n, bands)
        Magnitudes of the training objects, NaN where missing.
    errors : ndarray, shape (n, bands) or (n, 0)
        Their 1-sigma errors, NaN where missing.
    """

    def __init__(self, magnitudes, errors):
        step = max(1, -(-len(magnitudes) // MOST_DONORS))
        self._magnitudes = magnitudes[::step]
        self._errors = _measured_errors(self._magnitudes, errors[::step])
        self._typical = _column_medians(self._errors)
        self._searches = {}

    def complete(self, magnitudes, errors):
        """Return completions of objects; values that an object has stay as they are.

        An error without a magnitude, such as a limiting magnitude, is completed, too.

        Parameters
        ----------
        magnitudes : ndarray, shape (n, bands)
            NaN where missing.
        errors : ndarray, shape (n, bands) or (n, 0)
            NaN where missing.

        Returns
        -------
        Completions
        """
        measured, errors = np.isfinite(magnitudes), _measured_errors(magnitudes, errors)
        result = Completions(
            np.repeat(magnitudes[None], DRAWS, axis=0),
            np.repeat(errors[None], DRAWS, axis=0),
            np.zeros(len(magnitudes), bool),
        )
        patterns, number = np.unique(measured, axis=0, return_inverse=True)
        for index, pattern in enumerate(patterns):
            rows = np.flatnonzero(number.ravel() == index)
            searches = self._searches_of(pattern)
            for search in searches:
                search.fill(result, rows, self._typical)
            result.possible[rows] = len(searches) > 0
        return result

    def _searches_of(self, pattern):
        """Return the searches that complete objects with some bands; empty if that is impossible.

        With fewer than `NEIGHBOURS` training objects with all bands, each missing band is
        completed from one other band.
        """
        key = pattern.tobytes()
        if key in self._searches:
            return self._searches[key]
        bands, missing = np.flatnonzero(pattern), np.flatnonzero(~pattern)
        together = [(bands, missing)]
        if np.isfinite(self._magnitudes).all(axis=1).sum() < NEIGHBOURS and len(missing):
            together = [(self._partner(band, bands), [band]) for band in missing]
        possible = all(len(one) for one, _ in together)
        self._searches[key] = [self._search(*pair) for pair in together] if possible else []
        return self._searches[key]

    def _partner(self, band, bands):
        """Return the nearest of some bands that training objects have with a band, in a list."""
        for near in sorted(bands, key=lambda other: abs(other - band)):
            if np.isfinite(self._magnitudes[:, [band, near]]).all(axis=1).any():
                return [near]
        return []

    def _search(self, bands, missing):
        """Return the search for training objects that have some bands and the missing ones."""
        rows = np.isfinite(self._magnitudes[:, [*bands, *missing]]).all(axis=1)
        return _Search(self._magnitudes[rows], self._errors[rows], bands, missing)


class _Search:
    """Search for training objects that are like an object in the bands that it has."""

    def __init__(self, magnitudes, errors, bands, missing):
        self._magnitudes, self._errors = magnitudes, errors
        self._bands, self._missing = np.asarray(bands), missing
        coordinates = self._coordinates(magnitudes)
        self._centre, spread = coordinates.mean(axis=0), coordinates.std(axis=0)
        self._spread = np.where(spread > 0, spread, 1.0)
        self._placed = self._place(magnitudes)
        self._tree = cKDTree(self._placed)

    def _coordinates(self, magnitudes):
        """Return the magnitude of the middle band, and colours of neighbouring bands."""
        kept = magnitudes[:, self._bands]
        return np.hstack([kept[:, [kept.shape[1] // 2]], kept[:, :-1] - kept[:, 1:]])

    def _place(self, magnitudes):
        """Return standardised coordinates."""
        return (self._coordinates(magnitudes) - self._centre) / self._spread

    def fill(self, result, rows, typical):
        """Write the missing values of some rows into completions."""
        placed = self._place(result.magnitudes[0, rows])
        count = min(NEIGHBOURS, len(self._placed))
        nearest = self._tree.query(placed, k=np.arange(1, count + 1))[1]
        donors = np.arange(0, NEIGHBOURS, STEP) % count
        offsets = self._placed[nearest] - placed[:, None]
        for band in self._missing:
            near = self._bands[np.argmin(abs(self._bands - band))]
            colour = (self._magnitudes[:, band] - self._magnitudes[:, near])[nearest]
            fit = local_linear(offsets, colour)
            base = result.magnitudes[0, rows, near] + fit.value
            result.magnitudes[:, rows, band] = base + fit.residuals[:, donors].T
        for band in range(self._errors.shape[1]):
            error = result.errors[0, rows, band]
            likely = _geometric_means(self._errors[:, band][nearest], typical[band])
            result.errors[:, rows, band] = np.where(np.isfinite(error), error, likely)


def _measured_errors(magnitudes, errors):
    """Return the errors of measured magnitudes, NaN elsewhere."""
    return np.where(np.isfinite(magnitudes), errors, np.nan) if errors.shape[1] else errors


def _geometric_means(errors, typical):
    """Return the geometric mean of each row without NaN, or a typical error without any."""
    logarithm = np.log(errors)
    count = np.isfinite(logarithm).sum(axis=1)
    total = np.nansum(logarithm, axis=1)
    return np.where(count > 0, np.exp(total / np.maximum(count, 1)), typical)


def _column_medians(values):
    """Return the median of each column without NaN; NaN for a column without values."""
    columns = (column[np.isfinite(column)] for column in values.T)
    return np.array([np.median(column) if len(column) else np.nan for column in columns])


def mean_prediction(predictions, grid):
    """Return the prediction of objects from those of their completions.

    Parameters
    ----------
    predictions : redpix.photoz.learners.base.Prediction
        One row per completion: all objects of the first completion, then those of the second.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    redpix.photoz.learners.base.Prediction
        One row per object. PDFs and probabilities are means, and the redshift is the median of the
        PDF. An object is outside the training set if more than half of its completions are.
    """
    pdf, probability, outside = (
        field.reshape(DRAWS, -1, *field.shape[1:]).mean(axis=0, dtype=np.float64)
        for field in predictions[1:]
    )
    redshift = quantiles(pdf, (0.5,), grid)[:, 0]
    is_flag = predictions.outside.dtype == bool
    return Prediction(redshift, pdf, probability, outside > 0.5 if is_flag else outside)
