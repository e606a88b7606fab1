"""Reading and writing for scripts: whole files or none."""

import contextlib
import errno
import os
from pathlib import Path

#: what the system says where nothing more can be written
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


@contextlib.contextmanager
def atomic(path):
    """Yield a temporary path beside `path`; move it there when the body ends without exception.

    A reader sees the old file or the whole new one, never a part, also when the process is
    killed. The temporary name keeps the suffix, by which some writers choose a format. What a
    killed process left under such a name is removed by the next one. Where a disk is full, the
    `OSError` names `path`.
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
        if error.errno in NO_ROOM:  # which seldom says which file
            raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _alive(name):
    """Whether the process that a temporary name carries is still at work."""
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
    """How many bytes a FITS file lacks at its end for its last HDU to be whole; 0 or less: none."""
    place = hdu.fileinfo()
    return place["datLoc"] + place["datSpan"] - os.stat(path).st_size


def write_text(path, text):
    """Write `text` to `path`, whole or not at all."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
