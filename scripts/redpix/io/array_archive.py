"""Read the arrays of an .npz file in limited memory; nothing in the file is executed."""

import math
import os
import tokenize
import zipfile

from numpy.lib import format as npy

from redpix.core.damaged_files import check_file, readable
from redpix.core.exceptions import InputError
from redpix.io.compression import check_members

#: most arrays of a file; models have some hundred
_MOST_ARRAYS = 5000

#: unpacked size that is allowed for any file, bytes, and relative to the size of the file
_UNPACKED, _EXPANSION = 2**28, 100


def read_arrays(path, kind="arrays"):
    """Return the arrays of an .npz file by name.

    Sizes that the file declares are compared with what it holds before memory is allocated.

    Parameters
    ----------
    path : str or path-like
        File of ``numpy.savez`` or ``numpy.savez_compressed``.
    kind : str, optional
        The content that is expected, for messages.

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    InputError
        If the file is damaged, holds Python objects, or would unpack to far more than its size.
    """
    with readable(path, kind, also=(tokenize.TokenError,)), _opened(path) as file:
        check_members(file)
        if not zipfile.is_zipfile(file):
            raise InputError(f"cannot be read as {kind}: not an .npz archive")
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if len(members) > _MOST_ARRAYS:
                raise InputError(f"{len(members)} arrays; allowed: up to {_MOST_ARRAYS}")
            total = sum(member.file_size for member in members)
            most = max(_UNPACKED, _EXPANSION * os.path.getsize(path))
            if total > most:
                raise InputError(f"unpacks to {total} bytes; allowed: up to {most}")
            return {
                member.filename.removesuffix(".npy"): _array(archive, member) for member in members
            }


def _opened(path):
    """Open a file; refuse a folder, a pipe or a device."""
    check_file(path)
    return open(path, "rb")


def _array(archive, member):
    """Return one array, whose header must agree with the size of its member."""
    with archive.open(member) as stream:
        version = npy.read_magic(stream)
        if version not in ((1, 0), (2, 0)):
            raise InputError(f"array {member.filename} has format {version}")
        read_header = npy.read_array_header_1_0 if version[0] == 1 else npy.read_array_header_2_0
        shape, _, dtype = read_header(stream)
        if dtype.hasobject:
            raise InputError(f"array {member.filename} holds objects; allowed: numbers, text")
        stated, held = math.prod(shape) * dtype.itemsize, member.file_size - stream.tell()
        if min(shape, default=0) < 0 or stated != held:
            raise InputError(f"array {member.filename} states {stated} bytes and has {held}")
    with archive.open(member) as stream:
        return npy.read_array(stream, allow_pickle=False)
