"""Continue a run that was killed: release the locks and marks of a dead process."""

import base64
import contextlib
import errno
import fcntl
import socket
from pathlib import Path

from redpix.core.atomic_files import NO_ROOM
from redpix.core.run_summary import read_left_out

#: error numbers of a file system without locks, as some network file systems are mounted
_WITHOUT_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOLCK)


def release_after_kill(folder):
    """Remove the marks that a killed run left in a folder of Snakemake.

    After a killed run, Snakemake finds a lock and marks of unfinished files. It then asks for
    ``--unlock`` and ``--rerun-incomplete``. Here both are safe. Products are written atomically.
    All runs share a lock of the operating system, which ends with the process, so a living run is
    recognised. Unfinished files are removed, so that Snakemake makes them again.

    Parameters
    ----------
    folder : Path
        ``.snakemake`` of the working directory.

    Returns
    -------
    lock : file or None
        Keep it open during the run. None in a folder that cannot be written.
    alone : bool
        False if another run is alive, or if that cannot be known: the last run started on another
        machine, or the file system has no locks. Then nothing is removed, and the lock of
        Snakemake decides.
    """
    try:
        folder.mkdir(exist_ok=True)
        lock = open(folder / "redpix.lock", "a+", errors="replace")  # noqa: SIM115 (held during the run)
    except OSError:
        return None, False
    alone = False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        alone = _remove_marks(folder, lock)
        fcntl.flock(lock, fcntl.LOCK_SH)
    except BlockingIOError:
        fcntl.flock(lock, fcntl.LOCK_SH)
    except OSError as error:
        if error.errno not in (*_WITHOUT_LOCKS, *NO_ROOM):  # a full disk ends a job in one line
            raise
    return lock, alone


def _remove_marks(folder, lock):
    """Remove the marks unless they may belong to a run on another machine; return whether."""
    here = socket.gethostname()
    lock.seek(0)
    holder = lock.read().strip() or here
    locks = sorted((folder / "locks").glob("*.lock"))
    if holder != here and locks:
        return False
    lock.truncate(0)
    lock.write(here)
    lock.flush()
    for path in locks:
        path.unlink()
    for mark in sorted((folder / "incomplete").rglob("*")):
        if mark.is_file():
            _remove_marked(mark, folder / "incomplete")
    return True


def _remove_marked(mark, folder):
    """Remove a mark and the unfinished file that it names; products lie below the run's folder."""
    with contextlib.suppress(ValueError, IsADirectoryError):  # not a mark of Snakemake
        product = marked_file(mark.relative_to(folder))
        if product.is_absolute() or ".." in product.parts:
            return
        product.unlink(missing_ok=True)
    mark.unlink()


def marked_file(mark):
    """Return the unfinished file that a mark of Snakemake names.

    Parameters
    ----------
    mark : Path
        Path of the file in base64. Snakemake cuts a long path into folders.

    Returns
    -------
    Path
    """
    pieces = [*(piece.removeprefix("@") for piece in mark.parts[:-1]), mark.parts[-1]]
    return Path(base64.urlsafe_b64decode("".join(pieces)).decode())


def retry_catalogues(folder):
    """Forget the catalogues that were not delivered, so that a new run requests them again.

    Parameters
    ----------
    folder : Path
        ``results/<name>/photometry/catalogues``.
    """
    for path in folder.glob("*/*.ecsv"):
        with open(path, encoding="utf-8", errors="replace") as file:
            unanswered = any("{state: unanswered}" in line for line in file if line[0] == "#")
        if unanswered:
            path.unlink()


def retry_left_out(folder):
    """Forget which fields were not delivered, so that a new run requests them again.

    Parameters
    ----------
    folder : Path
        ``results/<name>/frames``, where delivered.csv and exposures.csv list the fields of the
        last run.
    """
    for listed in (folder / "delivered.csv", folder / "exposures.csv"):
        if not listed.exists():
            continue
        left_out = read_left_out(listed)
        for field in left_out:
            (folder / f"{field}.json").unlink(missing_ok=True)
        if left_out:
            listed.unlink()
