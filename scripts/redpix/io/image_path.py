"""Split paths of images that name an HDU: ``night.fits[2]``, ``night.fits[SCI,2]``."""

import os
import re

#: number of an HDU, or EXTVER
_NUMBER = re.compile(r"[0-9]{1,9}")


def split_path(path):
    """Split the path of an image into its file and the HDU that it names.

    Parameters
    ----------
    path : str or path-like
        Path of an image.

    Returns
    -------
    file : str
        Path of the file.
    hdu : int, (str, int or None) or None
        Number, or name in capitals with EXTVER; None if the path names no HDU.
    """
    text = str(path)
    match = re.fullmatch(r"(.+)\[([^\[\]]+)\]", text)
    # os.path.exists is False for a name that is too long, where Path.exists raises an error
    if match is None or os.path.exists(text):
        return text, None
    name, _, version = (piece.strip() for piece in match[2].partition(","))
    if _NUMBER.fullmatch(name) and not version:
        return match[1], int(name)
    return match[1], (name.upper(), int(version) if _NUMBER.fullmatch(version) else None)


#: how the name of an alert packet ends
PACKET = ".avro"


def is_packet(path):
    """Return whether a path is that of an alert packet.

    Parameters
    ----------
    path : str
        Path of a file, which may name a cut-out.

    Returns
    -------
    bool
    """
    return str(path).split("[")[0].lower().endswith(PACKET)


def image_file(path):
    """Return the file of an image's path, without the HDU that it names.

    Parameters
    ----------
    path : str or path-like
        Path of an image.

    Returns
    -------
    str
    """
    return split_path(path)[0]


def named_hdu(path):
    """Return the HDU that an image's path names, with its brackets.

    Parameters
    ----------
    path : str or path-like
        Path of an image.

    Returns
    -------
    str
        ``[2]``; empty if the path names no HDU.
    """
    return str(path)[len(image_file(path)) :]


def split_images(text):
    """Return the paths of a text that separates them by commas.

    Parameters
    ----------
    text : str
        ``a.fits[SCI,2], b.fits``; commas in brackets belong to a path.

    Returns
    -------
    list of str
    """
    return [piece.strip() for piece in re.split(r",(?![^\[\]]*\])", text)]
