"""What a learner sees of a pixel or an object: magnitudes, colours, distance. Never the truth."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.sdss.magnitudes import asinh_magnitude, asinh_magnitude_error

#: the only things that may describe a pixel, in the order of the vector's columns
KINDS = ("magnitudes", "brightness", "colours", "distance", "errors")

#: bands by wavelength: colours are differences of neighbours in this order
WAVELENGTH_ORDER = ("u", "g", "r", "i", "z")


@dataclass(frozen=True)
class Attributes:
    """The columns of a feature vector.

    ``magnitudes`` are the asinh magnitudes of the bands, ``brightness`` that of the middle band
    alone (r of u g r i z), ``colours`` the differences of bands adjacent in wavelength among those
    given (u-g, g-r, ...; u-r where g is not used), ``distance`` a pixel's distance from its
    object's peak over the largest such distance, and ``errors`` the natural logarithms of the
    magnitudes' errors, the last columns.

    Parameters
    ----------
    kinds : sequence of str
        Some of `KINDS`, in any order.
    bands : sequence of str
        Some of u, g, r, i, z, in any order.
    named : bool
        Bands are any names of magnitudes, by wavelength.

    Raises
    ------
    InputError
        For anything else: the true redshift, its error, the class, positions and identifiers can
        not be made attributes. Also where the kinds leave nothing to tell redshifts by.
    """

    kinds: tuple
    bands: tuple
    named: bool = False

    def __post_init__(self):
        for kind in self.kinds:
            if kind not in KINDS:
                raise InputError(
                    f"photoz.attributes: {kind!r} cannot be one; allowed are {', '.join(KINDS)} "
                    "(never the redshift, its error, the class, a position or an id)"
                )
        for band in () if self.named else self.bands:
            if band not in WAVELENGTH_ORDER:
                raise InputError(f"bands: {band!r} is none of {', '.join(WAVELENGTH_ORDER)}")
        object.__setattr__(self, "kinds", tuple(k for k in KINDS if k in self.kinds))
        ordered = self.bands if self.named else WAVELENGTH_ORDER
        object.__setattr__(self, "bands", tuple(b for b in ordered if b in self.bands))
        if "colours" in self.kinds and len(self.bands) < 2:
            raise InputError("photoz.attributes: colours need at least two bands")
        if not {"magnitudes", "brightness", "colours"} & set(self.kinds) or not self.bands:
            raise InputError(
                "photoz.attributes: give magnitudes, brightness or colours, and a band"
            )
        if "magnitudes" in self.kinds and "brightness" in self.kinds:
            raise InputError("photoz.attributes: magnitudes hold the brightness; give one of them")

    @property
    def _middle(self):
        return len(self.bands) // 2

    @property
    def names(self):
        """Names of the vector's columns, e.g. ``('mag_u', 'mag_g', 'u-g', 'distance')``."""
        names = []
        if "magnitudes" in self.kinds:
            names += [f"mag_{band}" for band in self.bands]
        if "brightness" in self.kinds:
            names.append(f"mag_{self.bands[self._middle]}")
        if "colours" in self.kinds:
            names += [f"{a}-{b}" for a, b in zip(self.bands, self.bands[1:], strict=False)]
        if "distance" in self.kinds:
            names.append("distance")
        if "errors" in self.kinds:
            names += [f"log_error_{band}" for band in self.bands]
        return tuple(names)

    @property
    def errors(self):
        """Number of the vector's last columns that are errors."""
        return len(self.bands) if "errors" in self.kinds else 0

    @property
    def mixing(self):
        """What the attributes but errors change by when a magnitude does: (attributes, bands)."""
        kinds = tuple(kind for kind in self.kinds if kind != "errors")
        count = len(self.bands)
        still = np.zeros(count)
        plain = Attributes(kinds, self.bands, self.named)
        return plain.vectors(np.eye(count), still).T.tolist()

    def of_aperture(self):
        """The attributes that a whole object has too: these without the distance."""
        return Attributes(tuple(k for k in self.kinds if k != "distance"), self.bands, self.named)

    def vectors(self, magnitudes, distance=None, errors=None):
        """Feature vectors.

        Parameters
        ----------
        magnitudes : ndarray, shape (n, bands)
            Columns in the order of `bands`.
        distance : ndarray, shape (n,), optional
            Needed if ``distance`` is among the kinds.
        errors : ndarray, shape (n, bands), optional
            Of the magnitudes, positive; needed if ``errors`` are among the kinds.

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
        if "errors" in self.kinds:
            columns.append(np.log(errors))
        return np.concatenate(columns, axis=1).astype(np.float32)

    def of_fluxes(self, flux, error):
        """Feature vectors of fluxes and their errors, nanomaggies, shape (n, bands).

        Magnitudes are asinh magnitudes.
        """
        columns = list(enumerate(self.bands))
        magnitudes = [asinh_magnitude(flux[:, i], band) for i, band in columns]
        errors = [asinh_magnitude_error(flux[:, i], error[:, i], band) for i, band in columns]
        return self.vectors(np.stack(magnitudes, axis=1), errors=np.stack(errors, axis=1))


class Scaler(NamedTuple):
    """Mean and standard deviation of each attribute over the training vectors, shape (d,)."""

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def fit(cls, vectors):
        """Measure training vectors, shape (n, d), NaN where an attribute is missing.

        A constant attribute gets the deviation 1, so it adds nothing to any distance;
        `constant_attributes` names it. One that all miss gets the mean 0.
        """
        columns = [column[np.isfinite(column)] for column in vectors.T.astype(np.float64)]
        mean = [column.mean() if len(column) else 0.0 for column in columns]
        varies = [len(column) > 0 and np.ptp(column) > 0 for column in columns]
        deviation = [
            column.std() if some else 1.0 for column, some in zip(columns, varies, strict=True)
        ]
        return cls(np.array(mean), np.array(deviation))

    def transform(self, vectors):
        """(vectors - mean) / deviation, float64."""
        return (vectors - self.mean) / self.deviation


def constant_attributes(vectors, names):
    """Names of the attributes of one value in all vectors, shape (n, d), but those without it."""
    told = (column[np.isfinite(column)] for column in vectors.T)
    return [
        name for name, column in zip(names, told, strict=True) if len(column) and not np.ptp(column)
    ]


def missing_attributes(vectors, names):
    """Names of the attributes that no vector, shape (n, d), has."""
    told = np.isfinite(vectors).any(axis=0)
    return [name for name, some in zip(names, told, strict=True) if not some]
