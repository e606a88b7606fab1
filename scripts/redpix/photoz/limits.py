"""Upper limits in place of magnitudes of objects that are too faint to be detected in a band."""

from typing import NamedTuple

import numpy as np

from redpix.sdss.magnitudes import POGSON

#: minimum number of training objects that lack a band
FEWEST = 25

#: expected signal-to-noise ratio above which an object would be detected
DETECTED = 5.0

#: fraction of the training objects without a band that are expected below `DETECTED`
SHARE = 0.8

#: flux that stands for a limit, relative to the error of a faint flux; nearly zero
FLUX = 0.1


class Limits(NamedTuple):
    """The magnitudes at which a flux equals its error, of bands with upper limits.

    A training object that lacks a band is compared with the magnitude that its other bands let
    expect. If nearly all of these objects are expected near or below the noise, the band is
    missing because they are faint. Then an object that is expected there has the flux 0.1 s in
    place of a completion, where the error s is the median flux error of the fainter half.
    """

    noise: tuple  #: (bands,), magnitude of a flux of one error, None without limits

    @classmethod
    def fit(cls, magnitudes, errors, donors):
        """Return the limits of a training set.

        Parameters
        ----------
        magnitudes : ndarray, shape (n, bands)
            Logarithmic magnitudes, NaN where missing.
        errors : ndarray, shape (n, bands) or (n, 0)
            Their 1-sigma errors; without errors there are no limits.
        donors : redpix.photoz.missing_bands.Donors
            Training objects that complete others.

        Returns
        -------
        Limits
        """
        if not errors.shape[1]:
            return cls((None,) * magnitudes.shape[1])
        pairs = zip(magnitudes.T, errors.T, strict=True)
        noise = np.array([_noise(*pair) for pair in pairs])
        lacking = np.isnan(magnitudes) & np.isfinite(magnitudes).any(axis=1)[:, None]
        some = np.flatnonzero(lacking.any(axis=1))
        faint = np.zeros_like(lacking)
        faint[some] = cls(tuple(noise))._expected_faint(magnitudes[some], errors[some], donors)
        counts = lacking.sum(axis=0)
        limited = (counts >= FEWEST) & (faint.sum(axis=0) >= SHARE * counts)
        return cls(
            tuple(
                float(one) if yes and np.isfinite(one) else None
                for one, yes in zip(noise, limited, strict=True)
            )
        )

    @classmethod
    def of(cls, values):
        """Return the limits that a list describes, as JSON gives it.

        Parameters
        ----------
        values : sequence of float or None
            Per band.

        Returns
        -------
        Limits
        """
        return cls(tuple(None if value is None else float(value) for value in values))

    @property
    def bands(self):
        """Return the 0-based numbers of the bands with limits."""
        return [number for number, value in enumerate(self.noise) if value is not None]

    def fill(self, magnitudes, errors, donors):
        """Return magnitudes and errors with limits, and where they are.

        An object has limits if they fill all bands that it lacks.

        Parameters
        ----------
        magnitudes, errors : ndarray, shape (n, bands)
            NaN where missing.
        donors : redpix.photoz.missing_bands.Donors
            Training objects that complete others.

        Returns
        -------
        magnitudes, errors : ndarray, shape (n, bands)
        limited : ndarray of bool, shape (n, bands)
        """
        lacking = np.isnan(magnitudes)
        limited = np.zeros_like(lacking)
        others = np.delete(lacking, self.bands, axis=1).any(axis=1)
        rows = np.flatnonzero(lacking.any(axis=1) & ~others & ~lacking.all(axis=1))
        if not len(rows):
            return magnitudes, errors, limited
        faint = self._expected_faint(magnitudes[rows], errors[rows], donors)
        whole = (faint | ~lacking[rows]).all(axis=1)
        limited[rows[whole]] = lacking[rows[whole]]
        noise = np.array([np.nan if value is None else value for value in self.noise])
        filled = np.where(limited, noise - 2.5 * np.log10(FLUX), magnitudes)
        return filled, np.where(limited, POGSON / FLUX, errors), limited

    def _expected_faint(self, magnitudes, errors, donors):
        """Return the bands that objects lack and in which they are expected to be too faint."""
        noise = np.array([np.nan if value is None else value for value in self.noise])
        expected = np.median(donors.complete(magnitudes, errors).magnitudes, axis=0)
        with np.errstate(invalid="ignore"):
            return np.isnan(magnitudes) & (10 ** (-0.4 * (expected - noise)) < DETECTED)


def _noise(magnitude, error):
    """Return the magnitude of a flux that equals the median flux error of the fainter half."""
    known = np.isfinite(magnitude) & np.isfinite(error)
    if not known.any():
        return np.nan
    magnitude, error = magnitude[known], error[known]
    faint = magnitude >= np.median(magnitude)
    flux_error = 10 ** (-0.4 * magnitude[faint]) * error[faint] / POGSON
    return -2.5 * np.log10(np.median(flux_error))
