"""Attributes of pixels and objects that the learners see: magnitudes, colours, gradients, errors.

The redshift, its error, the class, positions and identifiers are never attributes.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.pixels.colour_gradients import gradient_columns
from redpix.sdss.magnitudes import asinh_magnitude, asinh_magnitude_error

#: kinds of attributes that are allowed, in the order of the columns of a vector
KINDS = ("magnitudes", "brightness", "colours", "distance", "gradients", "errors")

#: kinds of attributes of a pixel that an object does not have
OF_PIXELS = ("distance", "gradients")

#: bands by increasing wavelength; a colour is the difference of two neighbours
WAVELENGTH_ORDER = ("u", "g", "r", "i", "z")


@dataclass(frozen=True)
class Attributes:
    """The columns of a vector of attributes.

    The kinds of attributes are:

    - ``magnitudes``: asinh magnitudes of all bands;
    - ``brightness``: the magnitude of the middle band (r of u, g, r, i, z);
    - ``colours``: differences of the magnitudes of neighbouring bands. Without g, u-r is one;
    - ``distance``: distance of a pixel from the peak of its object, divided by the largest one;
    - ``gradients``: changes of the colours outwards at a pixel;
    - ``errors``: natural logarithms of the errors of the magnitudes. They are the last columns.

    Parameters
    ----------
    kinds : sequence of str
        Some of `KINDS`, in any order.
    bands : sequence of str
        Some of u, g, r, i, z, in any order.
    named : bool
        Allow other names of bands, in the order of increasing wavelength.
    softening : tuple of (str, float)
        Band and softening parameter b of its asinh magnitudes. By default those of SDSS.

    Raises
    ------
    InputError
        If a kind or a band is not allowed, or if no kind depends on the brightness or a colour.
    """

    kinds: tuple
    bands: tuple
    named: bool = False
    softening: tuple = ()

    def __post_init__(self):
        for kind in self.kinds:
            if kind not in KINDS:
                raise InputError(
                    f"photoz.attributes: {kind!r} is not allowed; allowed: {', '.join(KINDS)} "
                    "(never the redshift, its error, the class, a position or an id)"
                )
        for band in () if self.named else self.bands:
            if band not in WAVELENGTH_ORDER:
                raise InputError(
                    f"bands: {band!r} is not a band; allowed: {', '.join(WAVELENGTH_ORDER)}"
                )
        object.__setattr__(self, "kinds", tuple(k for k in KINDS if k in self.kinds))
        ordered = self.bands if self.named else WAVELENGTH_ORDER
        object.__setattr__(self, "bands", tuple(b for b in ordered if b in self.bands))
        if {"colours", "gradients"} & set(self.kinds) and len(self.bands) < 2:
            raise InputError("photoz.attributes: colours and gradients need at least two bands")
        if not {"magnitudes", "brightness", "colours"} & set(self.kinds) or not self.bands:
            raise InputError(
                "photoz.attributes: give magnitudes, brightness or colours, and a band"
            )
        if "magnitudes" in self.kinds and "brightness" in self.kinds:
            raise InputError(
                "photoz.attributes: magnitudes include the brightness; give one of them"
            )

    @property
    def _middle(self):
        return len(self.bands) // 2

    @property
    def names(self):
        """Return the names of the columns, such as ``('mag_u', 'mag_g', 'u-g', 'distance')``."""
        names = []
        if "magnitudes" in self.kinds:
            names += [f"mag_{band}" for band in self.bands]
        if "brightness" in self.kinds:
            names.append(f"mag_{self.bands[self._middle]}")
        if "colours" in self.kinds:
            names += [f"{a}-{b}" for a, b in zip(self.bands, self.bands[1:], strict=False)]
        if "distance" in self.kinds:
            names.append("distance")
        if "gradients" in self.kinds:
            names += gradient_columns(self.bands)
        if "errors" in self.kinds:
            names += [f"log_error_{band}" for band in self.bands]
        return tuple(names)

    @property
    def errors(self):
        """Return the number of the last columns that are errors."""
        return len(self.bands) if "errors" in self.kinds else 0

    @property
    def of_pixels(self):
        """Return the number of columns of `OF_PIXELS`, which lie before the errors."""
        own = ("distance", *gradient_columns(self.bands))
        return sum(name in own for name in self.names)

    @property
    def mixing(self):
        """Return the derivatives of the attributes by the magnitudes.

        Errors are left out.

        Returns
        -------
        list of list of float, shape (attributes, bands)
        """
        kinds = tuple(kind for kind in self.kinds if kind != "errors")
        count = len(self.bands)
        still = np.zeros((count, count))
        plain = Attributes(kinds, self.bands, self.named, self.softening)
        return plain.vectors(np.eye(count), still[0], gradients=still[:, 1:]).T.tolist()

    def columns_of(self, kinds):
        """Return the columns of the attributes of some kinds, errors left out.

        Parameters
        ----------
        kinds : sequence of str
            Some of `KINDS`; ``brightness`` is a column of ``magnitudes``.

        Returns
        -------
        list of int
            0-based.
        """
        plain = tuple(kind for kind in kinds if kind != "errors")
        wanted = Attributes(plain, self.bands, self.named).names
        return [self.names.index(name) for name in wanted]

    def of_aperture(self):
        """Return the attributes of the summed fluxes of an object: without those of pixels alone.

        Returns
        -------
        Attributes
        """
        kinds = tuple(kind for kind in self.kinds if kind not in OF_PIXELS)
        return Attributes(kinds, self.bands, self.named, self.softening)

    def vectors(self, magnitudes, distance=None, errors=None, gradients=None):
        """Return the vectors of pixels or objects.

        Parameters
        ----------
        magnitudes : ndarray, shape (n, bands)
            Columns in the order of `bands`.
        distance : ndarray, shape (n,), optional
            Required if ``distance`` is one of the kinds.
        errors : ndarray, shape (n, bands), optional
            Positive errors of the magnitudes. Required if ``errors`` is one of the kinds.
        gradients : ndarray, shape (n, bands - 1), optional
            Required if ``gradients`` is one of the kinds.

        Returns
        -------
        ndarray, shape (n, attributes), float32
        """
        columns = []
        if "magnitudes" in self.kinds:
            columns.append(magnitudes)
        if "brightness" in self.kinds:
            columns.append(magnitudes[:, self._middle, None])
        if "colours" in self.kinds:
            columns.append(magnitudes[:, :-1] - magnitudes[:, 1:])
        if "distance" in self.kinds:
            columns.append(np.asarray(distance)[:, None])
        if "gradients" in self.kinds:
            columns.append(gradients)
        if "errors" in self.kinds:
            columns.append(np.log(errors))
        return np.concatenate(columns, axis=1).astype(np.float32)

    def of_fluxes(self, flux, error):
        """Return the vectors of objects from their fluxes, with asinh magnitudes.

        Parameters
        ----------
        flux, error : ndarray, shape (n, bands)
            Fluxes and their 1-sigma errors in nanomaggies.

        Returns
        -------
        ndarray, shape (n, attributes), float32
        """
        return self.vectors(self.magnitudes(flux), errors=self.magnitudes(flux, error))

    def magnitudes(self, flux, error=None):
        """Return the asinh magnitudes of fluxes, or the errors of these magnitudes.

        Parameters
        ----------
        flux : ndarray, shape (n, bands)
            Nanomaggies.
        error : ndarray, shape (n, bands), optional
            1-sigma errors of the fluxes. With them, the errors of the magnitudes are returned.

        Returns
        -------
        ndarray, shape (n, bands)
        """
        columns, softening = [], dict(self.softening)
        for i, band in enumerate(self.bands):
            b = softening.get(band)
            if error is None:
                columns.append(asinh_magnitude(flux[:, i], band, b))
            else:
                columns.append(asinh_magnitude_error(flux[:, i], error[:, i], band, b))
        return np.stack(columns, axis=1)


class Scaler(NamedTuple):
    """Mean and standard deviation of each attribute over the training vectors."""

    mean: np.ndarray  #: (attributes,)
    deviation: np.ndarray  #: (attributes,)

    @classmethod
    def fit(cls, vectors):
        """Return the scaler of training vectors.

        The deviation of a constant attribute is 1, so that it adds nothing to a distance. The mean
        of an attribute that all vectors lack is 0.

        Parameters
        ----------
        vectors : ndarray, shape (n, attributes)
            NaN where an attribute is missing.

        Returns
        -------
        Scaler
        """
        columns = [column[np.isfinite(column)] for column in vectors.T.astype(np.float64)]
        mean = [column.mean() if len(column) else 0.0 for column in columns]
        varies = [len(column) > 0 and np.ptp(column) > 0 for column in columns]
        deviation = [
            column.std() if some else 1.0 for column, some in zip(columns, varies, strict=True)
        ]
        return cls(np.array(mean), np.array(deviation))

    def transform(self, vectors):
        """Return the standardised vectors, (vectors - mean) / deviation.

        Parameters
        ----------
        vectors : ndarray, shape (n, attributes)
            Vectors of attributes.

        Returns
        -------
        ndarray, shape (n, attributes), float64
        """
        return (vectors - self.mean) / self.deviation
