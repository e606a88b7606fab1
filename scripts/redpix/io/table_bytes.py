"""Bytes of a table's file: decompressed within bounds and decoded to UTF-8."""

import io
import lzma
import os
import re
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.io.compression import COMPRESSIONS, check_members

#: largest table in bytes, after decompression
MOST_BYTES = 4 * 2**30

#: largest ratio of decompressed to compressed size, for files that decompress to more than
#: `ALWAYS_UNPACKED` bytes
MOST_RATIO, ALWAYS_UNPACKED = 100, 64 * 2**20

#: raised for zip archives that are damaged, encrypted, or compressed in an unknown way
_BAD_ARCHIVE = (zipfile.BadZipFile, RuntimeError, ValueError)

#: bytes within which a machine-readable table describes its columns
_DESCRIPTION = 2**16

_MARKS = {
    b"\xef\xbb\xbf": ("utf-8", "UTF-8 with a byte order mark"),
    b"\xff\xfe": ("utf-16-le", "UTF-16"),
    b"\xfe\xff": ("utf-16-be", "UTF-16"),
}


class Content(NamedTuple):
    """Content of a file after decompression.

    Attributes
    ----------
    data : bytes
    packing : str
        Name of the compression; empty if the file is not compressed.
    """

    data: bytes
    packing: str


def load(source, name):
    """Return the content of a file, decompressed if it is gzip, bzip2, xz or zip of one file.

    Parameters
    ----------
    source : str, path or bytes
        Path of the file, or its content.
    name : str
        Name of the table in messages.

    Returns
    -------
    Content

    Raises
    ------
    InputError
        If the file cannot be read, or is larger than `MOST_BYTES` or `MOST_RATIO` allow.
    """
    try:
        data = source if isinstance(source, bytes) else _read(source, name)
        _check_members(data, name)
        if _only_member(data):
            return Content(_unpacked(data, _opened_member, name), "zip")
        for magic, (packing, opened) in COMPRESSIONS.items():
            if data.startswith(magic):
                unpacked = _unpacked(data, opened, name)
                if unpacked.startswith(tuple(COMPRESSIONS)):
                    raise InputError(f"{name}: is compressed twice; allowed: once")
                return Content(unpacked, packing)
    except InputError:  # a ValueError, as a bad archive raises
        raise
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from None
    except MemoryError:
        raise InputError(f"{name}: does not fit into memory") from None
    except (EOFError, zlib.error, lzma.LZMAError, *_BAD_ARCHIVE) as error:
        raise InputError(f"{name}: cannot be decompressed: {error}") from None
    return Content(data, "")


def _check_members(data, name):
    """Refuse a file of very many compressed members."""
    try:
        check_members(data)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def _read(path, name):
    """Return the bytes of a file that is not too large."""
    if Path(path).exists() and not Path(path).is_file():
        raise InputError(f"{name}: is not a file; allowed: the path of a table")
    size = os.stat(path).st_size
    if size > MOST_BYTES:
        raise InputError(f"{name}: {size} bytes; allowed: at most {MOST_BYTES}")
    return Path(path).read_bytes()


def _only_member(data):
    """Return the one file of a zip archive; None if there are several, or for other bytes."""
    if not data.startswith(b"PK\x03\x04"):
        return None
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = [
            one.filename
            for one in archive.infolist()
            if not one.is_dir() and not one.filename.startswith("__MACOSX/")
        ]
    return files[0] if len(files) == 1 else None


def _opened_member(stream):
    """Return the one file of a zip archive, opened for reading."""
    return zipfile.ZipFile(stream).open(_only_member(stream.getvalue()))


def _unpacked(data, opened, name):
    """Return decompressed bytes; raise InputError if they are too many."""
    limit = min(MOST_BYTES, max(ALWAYS_UNPACKED, MOST_RATIO * len(data)))
    parts, size = [], 0
    with opened(io.BytesIO(data)) as stream:
        while part := stream.read(2**22):
            parts.append(part)
            size += len(part)
            if size > limit:
                raise InputError(
                    f"{name}: more than {limit} bytes after decompression; allowed: at most "
                    f"{MOST_BYTES}, and {MOST_RATIO} times the compressed size"
                )
    return b"".join(parts)


