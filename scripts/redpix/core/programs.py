"""Find and run the programs that the workflow calls, under their names on different systems."""

import os
import shutil
import signal
import subprocess
import tempfile

from redpix.core.atomic_files import FULL_DISK, NO_ROOM
from redpix.core.exceptions import InputError
from redpix.core.provenance import note_program

#: names of each program on different systems, in the order in which they are tried
NAMES = {
    "sextractor": ("source-extractor", "sex", "sextractor"),
    "psfex": ("psfex", "PSFEx"),
    "swarp": ("SWarp", "swarp"),
    "montage": ("mProjectPP",),
}

#: bytes that a folder must take after a program failed: with less, the disk was full
_PROBE = 1 << 20

#: bytes of a block of a FITS file
_FITS_BLOCK = 2880

#: maximum number of characters that a program's words take in a message
_LONGEST = 400


def has_tool(tool):
    """Return whether the PATH has a program.

    Parameters
    ----------
    tool : str
        A key of `NAMES`.

    Returns
    -------
    bool
    """
    return any(map(shutil.which, NAMES[tool]))


def find_tool(tool):
    """Return the path of a program, and note it for the record of the job.

    Parameters
    ----------
    tool : str
        A key of `NAMES`.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If the PATH has no program with one of its names.
    """
    for name in NAMES[tool]:
        path = shutil.which(name)
        if path:
            note_program(path)
            return path
    raise InputError(f"{tool}: none of {', '.join(NAMES[tool])} is on the PATH; run envs/setup")


def run_program(command, folder, label):
    """Run a program in a folder, whose files it names without the folder.

    The programs split paths at spaces, or cut them at 240 characters. So their files lie in the
    folder in which they run.

    Parameters
    ----------
    command : list of str
        Path of the program and its arguments.
    folder : path-like
        Folder in which the program runs.
    label : str
        Beginning of the message if the program fails, such as ``a.fits: SExtractor``.

    Raises
    ------
    InputError
        If the program fails. The message ends with the program's last output.
    OSError
        If the disk of the folder is full.
    """
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        words = done.stderr.strip() or done.stdout.strip()
        if not words or done.returncode < 0:
            words = f"{words} {_end_of(done.returncode)}".strip()
        check_room(folder, words)
        raise InputError(f"{label} failed: {' '.join(words[-_LONGEST:].split())}")


def _end_of(status):
    """Return words for the exit status of a program."""
    if status >= 0:
        return f"exit status {status}"
    name = signal.Signals(-status).name if -status in set(signal.Signals) else -status
    return f"ended by signal {name}"


def check_room(folder, words="", made=None):
    """Raise OSError if the disk of a folder is full, or takes no large file.

    Parameters
    ----------
    folder : path-like
        Folder in which a program has just failed.
    words : str, optional
        Last words of the program.
    made : path-like, optional
        Incomplete file of the program. Bytes are appended to it, because a limit of the size of
        files may be larger than what an empty file shows.

    Raises
    ------
    OSError
        Its file name is that of the folder.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_PROBE))
        if made is not None and os.path.isfile(made):
            with open(made, "ab") as file:
                file.write(bytes(_PROBE))
    except OSError as error:
        if error.errno in NO_ROOM:
            raise OSError(error.errno, os.strerror(error.errno), str(folder)) from None
    if FULL_DISK.search(words):
        raise OSError(NO_ROOM[0], os.strerror(NO_ROOM[0]), str(folder))


def read_made(path, label, read, folder=None):
    """Return what a reader gives of a FITS file that a program has just written.

    Programs may report success even if the disk was full.

    Parameters
    ----------
    path : path-like
        The file.
    label : str
        Beginning of the message, such as ``a.fits: SExtractor``.
    read : callable
        ``read(path)``
    folder : path-like, optional
        Name of the file's folder in messages, where the path is relative.

    Returns
    -------
    object

    Raises
    ------
    InputError
        If the file is missing or cannot be read.
    OSError
        If the disk is full.
    """
    try:
        size = os.stat(path).st_size
        if size == 0 or size % _FITS_BLOCK:
            raise OSError(f"{size} bytes, which is not a whole number of FITS blocks")
        return read(path)
    except Exception as error:
        check_room(folder or os.path.dirname(path) or ".", str(error), path)
        words = " ".join(str(error).split())[:_LONGEST]
        raise InputError(f"{label} left no complete {os.path.basename(path)}: {words}") from None
