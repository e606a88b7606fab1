"""Write files atomically: a reader sees a complete file or the earlier one."""

import contextlib
import csv
import errno
import functools
import hashlib
import json
import os
import re
import shutil
import socket
import time
from pathlib import Path

#: error numbers of the system for a full or unwritable file system
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)

#: words of programs and libraries that hide the error number of a full disk
FULL_DISK = re.compile(
    r"no space left|not enough space|disk quota exceeded|file too large|disk (is )?full|SIGXFSZ"
    r"|\d+ requested and \d+ written",  # NumPy
    re.IGNORECASE,
)

#: a temporary name: machine, process and the name of the file
_TEMPORARY = re.compile(r"\.([0-9a-f]{8})-([0-9]+)-(.+)", re.DOTALL)

#: time without a change after which a temporary file of another machine is a remnant, seconds
STALE = 86400

#: longest name of a file, bytes
_LONGEST_NAME = 255


@contextlib.contextmanager
def atomic(path):
    """Yield a temporary path beside a path, and move it there if the body ends without exception.

    A reader sees the old file or the complete new one, even if the process is killed. The
    temporary name keeps the suffix, because some writers choose a format by it. It names machine
    and process. The next call removes the temporary file of a process of this machine that was
    killed, and remnants of other machines.

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
    temporary = path.with_name(temporary_name(path.name))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_remnants(path)
        yield temporary
        os.replace(temporary, path)
    except Exception as error:
        number = full_disk(error)
        if number:  # its message seldom names the file
            raise OSError(number, os.strerror(number), str(path)) from error
        raise
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def temporary_name(name):
    """Return the name under which this process writes a file.

    Parameters
    ----------
    name : str
        Name of the file.

    Returns
    -------
    str
        ``.<machine>-<process>-<name>``; of a long name the end.
    """
    start = f".{_machine()}-{os.getpid()}-"
    kept = os.fsencode(name)[-(_LONGEST_NAME - len(start)) :]
    return start + os.fsdecode(kept).encode("utf-8", "ignore").decode()


@functools.cache
def _machine():
    """Return a digest of this machine, its start and its process numbers.

    Nodes and containers that share a folder may have the same name and the same process numbers.
    """
    facts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        facts.append(Path("/proc/sys/kernel/random/boot_id").read_text())
        facts.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:8]


def _remove_remnants(path):
    """Remove temporary files of a path that no living process writes."""
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(path.parent):
            match = _TEMPORARY.fullmatch(entry.name)
            if match and path.name.endswith(match[3]) and _is_remnant(entry, match):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)


def _is_remnant(entry, match):
    """Return whether the process that made a temporary file has ended."""
    if match[1] == _machine():
        return not _alive(int(match[2]))
    try:
        return time.time() - entry.stat().st_mtime > STALE
    except OSError:
        return False


def _alive(number):
    """Return whether a process of this machine is running."""
    try:
        os.kill(number, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return not _has_ended(number)


def _has_ended(number):
    """Return whether a process has ended, and only waits for its parent to ask how.

    In a container without an init process, a killed process may stay so for good.
    """
    try:
        words = Path(f"/proc/{number}/stat").read_text(errors="replace")
    except OSError:  # no such folder on macOS, or the process has gone
        return False
    return words.rpartition(")")[2].split()[0] in ("Z", "X")  # its name may have blanks


def full_disk(error):
    """Return the error number if an exception, or one that led to it, is about a full disk.

    Libraries hide the number: astropy raises a new OSError with words, h5py and others a
    RuntimeError.

    Parameters
    ----------
    error : BaseException
        The exception; those that led to it are looked at, too.

    Returns
    -------
    int or None
    """
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        number = getattr(error, "errno", None)
        if isinstance(error, OSError) and number in NO_ROOM:
            return number
        worded = isinstance(error, OSError | RuntimeError) and number is None
        if worded and FULL_DISK.search(str(error)):
            return errno.ENOSPC
        error = error.__cause__ or error.__context__
    return None


def link_or_copy(source, target):
    """Give a file a second name, or copy it where the file system has no hard links.

    Parameters
    ----------
    source : path-like
        Existing file.
    target : path-like
        New name; it must not exist.
    """
    try:
        os.link(source, target)
    except OSError as error:
        if isinstance(error, FileNotFoundError | FileExistsError) or error.errno in NO_ROOM:
            raise
        with atomic(target) as temporary:
            shutil.copyfile(source, temporary)


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


def write_json(path, content, **options):
    """Write a JSON file atomically, one blank per level.

    Parameters
    ----------
    path : str or Path
        File to write.
    content : object
        Dicts, lists, texts and numbers.
    **options : object
        Further arguments of `json.dumps`.
    """
    write_text(path, json.dumps(content, indent=1, **options) + "\n")


def write_csv(path, columns, rows, dialect="excel"):
    """Write a table of text atomically.

    Parameters
    ----------
    path : str or Path
        File to write.
    columns : sequence of str
        Names of the columns, which are the first line.
    rows : iterable of (sequence of object)
        Cells of each row.
    dialect : {"excel", "excel-tab"}
        Cells are separated by commas, or by tabs.
    """
    with atomic(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, dialect, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
