"""Names of the fields of SDSS: run-camcol-field."""

import re
from typing import NamedTuple

from redpix.core.exceptions import InputError

#: regular expression of the name of a field
FIELD_PATTERN = r"[1-9][0-9]{0,5}-[1-6]-[1-9][0-9]{0,3}"


class Field(NamedTuple):
    """A field of SDSS, whose text is ``run-camcol-field``, as in 3813-5-23.

    Attributes
    ----------
    run, camcol, field : int
        Numbers of the run, the camera column and the field.
    """

    run: int
    camcol: int
    field: int

    def __str__(self):
        return f"{self.run}-{self.camcol}-{self.field}"


def parse_field(name):
    """Return the field of a name.

    Parameters
    ----------
    name : str
        ``run-camcol-field``.

    Returns
    -------
    Field

    Raises
    ------
    InputError
        If the name has another form. It becomes a path, so it must be safe.
    """
    if not re.fullmatch(FIELD_PATTERN, name):
        raise InputError(
            f"field {name!r}: not of the form run-camcol-field (run 1-999999, camcol 1-6, "
            "field 1-9999), as in 3813-5-23"
        )
    return Field(*map(int, name.split("-")))
