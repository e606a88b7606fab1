"""Units in brackets behind the names of columns."""

import re

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
