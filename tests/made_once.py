"""A folder that is made once for all processes of one test run."""

import fcntl
import json
import os
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def only_one(path):
    """Wait until no other process holds the lock; it ends with the process that holds it."""
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def made_once(shared, name, make):
    """Return a folder that the first process to ask for it makes; the others wait for it.

    Parameters
    ----------
    shared : Path
        Folder that all processes of the test run share.
    name : str
        Name of what is made.
    make : callable
        Makes a new folder of its own and returns its path. If the process dies meanwhile, the
        next one calls its own `make`. If `make` fails, all that ask for the folder fail.

    Returns
    -------
    Path
    """
    record = shared / f"{name}.json"
    with only_one(shared / f"{name}.lock"):
        if not record.exists():
            write(record, outcome(make))
        made = json.loads(record.read_text())
    if made["failure"]:
        pytest.fail(f"{name}: {made['failure']}", pytrace=False)
    return Path(made["folder"])


def outcome(make):
    """Return the folder that was made, or the reason why there is none."""
    try:
        return {"folder": str(make()), "failure": None}
    except Exception as error:
        return {"folder": None, "failure": str(error) or repr(error)}


def write(path, content):
    """Write JSON; the file appears whole or not at all."""
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(content))
    os.replace(temporary, path)
