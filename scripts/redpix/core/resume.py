"""Let a run that was killed go on: what a dead process left locked is released."""

import base64
import fcntl
import socket
from pathlib import Path

from redpix.core.run_summary import read_left_out


def release_after_kill(folder):
    """Undo the marks that a killed run left in a Snakemake folder.

    Snakemake refuses to start where a killed run left its lock or its marks of unfinished files,
    and asks for ``--unlock`` and ``--rerun-incomplete``. Here both are safe: products are written
    whole or not at all, and whether every other run is dead is known, because all share a lock of
    the operating system, which dies with them. The unfinished files are removed, so that they are
    made again.

    Parameters
    ----------
    folder : Path
        ``.snakemake`` of the working directory.

    Returns
    -------
    lock : file
        Keep it open as long as the run lives.
    alone : bool
        False if another run is alive, or if the last one was started on another machine, where
        its life cannot be seen from here: then nothing is undone, Snakemake's own lock answers.
    """
    folder.mkdir(exist_ok=True)
    lock = open(folder / "redpix.lock", "a+")  # noqa: SIM115 (held as long as the run lives)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        alone = False
    else:
        alone = _undone(folder, lock)
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock, alone


def _undone(folder, lock):
    """Undo the marks, unless they may be those of a run on another machine."""
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
            marked_file(mark.relative_to(folder / "incomplete")).unlink(missing_ok=True)
            mark.unlink()
    return True


def marked_file(mark):
    """The file that a mark of Snakemake names: its path in base64, long ones cut into folders."""
    parts = [*(part.removeprefix("@") for part in mark.parts[:-1]), mark.parts[-1]]
    return Path(base64.urlsafe_b64decode("".join(parts)).decode())


def retry_left_out(folder):
    """Forget that fields did not come, so that a new run asks for them again.

    Parameters
    ----------
    folder : Path
        ``results/<name>/frames``; its ``delivered.csv`` and ``exposures.csv`` name the fields of
        the last run.
    """
    for listed in (folder / "delivered.csv", folder / "exposures.csv"):
        if not listed.exists():
            continue
        left_out = read_left_out(listed)
        for field in left_out:
            (folder / f"{field}.json").unlink(missing_ok=True)
        if left_out:
            listed.unlink()
