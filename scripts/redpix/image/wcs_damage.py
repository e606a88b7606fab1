"""Damaged WCS cards: the exceptions that they raise, and orders that would fill the memory."""

import re

import numpy as np
from astropy.io import fits
from astropy.wcs import wcs as wcslib

from redpix.core.exceptions import InputError

#: exceptions of astropy for damaged cards
WCS_ERRORS = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    np.linalg.LinAlgError,
    wcslib.WcsError,
    fits.VerifyError,
)

#: cards of the order of a polynomial of SIP, and the largest order of the convention
_ORDERS, _MOST_ORDER = ("A_ORDER", "B_ORDER", "AP_ORDER", "BP_ORDER"), 9

# the place of an error in the code of wcslib
_WCSLIB_PLACE = re.compile(r"ERROR \d+ in \w+\(\) at line \d+ of file \S+: ")


def check_orders(header):
    """Refuse a distortion (SIP) of an impossible order, for which astropy allocates its square.

    Parameters
    ----------
    header : Mapping
        FITS header of the image.

    Raises
    ------
    InputError
        The caller names the file.
    """
    for key in _ORDERS:
        order = header.get(key)
        if order is not None and not (isinstance(order, int) and 0 <= order <= _MOST_ORDER):
            raise InputError(
                f"WCS that cannot be used: {key}: {order!r}; allowed: 0 to {_MOST_ORDER}"
            )


def unusable(error):
    """Return the error of a WCS that astropy refuses, in one line.

    Parameters
    ----------
    error : Exception
        One of `WCS_ERRORS`.

    Returns
    -------
    InputError
    """
    words = _WCSLIB_PLACE.sub("", " ".join(str(error).split()))
    return InputError(f"WCS that cannot be used: {words}")