def is_path(word):
    """Return whether a word of the configuration is the path of a table and not a name.

    Parameters
    ----------
    word : str
        Word that stands for a table or for something that the software knows by name.

    Returns
    -------
    bool
        True if the word has a dot or a slash.
    """
    return "." in word or "/" in word


def stem_of(path):
    """Return the name of a file without its folder, its suffix and that of a compression.

    Parameters
    ----------
    path : str or path
        Path of a table.

    Returns
    -------
    str
    """
    name = Path(path)
    return Path(name.stem if name.suffix in (".gz", ".bz2", ".xz", ".zip") else name.name).stem


def format_of(data):
    """Return the format that the first bytes of a file show.

    Parameters
    ----------
    data : bytes
        Content of a file.

    Returns
    -------
    str or None
        None for plain text.
    """
    if data.startswith(b"SIMPLE  ="):
        return "FITS"
    if data.startswith(b"\x89HDF\r\n\x1a\n"):
        return "HDF5"
    if data.startswith(b"PAR1"):
        return "Parquet"
    if data.startswith(b"PK\x03\x04"):
        return "zip"
    start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<") and b"<VOTABLE" in start:
        return "VOTable"
    if start.startswith(b"# %ECSV"):
        return "ECSV"
    if b"Byte-by-byte Description of file" in data[:_DESCRIPTION]:
        return "MRT"
    if not re.match(rb"(\\[^\n]*\n\s*)*\|[^\n]*\|\s*\n", start):
        return None
    # IPAC has at most four lines of the header; rows do not begin with a bar
    return "IPAC" if len(re.findall(rb"^\|", start, re.M)) <= 4 else None


def decoded(data, name):
    r"""Return text as UTF-8 with the line ending ``\n``, and the encoding it had, in words.

    A byte order mark is removed. Text that is not UTF-8 is read as Windows-1252 or, if it is
    not that, as Latin-1. If most characters beyond ASCII are UTF-8, the others become U+FFFD.

    Parameters
    ----------
    data : bytes
        Content of a file.
    name : str
        Name of the table in messages.

    Returns
    -------
    data : bytes
    encoding : str

    Raises
    ------
    InputError
        If the bytes are not text.
    """
    data, encoding = _utf8(data, name)
    place = data.find(b"\0")
    if place >= 0:
        line = data.count(b"\n", 0, place) + 1
        raise InputError(
            f"{name}: line {line}: holds a zero byte, so the file is not text; allowed: CSV and "
            "other text, FITS, VOTable, HDF5, Parquet"
        )
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\n\xef\xbb\xbf" in data:  # files with byte order marks were joined
        data = data.replace(b"\n\xef\xbb\xbf", b"\n")
        encoding += ", byte order marks within left out"
    return data, encoding


def _utf8(data, name):
    """Return text as UTF-8 without its byte order mark, and its encoding in words."""
    for mark, (codec, words) in _MARKS.items():
        if data.startswith(mark):
            return _as_utf8(data[len(mark) :], codec, name), words
    codec = _unmarked_utf16(data)
    if codec:
        return _as_utf8(data, codec, name), "UTF-16"
    if data.isascii():
        return data, "ASCII"
    text = data.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    if not damaged or data.count("\ufffd".encode()) == damaged:
        return data, "UTF-8"
    if sum(map(len, re.findall(r"[^\x00-\x7f\ufffd]+", text))) > damaged:
        return text.encode(), f"UTF-8 with {damaged} characters that are not"
    try:
        return data.decode("cp1252").encode(), "Windows-1252"
    except UnicodeDecodeError:
        return data.decode("latin-1").encode(), "Latin-1"


def _as_utf8(data, codec, name):
    """Return text of a codec as UTF-8."""
    try:
        return data.decode(codec).encode()
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name}: is not {codec}, as its first bytes say: {error.reason}"
        ) from None


def _unmarked_utf16(data):
    """Return the codec of UTF-16 text without a byte order mark; None for other bytes."""
    zero = np.frombuffer(data[:4096], np.uint8) == 0
    even, odd = (zero[first::2].mean() if len(zero) > 2 else 0 for first in (0, 1))
    if odd > 0.8 and even < 0.2:
        return "utf-16-le"
    return "utf-16-be" if even > 0.8 and odd < 0.2 else None
