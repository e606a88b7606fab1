"""Open FITS files that must be complete, after checks of their headers."""

import contextlib
import re
import warnings

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning

from redpix.core.damaged_files import readable
from redpix.core.exceptions import InputError
from redpix.io.compression import unpacked
from redpix.io.fits_structure import walk

#: bytes of one element of a column, by the letter of its TFORM; X is a bit, see `_width`
_BYTES = dict(L=1, B=1, A=1, I=2, J=4, E=4, K=8, D=8, C=8, P=8, M=16, Q=16)  # noqa: C408

#: bytes behind the last HDU from which on a file is refused; astropy would search them for headers
_MOST_TRAILING = 2**20

_TFORM = re.compile(r"([0-9]*)([LXBIJKAEDCMPQ])([LXBIJKAEDCM]?)")

# format of a column of an ASCII table
_ASCII_FORM = re.compile(r"[AIFED]([0-9]+)")

#: most rows of a table whose rows have no byte
_MOST_EMPTY = 1_000_000

#: bytes that vectors of variable length may take: at least, and relative to those of the heap
_VECTORS, _SHARED = 2**24, 4


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
            check_table(stream, hdu)


def check_table(stream, hdu):
    """Refuse a table whose header does not describe its rows; other HDUs are not looked at.

    Parameters
    ----------
    stream : file object
        The unpacked file.
    hdu : redpix.io.fits_structure.FileHdu
        HDU of the file, whose data are complete.

    Raises
    ------
    InputError
        If TFIELDS, a format or NAXIS1 is impossible, or if vectors would fill the memory.
    """
    kind = str(hdu.header.get("XTENSION", "")).strip()
    if kind == "TABLE":
        _check_ascii(hdu.header, hdu.label)
    elif kind == "BINTABLE":
        _check_vectors(stream, hdu, _checked_forms(hdu.header, hdu.label))


def _checked_forms(header, label):
    """Return the formats of a binary table, whose columns must fill its rows."""
    fields, width = header.get("TFIELDS"), header.get("NAXIS1")
    if type(fields) is not int or not 0 <= fields <= 999:
        raise InputError(f"{label}: TFIELDS is {fields!r}; allowed: 0 to 999")
    forms = []
    for number in range(1, fields + 1):
        form = str(header.get(f"TFORM{number}", "")).strip()
        match = _TFORM.match(form)
        if not match:
            raise InputError(f"{label}: TFORM{number} is {form!r}, which is not a format")
        forms.append((int(match[1] or 1), match[2], match[3]))
    total = sum(_width(repeat, letter) for repeat, letter, _ in forms)
    if total != width:
        raise InputError(f"{label}: columns of {total} bytes in rows of {width!r}")
    if not width and header.get("NAXIS2", 0) > _MOST_EMPTY:
        raise InputError(f"{label}: {header['NAXIS2']} rows without a byte")
    return forms


def _check_vectors(stream, hdu, forms):
    """Refuse vectors of variable length that share a heap which is much smaller than they are."""
    rows, width, heap = (int(hdu.header.get(key) or 0) for key in ("NAXIS2", "NAXIS1", "PCOUNT"))
    total, at, table = 0.0, 0, None
    for repeat, letter, element in forms:
        if letter in "PQ" and repeat:
            if table is None:
                stream.seek(hdu.data)
                table = np.frombuffer(stream.read(rows * width), np.uint8).reshape(rows, width)
            length = _BYTES[letter] // 2  # a descriptor is a number of elements and an offset
            counts = np.ascontiguousarray(table[:, at : at + length]).view(f">i{length}")
            total += _width(1, element or "B") * np.abs(counts.astype(float)).sum()
        at += _width(repeat, letter)
    most = max(_VECTORS, _SHARED * heap)
    if total > most:
        raise InputError(
            f"{hdu.label}: vectors of {total:.3g} bytes share {heap} bytes; allowed: up to {most}"
        )


def _check_ascii(header, label):
    """Refuse an ASCII table with a column that leaves its rows."""
    width = header.get("NAXIS1")
    for number in range(1, 1 + (header.get("TFIELDS") or 0)):
        form, first = header.get(f"TFORM{number}"), header.get(f"TBCOL{number}")
        match = _ASCII_FORM.match(str(form).strip())
        if not match or type(first) is not int or not 1 <= first <= width - int(match[1]) + 1:
            raise InputError(
                f"{label}: TFORM{number} is {form!r} and TBCOL{number} {first!r} in rows of "
                f"{width!r} characters"
            )


def _width(repeat, letter):
    """Return the bytes of a column in one row."""
    return (repeat + 7) // 8 if letter == "X" else repeat * _BYTES[letter]
