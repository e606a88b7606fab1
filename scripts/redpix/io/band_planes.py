"""Planes of a cube whose header names their bands, as in cut-outs of the Legacy Surveys.

The cards BAND0, BAND1, ... or one card BANDS name the planes. A path names a band:
``cutout.fits[g]``.
"""

import re
from typing import NamedTuple

from redpix.core.exceptions import InputError
from redpix.io.fits_structure import FileHdu, flat_shape
from redpix.io.header_values import filled

#: cards of the third axis of a cube
_THIRD_AXIS = re.compile(r"(CTYPE|CRPIX|CRVAL|CDELT|CUNIT|CROTA|NAXIS)3|(CD|PC)(3_\d|\d_3)")


class BandPlane(NamedTuple):
    """A plane of a cube.

    Attributes
    ----------
    hdu : redpix.io.fits_structure.FileHdu
    number : int
        0-based number of the plane.
    name : str
        Name of the band as in the header.
    count : int
        Number of planes.
    """

    hdu: FileHdu
    number: int
    name: str
    count: int

    def taken(self, pixels, shape, header):
        """Return the pixels and the shape of the plane, and a remark; its header is changed.

        Parameters
        ----------
        pixels : ndarray or None
            Pixels of the cube.
        shape : tuple of int
            Their shape.
        header : astropy.io.fits.Header
            Header of the cube.

        Returns
        -------
        pixels : ndarray, shape (ny, nx), or None
        shape : (int, int)
        remark : str
        """
        name_plane(header, self.name)
        remark = f"plane {self.number + 1} of {self.count} is read, the band {self.name}"
        return None if pixels is None else pixels[self.number], shape[1:], remark


def name_plane(header, name):
    """Change the header of a cube to that of one of its planes, in place.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Header of the cube.
    name : str
        Band or colour of the plane, for the card FILTER.
    """
    for card in [card for card in header if _THIRD_AXIS.fullmatch(card)]:
        del header[card]
    header["FILTER"] = name


def bands_of_cube(hdu):
    """Return the names of the bands of a cube.

    Parameters
    ----------
    hdu : redpix.io.fits_structure.FileHdu
        HDU of a file.

    Returns
    -------
    list of str
        Empty if it is not a cube, or if its header does not name each plane.
    """
    shape = flat_shape(hdu.shape)
    if not hdu.is_image or len(shape) != 3 or shape[0] > 99:
        return []
    names = [hdu.header.get(f"BAND{number}") for number in range(shape[0])]
    if not all(filled(name) for name in names):
        text = str(hdu.header.get("BANDS", "")).strip()
        names = re.split(r"[\s,]+", text) if re.search(r"[\s,]", text) else list(text)
    return [str(name).strip() for name in names] if len(names) == shape[0] else []


def band_plane(choice, hdus):
    """Return the plane that a path names.

    Parameters
    ----------
    choice : int, (str, int or None) or None
        HDU of `redpix.io.image_path.split_path`. An HDU of the name goes before a band.
    hdus : list of redpix.io.fits_structure.FileHdu
        HDUs of the file.

    Returns
    -------
    BandPlane or None
        None if the path does not name a band, or the file has no cube of bands.

    Raises
    ------
    InputError
        If the file has such a cube and the name is neither a band nor an HDU.
    """
    if not isinstance(choice, tuple) or any(hdu.name == choice[0] for hdu in hdus):
        return None
    hdu = next((hdu for hdu in hdus if bands_of_cube(hdu)), None)
    if hdu is None or choice[1] is not None:
        return None
    names = bands_of_cube(hdu)
    capitals = [name.upper() for name in names]
    if capitals.count(choice[0]) != 1:
        raise InputError(f"band {choice[0]}: the planes of the cube are {', '.join(names)}")
    number = capitals.index(choice[0])
    return BandPlane(hdu, number, names[number], len(names))
