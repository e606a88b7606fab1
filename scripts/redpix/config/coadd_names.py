"""Names and paths of the coadds of a run."""

import os
from pathlib import Path

from redpix.io.image_path import image_file

#: name of the stack that holds the reference of a pair with several references
COADDED_REFERENCE = "{pair}.reference"


def named_coadd(path, results):
    """Return stack and band if a path is that of a coadd below a results folder, else None.

    Parameters
    ----------
    path : str
        Path of an image, which may name an HDU in brackets.
    results : str
        ``results/<name>``.

    Returns
    -------
    (str, str) or None
    """
    parts = Path(os.path.relpath(image_file(path), f"{results}/coadds")).parts
    if len(parts) != 2 or parts[0] == ".." or not parts[1].endswith(".fits"):
        return None
    return parts[0], parts[1].removesuffix(".fits")
