"""Copy catalogues of SExtractor in the format FITS_LDAC, which PSFEx reads."""

import numpy as np
from astropy.io import fits

from redpix.io.fits_structure import BLOCK


def read_columns(path, but):
    """Return the sources of a FITS_LDAC catalogue without one of its columns.

    Parameters
    ----------
    path : Path
        Catalogue.
    but : str
        Column that is left out, such as stamps, which are larger than all others together.

    Returns
    -------
    ndarray
        Structured, one row per source.
    """
    with fits.open(path, memmap=True) as hdus:
        data = hdus[2].data
        names = [name for name in data.names if name != but]
        kinds = [(name, data[name].dtype.newbyteorder("="), data[name].shape[1:]) for name in names]
        table = np.empty(len(data), kinds)
        for name in names:
            table[name] = data[name]
    return table


def write_rows(path, copy, rows):
    """Copy a FITS_LDAC catalogue with some of its rows, without parsing its columns.

    Parameters
    ----------
    path, copy : Path
        Catalogue, and file to write.
    rows : ndarray of int or of bool
        Rows of the table of sources that are kept.
    """
    with fits.open(path, memmap=False) as hdus:
        place = hdus[2].fileinfo()
        header = hdus[2].header.copy()
    bytes_per_row, number = header["NAXIS1"], header["NAXIS2"]
    header["NAXIS2"] = int(np.count_nonzero(rows) if rows.dtype == bool else len(rows))
    with open(path, "rb") as file:
        before = file.read(place["hdrLoc"])
    table = np.memmap(path, np.uint8, "r", place["datLoc"], (number, bytes_per_row))
    chosen = table[rows].tobytes()
    padding = bytes(-len(chosen) % BLOCK)
    copy.write_bytes(before + header.tostring().encode("ascii") + chosen + padding)
