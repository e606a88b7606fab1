"""Copy catalogues of SExtractor in the format FITS_LDAC, which PSFEx reads."""

import numpy as np
from astropy.io import fits

#: bytes of a block of a FITS file
_BLOCK = 2880


def write_rows(path, copy, rows):
    """Copy a FITS_LDAC catalogue with some of its rows, without parsing its columns.

    Parameters
    ----------
    path, copy : Path
        Catalogue, and file to write.
    rows : ndarray of int or of bool
        Rows of the table of sources that are kept.
    """
    content = path.read_bytes()
    with fits.open(path, memmap=False) as hdus:
        place = hdus[2].fileinfo()
        header = hdus[2].header.copy()
    bytes_per_row, number = header["NAXIS1"], header["NAXIS2"]
    table = np.frombuffer(content, np.uint8, bytes_per_row * number, place["datLoc"])
    chosen = table.reshape(number, bytes_per_row)[rows]
    header["NAXIS2"] = len(chosen)
    padding = bytes(-chosen.size % _BLOCK)
    words = header.tostring().encode("ascii")
    copy.write_bytes(content[: place["hdrLoc"]] + words + chosen.tobytes() + padding)
