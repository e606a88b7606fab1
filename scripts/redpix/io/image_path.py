"""Take paths of images apart that name an HDU: ``night.fits[2]``, ``night.fits[SCI,2]``."""

import re
from pathlib import Path


def split_path(path):
    """Return the file of an image's path and the HDU that the path names.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    file : str
    hdu : int, (str, int or None) or None
        Number, or name in capitals with EXTVER; None if the path names no HDU.
    """
    text = str(path)
    found = re.fullmatch(r"(.+)\[([^\[\]]+)\]", text)
    if found is None or Path(text).exists():
        return text, None
    name, _, version = (part.strip() for part in found[2].partition(","))
    if name.isdigit() and not version:
        return found[1], int(name)
    return found[1], (name.upper(), int(version) if version.isdigit() else None)


def image_file(path):
    """Return the file of an image's path, without the HDU that it names."""
    return split_path(path)[0]


def named_hdu(path):
    """Return the HDU that an image's path names as it stands there, ``[2]``; empty without one."""
    return str(path)[len(image_file(path)) :]


def split_images(text):
    """Return the paths of a text in which commas join them, those in brackets apart."""
    return [part.strip() for part in re.split(r",(?![^\[\]]*\])", text)]
