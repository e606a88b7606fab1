"""Compressed files, by the first bytes of their content, and a bound on their members."""

import bz2
import gzip
import io
import lzma

from redpix.core.damaged_files import check_file
from redpix.core.exceptions import InputError

#: name of a compression and function that opens its files, by the first bytes of a file
COMPRESSIONS = {
    b"\x1f\x8b": ("gzip", gzip.open),
    b"BZh": ("bzip2", bz2.open),
    b"\xfd7zXZ\x00": ("xz", lzma.open),
}

#: most members of a file, each of which costs microseconds; block-wise gzip of 6 GB has as many
MOST_MEMBERS = 100_000

# first bytes of a compressed file, and the bytes that each of its members has
_MARKS = {
    b"\x1f\x8b": b"\x1f\x8b\x08",
    b"BZh": b"BZh",
    b"\xfd7zXZ\x00": b"\xfd7zXZ\x00",
    b"PK\x03\x04": b"PK\x01\x02",
}

#: length of the shortest member, bytes: an empty one of bzip2
_SHORTEST = 14

_CHUNK = 2**22


def check_members(source):
    """Refuse a gzip, bzip2, xz or zip file of very many members; other files pass.

    Parameters
    ----------
    source : bytes or file object
        Content of the file, or the file opened for reading at its beginning. Its position moves.

    Raises
    ------
    InputError
        The caller names the file.
    """
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    part = stream.read(_CHUNK)
    mark = next((mark for start, mark in _MARKS.items() if part.startswith(start)), None)
    if mark is None or len(part) < MOST_MEMBERS * _SHORTEST:
        return
    count, overlap = 0, b""
    while part:
        part = overlap + part
        count += part.count(mark)
        if count > MOST_MEMBERS:
            raise InputError(f"holds more than {MOST_MEMBERS} compressed members; allowed: fewer")
        overlap = part[1 - len(mark) :]
        part = stream.read(_CHUNK)


def unpacked(path):
    """Open a file to read its bytes; gzip, bzip2 and xz are unpacked.

    Parameters
    ----------
    path : str or path-like
        Any file.

    Returns
    -------
    stream : file object
        The caller closes it.
    compressed : bool
        Whether the file is compressed.

    Raises
    ------
    InputError
        If the path is not a file, or has too many members; the caller names it.
    """
    check_file(path)
    with open(path, "rb") as file:
        first = file.read(6)
        file.seek(0)
        check_members(file)
    for magic, (_, opener) in COMPRESSIONS.items():
        if first.startswith(magic):
            return opener(path, "rb"), True
    return open(path, "rb"), False
