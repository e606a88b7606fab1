"""Units in brackets behind the names of columns, or in a line below them."""

import re

from redpix.io.table_values import MISSING

#: cells of a line of units, in lower case
_UNITS = frozenset(
    ("mag", "abmag", "mag(ab)", "mags", "vegamag", "deg", "degree", "degrees", "arcsec", "rad")
    + ("pix", "pixel", "pixels", "jy", "mjy", "ujy", "njy", "microjansky", "nanojansky")
    + ("nanomaggy", "nanomaggies", "nmgy", "1/nmgy2", "1/nmgy^2", "km/s", "dimensionless")
)

_UNIT = re.compile(r"(.*\S)\s*[\[(]\s*([^\[\]()]+(?:\([^()]*\))?[^\[\]()]*)\s*[\])]")


def with_units(names):
    """Return names without the units in brackets behind them, and these units.

    Parameters
    ----------
    names : sequence of str
        Cells of a header.

    Returns
    -------
    names : list of str
    units : dict of str
        Unit by name.
    """
    matches = [_UNIT.fullmatch(name) for name in names]
    renamed = [
        match[1] if match and _is_unit(match[2]) else name
        for name, match in zip(names, matches, strict=True)
    ]
    if len(set(renamed)) < len(set(names)):
        return list(names), {}
    found = {
        new: match[2]
        for name, new, match in zip(names, renamed, matches, strict=True)
        if new != name
    }
    return renamed, found


def are_units(cells):
    """Return whether all cells of a line are units, dashes or missing, and one is a unit.

    Parameters
    ----------
    cells : sequence of str
        Cells of the line below a header.

    Returns
    -------
    bool
    """
    units = [cell.lower() in _UNITS for cell in cells]
    none = [cell in MISSING or not cell.strip("-") for cell in cells]
    return any(units) and all(one or other for one, other in zip(units, none, strict=True))


def _is_unit(text):
    """Return whether text is a unit that astropy knows."""
    if not re.search("[A-Za-z]", text):
        return False
    from astropy import units  # only here: it takes long to import

    try:
        units.Unit(text)
    except (ValueError, TypeError):
        return False
    return True
