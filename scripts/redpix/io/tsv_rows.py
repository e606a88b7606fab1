"""Rows of a tab-separated table that a user writes, held to a JSON schema."""

import csv

from jsonschema import Draft202012Validator

from redpix.core.exceptions import InputError


def tabbed(lines):
    """Number, from 1, and cells of each line of a table whose cells are separated by tabs.

    Empty lines and lines that begin with # are passed over.
    """
    numbered = [
        (number, line.rstrip("\r\n"))
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.startswith("#")
    ]
    # as text between tabs: a quotation mark is a character of a path
    rows = csv.reader((line for _, line in numbered), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [
        (number, [cell.strip() for cell in cells])
        for (number, _), cells in zip(numbered, rows, strict=True)
    ]


def read_rows(lines, name, schema, columns):
    """Rows of a table with a header line.

    Parameters
    ----------
    lines : iterable of str
        A header and rows, cells separated by tabs; empty lines and lines that begin with # are
        passed over.
    name : str
        What messages call the table.
    schema : Mapping
        JSON schema of a row; each property has a description, which says what is allowed.
    columns : sequence of str
        All of them, in any order.

    Returns
    -------
    list of (str, dict)
        Where a row stands, as messages say it, and its cells by column.

    Raises
    ------
    InputError
        A line for each thing wrong: line, column, value, what is allowed.
    """
    table = tabbed(lines)
    if not table:
        raise InputError(f"{name}: empty; allowed: a header {', '.join(columns)} and rows")
    header = table[0][1]
    if sorted(header) != sorted(columns):
        raise InputError(
            f"{name}: columns {', '.join(header)}; allowed: {', '.join(columns)}, separated by tabs"
        )
    rows, problems = [], []
    for number, cells in table[1:]:
        where = f"{name}: line {number}"
        if len(cells) != len(header):
            problems.append(f"{where}: {len(cells)} cells; allowed: {len(header)}, tabs between")
            continue
        row = dict(zip(header, cells, strict=True))
        problems += [
            f"{where}: {'.'.join(map(str, error.path))}: {error.instance!r}; allowed: "
            f"{error.schema['description']}"
            for error in Draft202012Validator(schema).iter_errors(row)
        ]
        rows.append((where, row))
    if problems:
        raise InputError("\n".join(problems))
    return rows
