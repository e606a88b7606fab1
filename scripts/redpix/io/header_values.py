"""Read values of FITS cards: numbers with units, decimal commas, blanks."""

import math
import re
from typing import NamedTuple

from astropy.io.fits.card import Undefined

#: texts that mean an unknown value
_EMPTY = ("", "none", "na", "n/a", "nan", "unknown", "undefined", "null", "-")

# a number, and the text behind it
_NUMBER = re.compile(r"([+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eEdD][+-]?\d+)?)\s*(.*)", re.DOTALL)


class HeaderValue(NamedTuple):
    """A value of a header with its source.

    Attributes
    ----------
    value : float, str, tuple or None
        None if unknown.
    source : str
        Name of the card or of the configuration key, or the derivation; empty if unknown.
    sure : str
        One of `SURE`.
    """

    value: float | str | tuple | None
    source: str = ""
    sure: str = "unknown"


#: certainty of a value: "given" by the user, "stated" by a card, "derived" from other cards,
#: "guessed" from a card that may mean something else, "unknown"
SURE = ("given", "stated", "derived", "guessed", "unknown")

#: an unknown value
UNKNOWN = HeaderValue(None)


#: characters of a text in one card HISTORY
_CARD = 72


def filled(value):
    """Return whether a card has a value.

    Parameters
    ----------
    value : object
        Value of the card, None if the card is missing.

    Returns
    -------
    bool
        False for None, blanks and texts such as ``unknown``.
    """
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
        Text behind the number in lower case; may be empty.
    """
    if isinstance(value, bool) or value is None:
        return None, ""
    if isinstance(value, int | float):
        return (float(value), "") if math.isfinite(value) else (None, "")
    match = _NUMBER.fullmatch(str(value).strip())
    if match is None:
        return None, ""
    unit = match[2].strip().lower()
    if unit and (unit[0].isdigit() or unit[0] in ":.,+-'"):
        return None, ""  # a time, a date or a list
    text = re.sub("[dD]", "e", match[1].replace(",", "."))
    result = float(text)
    return (result, unit) if math.isfinite(result) else (None, "")


def comment(header, card):
    """Return the comment of a card in lower case.

    Parameters
    ----------
    header : Mapping
        FITS header, or a dict without comments.
    card : str
        Keyword of the card.

    Returns
    -------
    str
        Empty if the header has no comments or lacks the card.
    """
    comments = getattr(header, "comments", None)
    return str(comments[card]).lower() if comments is not None and card in header else ""


def card_text(value):
    """Return a value that a FITS card takes: of a text, printable ASCII.

    Parameters
    ----------
    value : object
        Value of a card; a name of a file may hold any character.

    Returns
    -------
    object
        Other characters of a text become escapes of Python, as in ``sci \\xe4.fits``.
    """
    if not isinstance(value, str):
        return value
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)
    return text.encode("ascii", "backslashreplace").decode()


def history_text(text):
    """Return a text for cards HISTORY that `history_texts` can tell from the next.

    Parameters
    ----------
    text : str
        The text.

    Returns
    -------
    str
        As of `card_text`, with dots at the end if its last card would be full.
    """
    text = card_text(text)
    while len(text) % _CARD in (0, _CARD - 1):
        text += "."
    return text


def history_texts(header):
    """Return the texts in the cards HISTORY of a product, each of them whole.

    Parameters
    ----------
    header : Header
        Header with texts of `history_text`.

    Returns
    -------
    list of str
        astropy cuts a long text after each 72 characters, and leaves out a blank at the cut.
    """
    texts, last = [], 0
    for line in map(str, header.get("HISTORY", [])):
        if last >= _CARD - 1:
            texts[-1] += " " * (_CARD - last) + line
        else:
            texts.append(line)
        last = len(line)
    return texts
