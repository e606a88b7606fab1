"""The table of images that a user writes: what is calibrated and measured, and with what."""

import math
import re
from typing import NamedTuple

from jsonschema import Draft202012Validator

from redpix.core.exceptions import InputError
from redpix.core.field_name import FIELD_PATTERN
from redpix.io.image_path import image_file
from redpix.io.tsv_rows import tabbed

#: columns that hold numbers, and those that hold paths of files
NUMBERS = ("exposure", "gain", "read_noise", "saturation")
FILES = ("dark", "flat", "mask", "catalogue")

_FRAME = re.compile(rf"({FIELD_PATTERN})-([ugriz])")


class Image(NamedTuple):
    """One row; None where a cell is empty or its column absent."""

    image: str
    path: str
    dark: str | None = None
    flat: str | None = None
    mask: str | None = None
    field: str | None = None
    exposure: float | None = None
    gain: float | None = None
    read_noise: float | None = None
    saturation: float | None = None
    catalogue: str | None = None
    magnitude: str | None = None

    @property
    def frame(self):
        """Field and band where the path is a frame of the survey, else None."""
        found = _FRAME.fullmatch(self.path)
        return found.groups() if found else None

    def within(self, folder):
        """The same row with its paths inside a folder."""
        paths = {column: getattr(self, column) for column in ("path", *FILES)}
        return self._replace(**{c: path and f"{folder}/{path}" for c, path in paths.items()})


def read_images(lines, name, schema, bands, exists):
    """Rows of a table of images.

    Parameters
    ----------
    lines : iterable of str
        A header and rows, cells separated by tabs.
    name : str
        What messages call it.
    schema : Mapping
        JSON schema of a row.
    bands : sequence of str
        Of the run.
    exists : callable
        Whether there is a file of a given path.

    Returns
    -------
    list of Image

    Raises
    ------
    InputError
        A line for each thing wrong: line, column, value, what is allowed.
    """
    table = tabbed(lines)
    header = table[0][1] if table else []
    known = set(header) <= set(Image._fields) and len(set(header)) == len(header)
    if not known or not {"image", "path"} <= set(header):
        raise InputError(
            f"{name}: columns {', '.join(header) or 'none'}; allowed: image, path and, if wanted, "
            f"{', '.join(Image._fields[2:])}, separated by tabs"
        )
    if len(table) == 1:
        raise InputError(f"{name}: lists no image; allowed: one or more")
    validator, rows, problems = Draft202012Validator(schema), [], []
    for number, cells in table[1:]:
        where = f"{name}: line {number}"
        if len(cells) > len(header):
            problems.append(f"{where}: {len(cells)} cells; allowed: {len(header)}, tabs between")
            continue
        given = {
            column: _value(column, cell)
            for column, cell in zip(header, cells, strict=False)
            if cell
        }
        found = [_wrong(where, error) for error in validator.iter_errors(given)]
        if not found:
            rows.append(Image(**given))
            found = list(_contradictions(where, rows, bands, exists))
        problems += found
    if problems:
        raise InputError("\n".join(problems))
    return rows


def fields(images):
    """Images of each field; without a column field they are all of one, called ``all``."""
    named = {}
    for row in images:
        named.setdefault(row.field or "all", []).append(row)
    return named


def _value(column, text):
    if column not in NUMBERS:
        return text
    try:
        number = float(text)
    except ValueError:
        return text  # the schema refuses it, in its words
    return number if math.isfinite(number) else text


def _wrong(where, error):
    if error.validator == "required":
        absent = [name for name in error.validator_value if name not in error.instance]
        return f"{where}: {absent[0]} is empty; allowed: {_words(error, absent[0])}"
    column = ".".join(map(str, error.path))
    return f"{where}: {column}: {error.instance!r}; allowed: {error.schema['description']}"


def _words(error, column):
    return error.schema["properties"][column]["description"]


def _contradictions(where, rows, bands, exists):
    row = rows[-1]
    if any(row.image == other.image for other in rows[:-1]):
        yield f"{where}: image {row.image} is there twice; allowed: each name once"
    given = {column: getattr(row, column) for column in FILES}
    if row.frame is None:
        given["path"] = row.path
    else:
        if row.frame[1] not in bands:
            yield f"{where}: {row.path}: allowed: a band of this run's, {', '.join(bands)}"
        if row.dark or row.flat:
            yield f"{where}: {row.path} is a frame of the survey; allowed with it: no dark, no flat"
    for column, path in given.items():
        if path is not None and not exists(image_file(path)):
            yield f"{where}: {column}: {path}: there is no such file"
    if row.catalogue and not (row.magnitude or row.frame):
        yield f"{where}: catalogue without magnitude; allowed: its column of magnitudes"
