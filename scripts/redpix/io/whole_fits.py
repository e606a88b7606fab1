"""Open FITS files that must be complete, after checks of their headers."""

import contextlib
import re
import warnings

from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning

from redpix.core.damaged_files import readable
from redpix.core.exceptions import InputError
from redpix.io.fits_structure import unpacked, walk

#: bytes of one element of a column, by the letter of its TFORM; X is a bit, see `_width`
_BYTES = dict(L=1, B=1, A=1, I=2, J=4, E=4, K=8, D=8, C=8, P=8, M=16, Q=16)  # noqa: C408

#: bytes behind the last HDU from which on a file is refused; astropy would search them for headers
_MOST_TRAILING = 2**20

_TFORM = re.compile(r"([0-9]*)([LXBIJKAEDCMPQ])")


@contextlib.contextmanager
def open_whole(path, kind, name=True):
    """Open a FITS file whose declared sizes agree with its length.

    Read the data inside the block: a damaged file then ends in one line.

    Parameters
    ----------
    path : str or path-like
        FITS file, plain or compressed.
    kind : str
        The content that is expected, such as ``a survey mask (fpM)``.
    name : bool, optional
        Whether messages begin with the path.

    Yields
    ------
    astropy.io.fits.HDUList

    Raises
    ------
    InputError
        If the file is truncated or damaged, or is not a FITS file.
    """
    named = path if name else None
    with readable(named, kind, also=(fits.VerifyError,)), warnings.catch_warnings():
        # astropy warns of cards that break the standard
        warnings.simplefilter("ignore", AstropyUserWarning)
        check_whole(path)
        with fits.open(path, memmap=False) as hdus:
            yield hdus


def check_whole(path):
    """Refuse a FITS file whose headers do not describe its bytes; the data are not read.

    Parameters
    ----------
    path : str or path-like
        FITS file, plain or compressed.

    Raises
    ------
    InputError
        The caller names the file.
    """
    stream, compressed = unpacked(path)
    with contextlib.closing(stream):
        hdus, trailing = walk(stream, path, compressed)
        if trailing and len(stream.read(_MOST_TRAILING)) == _MOST_TRAILING:
            raise InputError(f"{_MOST_TRAILING} bytes or more follow {hdus[-1].label}")
    for hdu in hdus:
        if hdu.missing:
            raise InputError(f"truncated, {hdu.missing} bytes are missing from {hdu.label}")
        if str(hdu.header.get("XTENSION", "")).strip() == "BINTABLE":
            check_columns(hdu.header, hdu.label)


def check_columns(header, label):
    """Refuse a binary table whose columns do not fill its rows.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Header of the table.
    label : str
        Name of the HDU in messages.

    Raises
    ------
    InputError
        If TFIELDS, a TFORM or NAXIS1 is impossible.
    """
    fields, width = header.get("TFIELDS"), header.get("NAXIS1")
    if type(fields) is not int or not 0 <= fields <= 999:
        raise InputError(f"{label}: TFIELDS is {fields!r}; allowed: 0 to 999")
    total = 0
    for number in range(1, fields + 1):
        form = str(header.get(f"TFORM{number}", "")).strip()
        match = _TFORM.match(form)
        if not match:
            raise InputError(f"{label}: TFORM{number} is {form!r}, which is not a format")
        total += _width(int(match[1] or 1), match[2])
    if total != width:
        raise InputError(f"{label}: columns of {total} bytes in rows of {width!r}")


def _width(repeat, letter):
    """Return the bytes of a column in one row."""
    return (repeat + 7) // 8 if letter == "X" else repeat * _BYTES[letter]
