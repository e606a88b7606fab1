"""Write files atomically: a reader sees a complete file or the earlier one."""

import contextlib
import errno
import os
from pathlib import Path

#: error numbers of the system for a full or unwritable file system
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


@contextlib.contextmanager
def atomic(path):
    """Yield a temporary path beside a path, and move it there if the body ends without exception.

    A reader sees the old file or the complete new one, even if the process is killed. The
    temporary name keeps the suffix, because some writers choose a format by it. The next call
    removes the temporary file of a killed process.

    Parameters
    ----------
    path : str or Path
        File to write. Missing folders are made.

    Yields
    ------
    Path

    Raises
    ------
    OSError
        If the disk is full; it names `path`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    for left in path.parent.glob(f".*-{path.name}"):
        if not _alive(left.name):
            left.unlink(missing_ok=True)
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        if error.errno in NO_ROOM:  # its message seldom names the file
            raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _alive(name):
    """Return whether the process whose number is in a temporary name is running."""
    number = name[1:].split("-", 1)[0]
    if not number.isdigit():
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def missing_bytes(hdu, path):
    """Return the number of bytes that a truncated FITS file lacks.

    Parameters
    ----------
    hdu : HDU
        The last HDU of the file.
    path : str or Path
        The file.

    Returns
    -------
    int
        0 or less if the file is complete.
    """
    position = hdu.fileinfo()
    return position["datLoc"] + position["datSpan"] - os.stat(path).st_size


def write_text(path, text):
    """Write a text file atomically.

    Parameters
    ----------
    path : str or Path
        File to write.
    text : str
        Content of the file.
    """
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
