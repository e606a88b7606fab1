"""Read the survey's own PSFs (psField files) as polynomials over the frame."""

import numpy as np

from redpix.core.exceptions import InputError
from redpix.psf.psf_model import PsfModel, full_width
from redpix.sdss.frames import imaging_folder

#: bands in the order of the tables of a psField file
FILTERS = "ugriz"

# factor of the 0-based row and column in the polynomials of a psField file, per pixel
_SCALE = 1e-3

# longest side of an eigenimage, pixels; those of the survey have 51
_LARGEST = 255


def psfield_path(release, field):
    """Return the path of a field's psField file below the archive's root.

    Parameters
    ----------
    release : str
        Data release, such as ``dr17``.
    field : redpix.core.field_name.Field
        Run, camera column and number.

    Returns
    -------
    str
        ``dr17/eboss/photo/redux/301/...``
    """
    run, camcol, number = field
    return (
        f"{imaging_folder(release)}/photo/redux/301/{run}/objcs/{camcol}/"
        f"psField-{run:06d}-{camcol}-{number:04d}.fit"
    )


def psfield_model(table, shape):
    """Return the PSF of one band of a psField file.

    The PSF is a sum of eigenimages whose weights are polynomials of the position:
    a_k = sum_ij C_k,ij (0.001 row)^i (0.001 column)^j, PSF = sum_k a_k RROWS_k. The formulas are
    those of the survey's page on psField files.

    Parameters
    ----------
    table : FITS_rec
        One row per eigenimage: nrow_b, ncol_b, c, RNROW, RNCOL, RROWS.
    shape : (int, int)
        Rows and columns of the frame.

    Returns
    -------
    PsfModel
        The PSF includes the blur of the pixels.

    Raises
    ------
    InputError
        If the table is invalid or its PSF is not positive.
    """
    try:
        side = int(table["RNROW"][0]), int(table["RNCOL"][0])
        rows, columns = int(table["nrow_b"].max()), int(table["ncol_b"].max())
        _check_sizes(table, side, rows, columns)
        degree = rows + columns - 2
        powers = [(i, j) for j in range(degree + 1) for i in range(degree + 1 - j)]
        terms = np.zeros((len(powers), *side))
        for eigenimage in table:
            image = np.asarray(eigenimage["RROWS"], dtype=float).reshape(side)
            for j in range(eigenimage["nrow_b"]):
                for i in range(eigenimage["ncol_b"]):
                    # in FITS the column's power varies fastest: the array is [row, column] here
                    terms[powers.index((i, j))] += eigenimage["c"][j, i] * image
    except (LookupError, TypeError, AttributeError) as error:
        raise InputError(f"not a psField table: {error}") from None
    if not (np.isfinite(terms).all() and terms[0].sum() > 0):
        raise InputError("the psField table has no positive PSF of the band")
    model = PsfModel(terms, degree, (1.0, 1.0), (1 / _SCALE, 1 / _SCALE), 0.0, 0)
    return model._replace(fwhm=full_width(model.at((shape[1] - 1) / 2, (shape[0] - 1) / 2)))


def _check_sizes(table, side, rows, columns):
    """Refuse a table whose counts do not fit its arrays, before arrays are made."""
    stated, held = side[0] * side[1], len(np.ravel(table["RROWS"][0]))
    if not 0 < min(side) <= max(side) <= _LARGEST or stated != held:
        raise InputError(
            f"a PSF of {side[1]} x {side[0]} pixels in the psField table, which holds {held}"
        )
    least = min(int(table["nrow_b"].min()), int(table["ncol_b"].min()))
    if least < 1 or rows > table["c"].shape[-1] or columns > table["c"].shape[-2]:
        raise InputError(
            f"a polynomial of {rows} x {columns} terms in the psField table; allowed: those of "
            f"its column c, {table['c'].shape[-1]} x {table['c'].shape[-2]}"
        )
