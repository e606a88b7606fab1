"""Rows of the listings that a user writes: tables of text, each row checked by a JSON schema."""

import math
from typing import NamedTuple

from jsonschema import Draft202012Validator

from redpix.core.exceptions import InputError
from redpix.io.tables import read_table


class Row(NamedTuple):
    """A row of a table.

    Attributes
    ----------
    where : str
        Place of the row in messages: file and line.
    cells : dict of str
        Cells by column; an empty cell is an empty text.
    """

    where: str
    cells: dict


def read_rows(source, columns, optional=(), fill=False, name=None):
    """Return the rows of a listing, and a message per line that is not a row.

    A listing in text has tabs between its cells; a quotation mark is a character of its cell. If
    its header has no tab, commas, semicolons or blanks are taken that give the columns. Names of
    columns are taken in upper or lower case. Empty lines and lines that begin with # are left out.
    Other formats are those of `redpix.io.tables.read_table`.

    Parameters
    ----------
    source : str, path or bytes
        Path of the table, or its content.
    columns : sequence of str
        Columns that the table must have, in any order.
    optional : sequence of str
        Columns that the table may have.
    fill : bool
        Whether cells at the end of a row may be missing.
    name : str, optional
        Name of the table in messages; the path by default.

    Returns
    -------
    rows : list of Row
    problems : list of str
        A message per line that is not a row.

    Raises
    ------
    InputError
        If the file cannot be read, or has other columns.
    """
    table = _tabbed(source, name, fill)
    if len(table.names) == 1 and {*columns} != {*_plain_names(table)}:
        table = _separated(source, name, columns) or table
    names = _plain_names(table)
    if not set(columns) <= set(names) <= {*columns, *optional}:
        more = f" and, if wanted, {', '.join(optional)}" if optional else ""
        raise InputError(
            f"{table.name}: columns {', '.join(table.names)}; allowed: {', '.join(columns)}{more}, "
            "separated by tabs"
        )
    texts = {column: table.text(original) for column, original in names.items()}
    rows = [
        Row(table.where(row), {column: text[row] for column, text in texts.items()})
        for row in range(len(table))
    ]
    return rows, [f"{table.name}: line {line}: {why}" for line, why in table.ragged]


def _tabbed(source, name, fill):
    """Return a listing whose cells are separated by tabs."""
    return read_table(
        source,
        name,
        delimiter="\t",
        quotes=False,
        fill=fill,
        missing=("",),
        keep_ragged=True,
        allow_empty=True,
    )


def _separated(source, name, columns):
    """Return a listing with other separators between its cells; None if it lacks a column."""
    try:
        table = read_table(source, name, missing=("",), keep_ragged=True, allow_empty=True)
    except InputError:
        return None
    return table if {*columns} <= {*_plain_names(table)} else None


def _plain_names(table):
    """Return the columns of a table by their names in lower case; the own ones if two agree."""
    names = {name.strip().lower(): name for name in table.names}
    return names if len(names) == len(table.names) else {name: name for name in table.names}


def read_checked_rows(source, schema, columns, name=None, optional=()):
    """Return the rows of a listing whose cells a schema allows.

    Cells of columns that the schema declares as numbers become numbers. Empty cells of optional
    columns are left out.

    Parameters
    ----------
    source : str, path or bytes
        Path of the table, or its content.
    schema : Mapping
        JSON schema of a row. Messages quote the keyword `allowed` of each property.
    columns : sequence of str
        Columns that the table must have, in any order.
    name : str, optional
        Name of the table in messages; the path by default.
    optional : sequence of str
        Columns that the table may have.

    Returns
    -------
    list of Row

    Raises
    ------
    InputError
        One line per fault: file, line, column, value, what is allowed.
    """
    rows, problems = read_rows(source, columns, optional, name=name)
    if problems and rows and len(rows[0].cells) > len(columns):
        rows, problems = read_rows(source, columns, optional, fill=True, name=name)
    types = {column: schema["properties"][column]["type"] for column in (*columns, *optional)}
    rows = [
        Row(
            row.where,
            {
                column: as_number(cell) if types[column] == "number" else cell
                for column, cell in row.cells.items()
                if cell or column not in optional
            },
        )
        for row in rows
    ]
    validator = Draft202012Validator(schema)
    problems += [
        f"{row.where}: {fault_of(error)}"
        for row in rows
        for error in validator.iter_errors(row.cells)
    ]
    if problems:
        raise InputError("\n".join(problems))
    return rows


def typed_cells(cells, numbers):
    """Return the cells of a row that are not empty, numbers as such.

    Parameters
    ----------
    cells : dict of str
        Cells by column.
    numbers : sequence of str
        Columns that hold numbers.

    Returns
    -------
    dict of str to (str or float)
    """
    return {
        column: as_number(cell) if column in numbers else cell
        for column, cell in cells.items()
        if cell
    }


def as_number(text):
    """Return a cell as a number.

    Parameters
    ----------
    text : str
        Cell of a table.

    Returns
    -------
    float or str
        The text if it is not a finite number; a schema refuses it.
    """
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def fault_of(error):
    """Return a schema's error as ``column: value; allowed: ...``.

    Parameters
    ----------
    error : jsonschema.ValidationError
        Error of one cell of a row, or of a row without a cell that it needs.

    Returns
    -------
    str
    """
    if error.validator == "required":
        absent = next(name for name in error.validator_value if name not in error.instance)
        return f"{absent} is empty; allowed: {error.schema['properties'][absent]['allowed']}"
    column = ".".join(map(str, error.path))
    return f"{column}: {error.instance!r}; allowed: {error.schema['allowed']}"
