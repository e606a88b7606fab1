"""Copy catalogues of SExtractor in the format FITS_LDAC, which PSFEx reads."""

import numpy as np
from astropy.io import fits

from redpix.io.fits_structure import BLOCK

#: value above which a pixel of SExtractor's stamps is valid
_UNKNOWN = -1e29


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


def subtract_sky(path, rows, sky, aperture):
    """Subtract the sky about stars from their stamps and apertures in a FITS_LDAC catalogue.

    Parameters
    ----------
    path : Path
        Catalogue of SExtractor with the columns VIGNET and FLUX_APER; it is changed in place.
    rows : ndarray of int, shape (n,)
        Rows of the stars.
    sky : redpix.psf.local_sky.LocalSky
        Sky about each of them.
    aperture : float
        Diameter of the aperture, pixels.
    """
    with fits.open(path, mode="update", memmap=False) as hdus:
        data = hdus[2].data
        x, y = (np.rint(data[f"{axis}_IMAGE"][rows].astype(float)) - 1 for axis in "XY")
        stamps = data["VIGNET"][rows]
        light = stamps - sky.on_squares(x, y, stamps.shape[1] // 2)
        data["VIGNET"][rows] = np.where(stamps > _UNKNOWN, light, stamps)
        flux = data["FLUX_APER"]
        pedestal = sky.plane[:, 0] * np.pi * (aperture / 2) ** 2
        flux[rows] -= pedestal.reshape(flux[rows].shape).astype(flux.dtype)
