"""Read a user's catalogue of stars of known magnitude."""

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.wcs_inversion import invertible_pixels
from redpix.io.tables import read_table


def read_star_catalogue(path, band, wcs):
    """Return pixel positions and magnitudes of the stars of a catalogue.

    Parameters
    ----------
    path : str
        Table in any format of `redpix.io.tables.read_table`, with the columns ``x`` and ``y``
        (0-based pixel coordinates), or ``ra`` and ``dec`` (degrees), upper or lower case.
    band : str
        Column of magnitudes.
    wcs : astropy.wcs.WCS or None
        WCS of the image, for ``ra`` and ``dec``.

    Returns
    -------
    x, y, magnitude : ndarray of float64, shape (n,)
        NaN if missing. Positions are also NaN where the distortion of the WCS has no inverse.

    Raises
    ------
    InputError
        If the table cannot be read, a column is missing, or a cell is not a number.
    """
    table = read_table(path)
    log.info("%s", table.understood)
    columns = ", ".join(table.names)
    if table.find("x") and table.find("y"):
        x, y = table.numbers("x"), table.numbers("y")
    elif table.find("ra") and table.find("dec") and wcs:
        x, y = invertible_pixels(wcs, table.numbers("ra"), table.numbers("dec"))
    else:
        raise InputError(
            f"{path}: has the columns {columns}; allowed: x and y (0-based), or ra and dec for an "
            "image with a WCS"
        )
    if band not in table:
        raise InputError(f"{path}: no column {band}; allowed: one of {columns}")
    return x, y, table.numbers(band)
