"""Tell the image of a spectrum from an image of the sky: its light fills whole rows or columns."""

import warnings

import numpy as np

from redpix.core.exceptions import InputError
from redpix.photometry.camera_check import noise_of_differences

#: number of adjacent lines of a spectrum, at least, and their largest fraction of the image
_LEAST, _MOST = 4, 0.25

#: fraction of the pixels of a line of a spectrum that are brighter than the sky by these sigma
_FULL, _SIGMAS = 0.9, 5.0

#: minimum side of an image, pixels
_SIDE = 64


def spectrum_lines(image, hidden):
    """Return the lines that a spectrum fills.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts.
    hidden : ndarray of bool, shape (ny, nx)
        Pixels that are left out.

    Returns
    -------
    (str, int, int) or None
        "rows" or "columns", and the first and the last one, 0-based. Lines at the border may be
        glow of an amplifier, and do not count.
    """
    if min(image.shape) < _SIDE:
        return None
    values = image.astype(np.float32)
    values[hidden] = np.nan
    noise = noise_of_differences(values)
    # one line in four across the spectrum is enough
    for name, plane in (("rows", values[:, ::4]), ("columns", values[::4].T)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # all pixels of a line can be hidden
            sky = np.nanmedian(np.nanmedian(plane, axis=1))
            full = np.nanquantile(plane, 1 - _FULL, axis=1) > sky + _SIGMAS * noise
        edges = np.flatnonzero(np.diff(full.astype(int), prepend=0, append=0))
        for first, after in edges.reshape(-1, 2):
            inside = first > 0 and after < len(full)
            if inside and _LEAST <= after - first <= _MOST * len(full):
                return name, int(first), int(after) - 1
    return None


def refuse_spectrum(path, image, mask):
    """Raise InputError if an image is that of a spectrum.

    Parameters
    ----------
    path : str
        Name of the image in the message.
    image : ndarray, shape (ny, nx)
        Counts.
    mask : ndarray of int, shape (ny, nx)
        Pixels that are not 0 are left out.

    Raises
    ------
    InputError
        One line that names the rows or columns.
    """
    lines = spectrum_lines(image, mask != 0)
    if lines is not None:
        name, first, last = lines
        raise InputError(
            f"{path}: {name} {first} to {last} (0-based) are bright over their whole length, as in "
            "a spectrum; allowed: an image of the sky, or a mask that hides them"
        )
