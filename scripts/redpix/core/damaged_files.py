"""Turn the exceptions that libraries raise on a damaged file into one line with its name."""

import contextlib
import errno
import lzma
import os
import struct
import zipfile
import zlib

from redpix.core.atomic_files import NO_ROOM
from redpix.core.exceptions import InputError

#: exceptions that numpy, astropy and the standard library raise on damaged content
DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    MemoryError,
    SyntaxError,
    RuntimeError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)

#: words after the fault of a damaged product
REMEDY = "remove it, and the same command makes it again"

#: exceptions of compiled modules that have no public name: astropy's of compressed images
_UNNAMED = ("CfitsioException",)

#: maximum number of characters that a library's words take in a message
_LONGEST = 200


def check_file(path):
    """Refuse a path that exists and is not a file: a folder, a pipe, a device.

    Reading a pipe would wait for a writer without end.

    Parameters
    ----------
    path : str or path-like
        Path of a user's file; it may be missing.

    Raises
    ------
    InputError
        The caller names the path.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        raise InputError("is not a file; allowed: the path of a file")


@contextlib.contextmanager
def readable(path, kind, also=()):
    """Raise InputError where the content of a file cannot be read.

    Place only the reading of the file inside the block. A mistake of our own would look like a
    damaged file.

    Parameters
    ----------
    path : str or path-like, or None
        The file that messages begin with; None if the caller adds the name.
    kind : str
        The content that is expected, such as ``a model``.
    also : tuple of type, optional
        Further exceptions of the library that reads the file.

    Yields
    ------
    None

    Raises
    ------
    InputError
        One line: the name of the file and the reason.
    OSError
        If the disk is full, or a handle of a network file system is stale.
    """
    start = "" if path is None else f"{path}: "
    try:
        yield
    except InputError as error:
        known = path is None or str(error).startswith(str(path))
        raise InputError(str(error) if known else f"{start}{error}") from None
    except FileNotFoundError:
        raise InputError(f"{start}the file does not exist") from None
    except MemoryError:
        raise InputError(f"{start}its content does not fit into memory") from None
    except Exception as error:
        if not isinstance(error, (*DAMAGE, *also)) and type(error).__name__ not in _UNNAMED:
            raise
        if isinstance(error, OSError) and error.errno in (*NO_ROOM, errno.ESTALE):
            raise
        words = " ".join(str(error).split())
        words = words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."
        reason = f"{type(error).__name__}: {words}"
        raise InputError(f"{start}cannot be read as {kind} ({reason})") from None
