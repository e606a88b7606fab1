"""Ids of objects that lost their last digits as floating-point numbers."""

import re

import numpy as np
import pyarrow as pa

from redpix.core.exceptions import InputError
from redpix.image.sphere import separation, unit_vectors
from redpix.io.table_ids import rounded
from redpix.io.table_values import EXACT

_WHOLE = re.compile(r"[0-9]{1,19}")
_DOTTED = re.compile(r"([0-9]{1,19})\.0*")
_RAISED = re.compile(r"[0-9](\.[0-9]+)?[eE]\+?[0-9]{1,2}")
#: rows nearer to each other than this are one object, arcsec
_SAME_PLACE = 1.0
#: each specObjID of SDSS is a multiple of it, without loss
_STEP_OF_SPECTRA = 1024
#: each objID of SDSS is a multiple of it plus the number of the object in its field
_STEP_OF_FIELDS = 65536


def whole_ids(cells):
    """Return ids as whole numbers in text, and which of them lost digits.

    Parameters
    ----------
    cells : ndarray of str (dtype object), shape (n,)
        Ids, such as ``12``, ``12.0`` or ``1.23765E+18``.

    Returns
    -------
    cells : ndarray of str (dtype object), shape (n,)
        Cells that are not numbers stay as they are.
    lost : ndarray of bool, shape (n,)
        Whether digits were lost. Large whole numbers count if a float64 can hold each of them.
    """
    cells, lost = cells.copy(), np.zeros(len(cells), bool)
    plain = np.array([_WHOLE.fullmatch(cell) is not None for cell in cells], bool)
    for row in np.flatnonzero(~plain):
        dotted = _DOTTED.fullmatch(cells[row])
        if dotted:
            cells[row] = dotted[1]
            lost[row] = int(dotted[1]) > EXACT and int(float(dotted[1])) == int(dotted[1])
        elif _RAISED.fullmatch(cells[row]):
            cells[row] = str(int(float(cells[row])))
            lost[row] = True
    large = np.array(
        [is_plain and len(cell) > 15 for is_plain, cell in zip(plain, cells, strict=True)]
    )
    if np.count_nonzero(large) > 1 and _look_rounded(cells[large]):
        lost |= large
    return cells, lost


def _look_rounded(cells):
    """Return whether large ids look as if a float64 had held them."""
    if not rounded(pa.chunked_array([pa.array(cells)])):
        return False
    numbers = {int(cell) for cell in cells}
    of_spectra = all(number % _STEP_OF_SPECTRA == 0 for number in numbers)
    return not of_spectra or all(number % _STEP_OF_FIELDS == 0 for number in numbers)


def refuse_merged(cells, lost, ra, dec, table):
    """Raise InputError if an id that lost digits stands for more than one object.

    Parameters
    ----------
    cells : ndarray of str (dtype object), shape (n,)
        Ids.
    lost : ndarray of bool, shape (n,)
        Whether an id lost digits.
    ra, dec : ndarray, shape (n,)
        Degrees; NaN: unknown.
    table : Table
        For its name and lines in the message.

    Raises
    ------
    InputError
        For the first id that two rows at different positions have.
    """
    first, places = {}, unit_vectors(ra, dec)
    for row in np.flatnonzero(lost & np.isfinite(ra + dec)):
        other = first.setdefault(cells[row], row)
        if other != row and 3600 * separation(places[row], places[other]) > _SAME_PLACE:
            raise InputError(
                f"{table.where(row)}: id: {cells[row]} is also the id of another object "
                f"({table.where(other).removeprefix(f'{table.name}: ')}): the ids lost their last "
                "digits as floating-point numbers; allowed: the whole numbers of the archive, "
                "exported as text or 64-bit integers"
            )
