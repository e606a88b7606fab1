"""Folders in which libraries keep caches, for a home folder that cannot be written."""

import os
from pathlib import Path


def keep_fonts_here(folder):
    """Let Matplotlib keep its list of fonts in a folder if it cannot write to the home folder.

    Without a place it makes the list again in each job, and says so on the terminal.

    Parameters
    ----------
    folder : path-like
        Folder of the run, such as ``.snakemake``.
    """
    if "MPLCONFIGDIR" in os.environ:
        return
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    if not can_be_made(Path(home, "matplotlib")):
        os.environ["MPLCONFIGDIR"] = os.path.abspath(Path(folder, "matplotlib"))


def can_be_made(folder):
    """Return whether a folder can be made, or be written if it exists.

    Parameters
    ----------
    folder : Path
        Folder to be made.

    Returns
    -------
    bool
    """
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
