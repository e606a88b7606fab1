"""Read a value of a FITS card as people write it: numbers with units, decimal commas, blanks."""

import math
import re
from typing import NamedTuple

from astropy.io.fits.card import Undefined

#: texts that stand for a value that is not known
_EMPTY = ("", "none", "na", "n/a", "nan", "unknown", "undefined", "null", "-")

_NUMBER = re.compile(r"([+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eEdD][+-]?\d+)?)\s*(.*)", re.DOTALL)


class HeaderValue(NamedTuple):
    """A value of a header with where it comes from.

    Attributes
    ----------
    value : float, str, tuple or None
        None: not known.
    source : str
        Name of the card or of the configuration key, or how it was derived; empty if unknown.
    sure : str
        One of `SURE`.
    """

    value: float | str | tuple | None
    source: str = ""
    sure: str = "unknown"


#: how sure a value is: "given" by the user, "stated" by a card, "derived" from other cards,
#: "guessed" from a card that may mean something else, "unknown"
SURE = ("given", "stated", "derived", "guessed", "unknown")

UNKNOWN = HeaderValue(None)


def filled(value):
    """Return whether the value of a card says anything."""
    if value is None or isinstance(value, Undefined):
        return False
    return str(value).strip().lower() not in _EMPTY


def number(value):
    """Return a card's value as a float and the unit that follows the number.

    Parameters
    ----------
    value : object
        A number, or text such as ``'1.5 e/ADU'``, ``'120.00'``, ``'6,4E-05'``.

    Returns
    -------
    value : float or None
        None if it is not a finite number.
    unit : str
        Text behind the number in lower case, empty if there is none.
    """
    if isinstance(value, bool) or value is None:
        return None, ""
    if isinstance(value, int | float):
        return (float(value), "") if math.isfinite(value) else (None, "")
    found = _NUMBER.fullmatch(str(value).strip())
    if found is None:
        return None, ""
    unit = found[2].strip().lower()
    if unit and (unit[0].isdigit() or unit[0] in ":.,+-'"):
        return None, ""  # a time, a date or a list
    text = re.sub("[dD]", "e", found[1].replace(",", "."))
    result = float(text)
    return (result, unit) if math.isfinite(result) else (None, "")


def comment(header, card):
    """Return the comment of a card in lower case; empty where the header keeps no comments."""
    comments = getattr(header, "comments", None)
    return str(comments[card]).lower() if comments is not None and card in header else ""
