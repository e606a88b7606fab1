"""Merge the primary header of a FITS file into the header of an extension."""

import re

from astropy.io import fits

from redpix.io.fits_structure import flat_shape
from redpix.io.header_values import filled, number

#: cards that describe the structure of one HDU
_STRUCTURE = re.compile(
    r"SIMPLE|XTENSION|BITPIX|NAXIS\d*|EXTEND|PCOUNT|GCOUNT|GROUPS|BSCALE|BZERO|BLANK|INHERIT"
    r"|EXTNAME|EXTVER|EXTLEVEL|CHECKSUM|DATASUM|ZHECKSUM|ZDATASUM|TFIELDS|THEAP|END"
    r"|(TTYPE|TFORM|TUNIT|TDIM|TNULL|TSCAL|TZERO|TDISP)\d+"
    r"|Z(IMAGE|SIMPLE|TENSION|EXTEND|BITPIX|NAXIS\d*|TILE\d+|CMPTYPE|NAME\d+|VAL\d+|BLANK|PCOUNT"
    r"|GCOUNT|QUANTIZ|DITHER0|MASKCMP)"
)

#: cards of free text, which a header may repeat
_TEXTS = ("COMMENT", "HISTORY", "")

#: maximum number of broken cards that get a remark each
_NAMED = 5

#: cards of a WCS
_WCS = re.compile(
    r"WCSAXES|C(RVAL|RPIX|TYPE|DELT|UNIT|ROTA)\d|(CD|PC|PV|PS)\d+_\d+|LONPOLE|LATPOLE"
    r"|(A|B|AP|BP)_(ORDER|\d_\d)|C[PQ]DIS\d|D[PQ]\d.*"
)

#: numbers of a WCS, with the letter of an alternate WCS
_WCS_NUMBER = re.compile(
    r"C(RVAL|RPIX|DELT)\d[A-Z]?|CROTA\d|(CD|PC|PV)\d+_\d+[A-Z]?|(LONPOLE|LATPOLE|EQUINOX)[A-Z]?"
    r"|(A|B|AP|BP)_(ORDER|\d_\d)|WCSAXES[A-Z]?"
)

#: cards of the third and higher axes
_HIGHER_AXES = re.compile(
    r"(NAXIS|CRVAL|CRPIX|CTYPE|CDELT|CUNIT|CROTA|CNAME)[3-9]|(CD|PC)([3-9]_\d|\d_[3-9])|WCSAXES"
)


def merged_header(hdu, primary, remarks):
    """Return the cards of an HDU, followed by those of the primary header.

    Cards of structure are not inherited. The primary's WCS is inherited only if the primary HDU
    has no image and the extension has no WCS. With ``INHERIT = F`` no card is inherited, as the
    standard demands.

    Parameters
    ----------
    hdu, primary : redpix.io.fits_structure.FileHdu
        The HDU and the primary HDU, which may be the same.
    remarks : list of str
        Cards that were left out or read as text are appended, one sentence each.

    Returns
    -------
    astropy.io.fits.Header
    """
    cards = _readable(hdu, remarks)
    kept = [
        card
        for card in cards
        if not _STRUCTURE.fullmatch(card.keyword) or card.keyword in ("EXTNAME", "EXTVER")
    ]
    if hdu is not primary:
        if any(card.keyword == "INHERIT" and card.value is False for card in cards):
            remarks.append("INHERIT = F: the cards of the primary header are not used")
        else:
            kept = _inherited(kept, _readable(primary, remarks), bool(primary.shape))
    header = fits.Header(kept)  # at once: each card that is appended costs time by their number
    _numbers_of_wcs(header, remarks)
    shape = flat_shape(hdu.shape)
    if len(hdu.shape) > len(shape):
        for key in [key for key in header if _HIGHER_AXES.fullmatch(key)]:
            del header[key]
    for axis, length in enumerate(shape[::-1], start=1):
        header.insert(axis - 1, (f"NAXIS{axis}", length))
    header.insert(0, ("NAXIS", len(shape)))
    return header


def _inherited(own, cards, primary_has_image):
    """Return the cards of a header with those of another that it lacks or leaves empty."""
    first = {card.keyword: card for card in reversed(own) if card.keyword not in _TEXTS}
    without_wcs = primary_has_image or any(_WCS.fullmatch(key) for key in first)
    stated = {key for key, card in first.items() if filled(card.value)}
    added, taken = [], set()
    for card in cards:
        key = card.keyword
        if _STRUCTURE.fullmatch(key) or (without_wcs and _WCS.fullmatch(key)):
            continue
        if key in _TEXTS or key not in stated and key not in taken:
            added.append(card)
            taken.update({key} - set(_TEXTS))
    return [card for card in own if card.keyword not in taken] + added


def _numbers_of_wcs(header, remarks):
    """Convert the numbers of a WCS that are written as texts, in place."""
    texts = {
        key: number(header[key])
        for key in header
        if _WCS_NUMBER.fullmatch(key) and isinstance(header[key], str)
    }
    numbers = {key: value for key, (value, unit) in texts.items() if value is not None and not unit}
    for key, value in numbers.items():
        header[key] = int(value) if "ORDER" in key or "AXES" in key else value
    if numbers:
        first, *others = numbers
        words = (
            f" and {len(others)} more cards of the WCS are numbers" if others else " is a number"
        )
        remarks.append(f"{first}{words} in quotes")


def _readable(hdu, remarks):
    """Return the cards of an HDU's header whose values can be read."""
    cards, faults, raw = [], [], _cards_of(hdu.text)
    for card in hdu.header.cards:
        if _parses(card):
            cards.append(card)
            continue
        text = _plain_text(raw.get(f"{card.keyword:8}", ""))
        if text is None:
            faults.append(f"the card {card.keyword} is broken and left out")
        else:
            faults.append(f"the card {card.keyword} breaks the FITS standard: {text!r} is read")
            cards.append(fits.Card(card.keyword, text))
    remarks += faults[:_NAMED]
    if len(faults) > _NAMED:
        remarks.append(f"{len(faults) - _NAMED} more cards break the FITS standard")
    return cards


def _parses(card):
    """Return whether value and comment of a card can be parsed."""
    try:
        return (card.value, card.comment) is not None
    except (fits.VerifyError, ValueError):
        return False


def _cards_of(text):
    """Return the first card of each keyword with a value, as in the file, by its keyword."""
    cards = (text[at : at + 80] for at in range(len(text) // 80 * 80 - 80, -1, -80))
    return {card[:8]: card for card in cards if card[8:9] == "="}


def _plain_text(card):
    """Return the number, as text, of a card that FITS cannot parse, such as ``6,4E-05``."""
    text = card[9:].split("/")[0].strip()
    usable = text.isascii() and text.isprintable() and number(text)[0] is not None
    return text if usable else None
