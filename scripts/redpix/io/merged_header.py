"""Merge the primary header of a FITS file under the header of an extension."""

import re

from astropy.io import fits

from redpix.io.fits_structure import flat_shape
from redpix.io.header_values import filled, number

#: cards that describe the structure of one HDU and say nothing of its image
_STRUCTURE = re.compile(
    r"SIMPLE|XTENSION|BITPIX|NAXIS\d*|EXTEND|PCOUNT|GCOUNT|GROUPS|BSCALE|BZERO|BLANK|INHERIT"
    r"|EXTNAME|EXTVER|EXTLEVEL|CHECKSUM|DATASUM|ZHECKSUM|ZDATASUM|TFIELDS|THEAP|END"
    r"|(TTYPE|TFORM|TUNIT|TDIM|TNULL|TSCAL|TZERO|TDISP)\d+"
    r"|Z(IMAGE|SIMPLE|TENSION|EXTEND|BITPIX|NAXIS\d*|TILE\d+|CMPTYPE|NAME\d+|VAL\d+|BLANK|PCOUNT"
    r"|GCOUNT|QUANTIZ|DITHER0|MASKCMP)"
)

#: cards of free text, of which a header may hold many
_TEXTS = ("COMMENT", "HISTORY", "")

#: number of broken cards that are named one by one
_NAMED = 5

#: cards of a header's own WCS, of which a part makes no sense in another HDU
_WCS = re.compile(
    r"WCSAXES|C(RVAL|RPIX|TYPE|DELT|UNIT|ROTA)\d|(CD|PC|PV|PS)\d+_\d+|LONPOLE|LATPOLE"
    r"|(A|B|AP|BP)_(ORDER|\d_\d)|C[PQ]DIS\d|D[PQ]\d.*"
)

#: cards of the third and higher axes
_HIGHER_AXES = re.compile(
    r"(NAXIS|CRVAL|CRPIX|CTYPE|CDELT|CUNIT|CROTA|CNAME)[3-9]|(CD|PC)([3-9]_\d|\d_[3-9])|WCSAXES"
)


def merged_header(part, primary, remarks):
    """Return the cards of an HDU with those of the primary header below them.

    Cards of structure stay with their HDU. The primary's WCS is taken only where that HDU holds no
    image of its own and the extension has no WCS. ``INHERIT = F`` keeps the primary's cards out,
    as the standard says.

    Parameters
    ----------
    part, primary : FileHdu
    remarks : list of str
        Extended by what was left out or read as text.

    Returns
    -------
    astropy.io.fits.Header
    """
    own = _readable(part, remarks)
    header = fits.Header()
    for card in own:
        if not _STRUCTURE.fullmatch(card.keyword) or card.keyword in ("EXTNAME", "EXTVER"):
            header.append(card, bottom=True)
    if part is not primary:
        if any(card.keyword == "INHERIT" and card.value is False for card in own):
            remarks.append("INHERIT = F: the cards of the primary header are not used")
        else:
            _inherit(header, _readable(primary, remarks), bool(primary.shape))
    shape = flat_shape(part.shape)
    if len(part.shape) > len(shape):
        for key in [key for key in header if _HIGHER_AXES.fullmatch(key)]:
            del header[key]
    for axis, length in enumerate(shape[::-1], start=1):
        header.insert(axis - 1, (f"NAXIS{axis}", length))
    header.insert(0, ("NAXIS", len(shape)))
    return header


def _inherit(header, cards, primary_has_image):
    """Add cards that a header lacks or leaves empty."""
    without_wcs = primary_has_image or any(_WCS.fullmatch(key) for key in header)
    own = {key for key in header if key not in _TEXTS and filled(header[key])}
    for card in cards:
        key = card.keyword
        if _STRUCTURE.fullmatch(key) or (without_wcs and _WCS.fullmatch(key)):
            continue
        if key in _TEXTS:
            header.append(card, bottom=True)
        elif key not in own:
            header.remove(key, ignore_missing=True)
            header.append(card, bottom=True)
            own.add(key)


def _readable(part, remarks):
    """Return the cards of an HDU's header whose values can be read."""
    cards, said = [], []
    for card in part.header.cards:
        if _parses(card):
            cards.append(card)
            continue
        text = _plain_text(part.text, card.keyword)
        if text is None:
            said.append(f"the card {card.keyword} is broken and left out")
        else:
            said.append(f"the card {card.keyword} breaks the FITS standard: {text!r} is read")
            cards.append(fits.Card(card.keyword, text))
    remarks += said[:_NAMED]
    if len(said) > _NAMED:
        remarks.append(f"{len(said) - _NAMED} more cards break the FITS standard")
    return cards


def _parses(card):
    try:
        return (card.value, card.comment) is not None
    except (fits.VerifyError, ValueError):
        return False


def _plain_text(header, keyword):
    """Return the number, as text, of a card that FITS cannot parse, such as ``6,4E-05``."""
    cards = (header[at : at + 80] for at in range(0, len(header), 80))
    card = next((card for card in cards if card.startswith(f"{keyword:8}=")), "")
    text = card[9:].split("/")[0].strip()
    usable = text.isascii() and text.isprintable() and number(text)[0] is not None
    return text if usable else None
