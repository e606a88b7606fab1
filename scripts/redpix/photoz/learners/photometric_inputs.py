"""Inputs of networks: asinh magnitude, colours and signal-to-noise ratios from the attributes."""

from typing import NamedTuple

import numpy as np

from redpix.sdss.magnitudes import POGSON

#: standardised inputs are clipped to this number of deviations
FARTHEST = 5.0

#: softening of tables without errors, relative to the median flux
SOFTENING = 1e-3

#: relative scatter of the errors at one magnitude, below which the magnitude tells the error
TOLD = 0.05


class Layout(NamedTuple):
    """Meaning of the columns of a vector."""

    bands: int  #: number of the first columns that are magnitudes; 0: all columns are plain inputs
    errors: int = 0  #: number of the last columns that are logarithms of the magnitudes' errors
    beside: int = 0  #: number of columns before the errors that are inputs as they are
    ratios: tuple | None = None  #: 0-based bands with a signal-to-noise ratio; None: all

    @classmethod
    def of(cls, numbers):
        """Return the layout that numbers describe, as `numbers` gives them.

        Parameters
        ----------
        numbers : sequence of int
            Three numbers describe a layout of an older model, with all ratios.

        Returns
        -------
        Layout
        """
        bands, errors, beside, *ratios = (int(value) for value in numbers)
        return cls(bands, errors, beside, tuple(ratios[1:]) if ratios else None)

    def numbers(self):
        """Return the layout as numbers.

        Returns
        -------
        list of int
            Bands, errors, columns beside; and the number of ratios with their bands, unless all
            have one.
        """
        ratios = () if self.ratios is None else (len(self.ratios), *self.ratios)
        return [self.bands, self.errors, self.beside, *ratios]

    def split(self, vectors):
        """Return magnitudes, their errors or None, and the columns beside them.

        Parameters
        ----------
        vectors : ndarray, shape (n, attributes)
            NaN where missing.

        Returns
        -------
        magnitudes : ndarray, shape (n, bands)
        errors : ndarray, shape (n, bands), or None
        beside : ndarray, shape (n, columns)
        """
        end = vectors.shape[1] - self.errors
        errors = np.exp(vectors[:, end:].astype(float)) if self.errors else None
        beside = vectors[:, end - self.beside : end].astype(float)
        return vectors[:, : self.bands].astype(float), errors, beside


class PhotometricInputs(NamedTuple):
    """Conversion of vectors of attributes to standardised inputs.

    With magnitudes m and their errors, the flux is f = 10^(-0.4 (m - zero)) and its error is s.
    The inputs are the asinh magnitude -arcsinh(f / 2b) of the middle band (Lupton et al. 1999),
    the differences of the asinh magnitudes of neighbouring bands, arcsinh(f / s) per band, and the
    columns beside them: distance and gradients. The signal-to-noise ratio of a band is left out
    without errors, and if the magnitude tells the error: then it adds nothing, and it gives the
    flux away that augmentation displaces. Vectors without magnitudes are used as they are. The
    softening b is the median flux error of each band's fainter half.

    Inputs are centred on their medians, divided by half the 16-84 % range, and clipped. An unknown
    input is at the centre.
    """

    layout: Layout
    zero: np.ndarray  #: (bands,), magnitude of unit flux: the median
    softening: np.ndarray  #: (bands,), flux
    centre: np.ndarray  #: (inputs,)
    scale: np.ndarray  #: (inputs,)

    @classmethod
    def fit(cls, vectors, layout):
        """Return the conversion of a training set.

        Parameters
        ----------
        vectors : ndarray, shape (n, attributes)
            Training vectors, NaN where missing.
        layout : Layout
            Meaning of the columns.

        Returns
        -------
        PhotometricInputs
        """
        first = cls(layout, np.zeros(layout.bands), np.ones(layout.bands), np.zeros(1), np.ones(1))
        if layout.bands:
            first = first._with_photometry(vectors)
        values = first._raw(vectors)
        low, centre, high = _percentiles(values, (16, 50, 84))
        scale = (high - low) / 2
        spread = np.nan_to_num(np.nanstd(values, axis=0)) if len(values) else np.ones_like(scale)
        scale = np.where(scale > 0, scale, np.where(spread > 0, spread, 1.0))
        return first._replace(centre=centre, scale=scale)

    def _with_photometry(self, vectors):
        """Return the conversion with the zero points and softenings of the magnitudes."""
        magnitudes, errors, _ = self.layout.split(vectors)
        (zero,) = _percentiles(magnitudes, (50,))
        flux = 10 ** (-0.4 * (magnitudes - zero))
        softening = np.full(len(zero), SOFTENING)
        if errors is not None:
            faint = np.where(flux <= _percentiles(flux, (50,))[0], flux * errors / POGSON, np.nan)
            (median,) = _percentiles(faint, (50,))
            softening = np.where(median > 0, median, softening)
        layout = self.layout
        if errors is not None:
            pairs = enumerate(zip(magnitudes.T, errors.T, strict=False))
            free = tuple(band for band, pair in pairs if _scatter(*pair) > TOLD)
            layout = layout._replace(ratios=free)
        return self._replace(layout=layout, zero=zero, softening=softening)

    @property
    def count(self):
        """Return the number of inputs."""
        return len(self.centre)

    def transform(self, vectors, augmentation=0.0, generator=None):
        """Return the standardised inputs.

        Parameters
        ----------
        vectors : ndarray, shape (n, attributes)
            NaN where missing.
        augmentation : float
            Displace the fluxes by this factor times a normal deviate times their errors.
        generator : numpy.random.Generator, optional
            Source of the random numbers, needed with an augmentation.

        Returns
        -------
        ndarray, shape (n, inputs), float32
        """
        values = (self._raw(vectors, augmentation, generator) - self.centre) / self.scale
        return np.clip(np.nan_to_num(values), -FARTHEST, FARTHEST).astype(np.float32)

    def _raw(self, vectors, augmentation=0.0, generator=None):
        """Return the inputs before they are standardised, NaN where unknown."""
        if not self.layout.bands:
            return vectors.astype(float)
        magnitudes, errors, beside = self.layout.split(vectors)
        flux = 10 ** (-0.4 * (magnitudes - self.zero))
        noise = None if errors is None else flux * errors / POGSON
        if augmentation and noise is not None:
            flux = flux + augmentation * noise * generator.normal(size=flux.shape)
        soft = -np.arcsinh(flux / (2 * self.softening))
        columns = [soft[:, soft.shape[1] // 2, None], soft[:, :-1] - soft[:, 1:]]
        if noise is not None:
            bands = slice(None) if self.layout.ratios is None else list(self.layout.ratios)
            noise = noise[:, bands]
            columns.append(np.arcsinh(flux[:, bands] / np.where(noise > 0, noise, np.nan)))
        return np.concatenate([*columns, beside], axis=1)


def _scatter(magnitude, error):
    """Return the relative scatter of errors at one magnitude, from neighbours in magnitude."""
    known = np.isfinite(magnitude) & (error > 0)
    ordered = np.log(error[known][np.argsort(magnitude[known], kind="stable")])
    # the median difference of two normal deviates is 0.954 standard deviations
    return float(np.median(np.abs(np.diff(ordered)))) / 0.954 if len(ordered) > 1 else np.inf


def _percentiles(values, levels):
    """Return percentiles of the finite values of each column; 0 for a column without any."""
    columns = [column[np.isfinite(column)] for column in values.T]
    found = [np.percentile(c, levels) if len(c) else np.zeros(len(levels)) for c in columns]
    return np.array(found).reshape(len(columns), len(levels)).T
