"""One row of a user's table of multi-band images."""

from typing import NamedTuple

#: columns that hold paths of files
FILES = ("image", "error", "variance", "weight", "mask", "psf")


class GivenFrame(NamedTuple):
    """One row; None if a cell is empty or its column is absent.

    Attributes
    ----------
    field, band : str
        Names.
    image, error, variance, weight, mask, psf : str or None
        Paths of files, which may name an HDU.
    zero_point : float or None
        AB magnitude of one unit of the image.
    gain : float or None
        Electrons per unit of the image.
    read_noise : float or None
        Electrons.
    wavelength : float or None
        Effective wavelength of the band, Angstrom.
    """

    field: str
    band: str
    image: str
    error: str | None = None
    variance: str | None = None
    weight: str | None = None
    mask: str | None = None
    psf: str | None = None
    zero_point: float | None = None
    gain: float | None = None
    read_noise: float | None = None
    wavelength: float | None = None

    def files(self):
        """Return the paths of the row, each with the HDU that the user named."""
        return [path for column in FILES if (path := getattr(self, column)) is not None]
