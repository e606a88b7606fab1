"""The survey's own PSFs (psField files): images whose mixture changes over a field.

At a place in a field the PSF is ``sum_k a_k RROWS_k`` with ``a_k = sum_ij c_k,ij (0.001 row)^i
(0.001 column)^j``: a Karhunen-Loeve expansion (Lupton et al. 2001, ASP Conf. 238, 269). The sum is
that of the SDSS documentation, "Extracting PSF Images".
"""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from redpix.exceptions import InputError
from redpix.psf import full_width

#: what rows and columns are multiplied with
SCALE = 0.001

#: order of the bands' HDUs in a psField file, the first is HDU 1
BANDS = "ugriz"


class FieldPsf(NamedTuple):
    """PSF of one band of a field.

    Attributes
    ----------
    images : ndarray, shape (k, ny, nx)
        Of odd sides, centre in the middle.
    coefficients : ndarray, shape (k, i, j)
        Of powers of the row and of the column.
    fwhm : float
        In the middle of the field, pixels.
    """

    images: np.ndarray
    coefficients: np.ndarray
    fwhm: float

    def at(self, x, y):
        """The stamp at a place (0-based column and row of the frame), of unit sum."""
        _, rows, columns = self.coefficients.shape
        powers = np.outer(
            (SCALE * (y + 0.5)) ** np.arange(rows), (SCALE * (x + 0.5)) ** np.arange(columns)
        )
        weights = np.tensordot(self.coefficients, powers, axes=2)
        stamp = np.tensordot(weights, self.images, axes=1)
        return stamp / stamp.sum()


def field_psf(hdus, band, shape):
    """PSF of a band from a psField file.

    Parameters
    ----------
    hdus : sequence of astropy HDUs
        The opened file.
    band : str
    shape : (int, int)
        Of the frame; tells where its middle is.

    Raises
    ------
    InputError
        If the file is none, or its PSF has no light.
    """
    try:
        table = hdus[1 + BANDS.index(band)].data
        rows, columns = int(table["nrow_b"].max()), int(table["ncol_b"].max())
        coefficients = np.zeros((len(table), rows, columns))
        images = []
        for k, line in enumerate(table):
            i, j = int(line["nrow_b"]), int(line["ncol_b"])
            # what lies beyond these powers is not set in the file
            coefficients[k, :i, :j] = np.reshape(line["c"], (5, 5))[:i, :j]
            side = int(line["RNROW"]), int(line["RNCOL"])
            images.append(np.reshape(line["RROWS"], side).astype(float))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"not a psField file: {error}") from None
    psf = FieldPsf(np.array(images), coefficients, 0.0)
    middle = psf.at(shape[1] / 2, shape[0] / 2)
    if not np.isfinite(middle).all() or middle.max() <= 0:
        raise InputError(f"a psField file without a PSF in {band}")
    return psf._replace(fwhm=full_width(middle))


class MovedPsf(NamedTuple):
    """PSF of an image that was put onto other pixels.

    Attributes
    ----------
    psf : FieldPsf
        Of the image before.
    place : callable
        ``place(x, y)``: where the new pixels lie in the image before.
    fwhm : float
        In the middle of the image before.
    """

    psf: FieldPsf
    place: object
    fwhm: float

    def at(self, x, y):
        """The stamp at a place of the new pixels, of unit sum."""
        u, v = self.place(np.array([x, x + 1.0, x]), np.array([y, y, y + 1.0]))
        stamp = self.psf.at(u[0], v[0])
        # rows and columns: how far a step on the new pixels is on those before
        steps = np.array([[v[2] - v[0], v[1] - v[0]], [u[2] - u[0], u[1] - u[0]]])
        centre = np.array(stamp.shape) // 2
        moved = ndimage.affine_transform(stamp, steps, centre - steps @ centre, order=5)
        return moved / moved.sum()
