"""Names of the survey's fields: run-camcol-field."""

import re
from typing import NamedTuple

from redpix.core.exceptions import InputError

FIELD_PATTERN = r"[1-9][0-9]{0,5}-[1-6]-[1-9][0-9]{0,3}"


class Field(NamedTuple):
    """One field of the survey; its text form is ``run-camcol-field``, as in 3813-5-23."""

    run: int
    camcol: int
    field: int

    def __str__(self):
        return f"{self.run}-{self.camcol}-{self.field}"


def parse_field(name):
    """Field named ``run-camcol-field``.

    Raises
    ------
    InputError
        If the name is anything else: it is about to become a path.
    """
    if not re.fullmatch(FIELD_PATTERN, name):
        raise InputError(
            f"field {name!r}: not of the form run-camcol-field (run 1-999999, camcol 1-6, "
            "field 1-9999), as in 3813-5-23"
        )
    return Field(*map(int, name.split("-")))
