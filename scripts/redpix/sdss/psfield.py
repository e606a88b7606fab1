"""The survey's own point spread functions: psField files, as a polynomial over the frame."""

import numpy as np

from redpix.core.exceptions import InputError
from redpix.psf.psf_model import PsfModel, full_width

#: filters in the order of a file's tables
FILTERS = "ugriz"

# a file's polynomials are of the 0-based row and column times this
_SCALE = 1e-3


def psfield_path(release, field):
    """Path of a field's psField below the archive's root."""
    run, camcol, number = field
    return (
        f"{release}/eboss/photo/redux/301/{run}/objcs/{camcol}/"
        f"psField-{run:06d}-{camcol}-{number:04d}.fit"
    )


def psfield_model(table, shape):
    """PSF of one band of a psField: eigenimages whose weights are polynomials of the place.

    a_k = sum_ij C_k,ij (0.001 row)^i (0.001 column)^j, PSF = sum_k a_k RROWS_k, as the survey's
    page on psField files has it.

    Parameters
    ----------
    table : FITS_rec
        A row an eigenimage: nrow_b, ncol_b, c, RNROW, RNCOL, RROWS.
    shape : (int, int)
        Rows and columns of the frame.

    Returns
    -------
    PsfModel
        The pixels' own blur is part of it.

    Raises
    ------
    InputError
        If this is no such table or it describes no PSF.
    """
    try:
        side = int(table["RNROW"][0]), int(table["RNCOL"][0])
        rows, columns = int(table["nrow_b"].max()), int(table["ncol_b"].max())
        degree = rows + columns - 2
        powers = [(i, j) for j in range(degree + 1) for i in range(degree + 1 - j)]
        terms = np.zeros((len(powers), *side))
        for part in table:
            image = np.asarray(part["RROWS"], dtype=float).reshape(side)
            for j in range(part["nrow_b"]):
                for i in range(part["ncol_b"]):
                    # FITS counts the column's power fastest: [row's power, column's power] here
                    terms[powers.index((i, j))] += part["c"][j, i] * image
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError(f"no psField: {error}") from None
    if not (np.isfinite(terms).all() and terms[0].sum() > 0):
        raise InputError("this psField describes no PSF of the band")
    model = PsfModel(terms, degree, (1.0, 1.0), (1 / _SCALE, 1 / _SCALE), 0.0, 0)
    return model._replace(fwhm=full_width(model.at((shape[1] - 1) / 2, (shape[0] - 1) / 2)))
