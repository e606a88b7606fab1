"""Read a user's table of any format."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from redpix.core.exceptions import InputError
from redpix.io.table import Table
from redpix.io.table_bytes import decoded, format_of, load
from redpix.io.table_ids import rounded
from redpix.io.table_text import parse
from redpix.io.table_values import EXACT, MISSING, shortened


class TextOptions(NamedTuple):
    """Options of a table of text.

    Attributes
    ----------
    delimiter : str, optional
        Tab, ``,``, ``;``, ``|`` or a blank. By default it is found from the lines. If it is given,
        the header is the first line that is not a comment.
    quotes : bool
        Whether quotation marks enclose cells; else they belong to the cell.
    fill : bool
        Whether cells at the end of a row may be missing.
    missing : sequence of str
        Cells of a missing value.
    keep_ragged : bool
        Whether rows that cannot be read are listed in `Table.ragged`; else they are refused.
    """

    delimiter: str | None = None
    quotes: bool = True
    fill: bool = False
    missing: tuple = MISSING
    keep_ragged: bool = False


def read_table(source, name=None, *, columns=None, required=(), ids=(), allow_empty=False, **text):
    """Read a table of any format that astronomers use.

    The format is found from the content, not from the file's name: CSV, TSV, tables separated
    by semicolons or blanks, with a header in the first line or in a comment, ECSV, IPAC, FITS,
    VOTable, HDF5 and Parquet, each plain or compressed (gzip, bzip2, xz).

    Parameters
    ----------
    source : str, path or bytes
        Path of the file, or its content.
    name : str, optional
        Name of the table in messages; the path by default.
    columns : sequence of str, optional
        Columns to keep; all by default. The others are not converted.
    required : sequence of str
        Columns that the table must have, upper or lower case.
    ids : sequence of str
        Columns of ids, upper or lower case, which are checked if the table has them.
    allow_empty : bool
        Whether a table may have a header and no rows.
    **text : dict
        How to read a table of text: fields of `TextOptions`.

    Returns
    -------
    Table

    Raises
    ------
    InputError
        If the file cannot be read, or is not a table. The message is one line, which names file,
        line and column where they are known.
    """
    if name is None:
        name = "table" if isinstance(source, bytes) else str(source)
    options = TextOptions(**text)
    try:
        wanted = [*required, *ids, *list(columns or [])]
        table = _read(source, name, options, wanted, may_be_one=bool(required))
    except MemoryError:
        raise InputError(f"{name}: does not fit into memory") from None
    _check(table, required, ids, options.keep_ragged, allow_empty)
    return table if columns is None else table.select(columns)


def _read(source, name, options, wanted, may_be_one):
    """Return the whole table of a file, whose header is likely to have the wanted names."""
    content = load(source, name)
    kind = format_of(content.data)
    if kind:
        return _binary(content, kind, name)
    table = _text(content, name, options, wanted)
    if len(table.names) == 1 and not may_be_one and options.delimiter is None:
        raise InputError(
            f"{name}: the header {shortened(table.names[0], 40)!r} has one cell; allowed: "
            "cells separated by commas, semicolons, tabs or blanks"
        )
    return table


def _binary(content, kind, name):
    """Return a table that is not plain text."""
    from redpix.io.table_formats import read_format  # only here: astropy takes long to import

    stored = read_format(kind, content.data, name)
    count = len(next(iter(stored.columns.values())))
    words = [kind, *filter(None, [content.packing]), *stored.words]
    return Table(name, stored.columns, stored.units, np.arange(1, count + 1), "row", [], words)


def _text(content, name, options, wanted):
    """Return a table that is text."""
    data, encoding = decoded(content.data, name)
    parsed = parse(
        data,
        name,
        delimiter=options.delimiter,
        quotes=options.quotes,
        fill=options.fill,
        missing=options.missing,
        wanted=wanted,
    )
    words = ["text", *filter(None, [content.packing]), encoding, *parsed.words]
    return Table(name, parsed.columns, parsed.units, parsed.lines, "line", parsed.ragged, words)


def _check(table, required, ids, keep_ragged, allow_empty):
    """Raise InputError if a table does not have what its reader requires."""
    strange = [name for name in table.names if not name.isprintable()]
    if strange:
        raise InputError(f"{table.name}: column {strange[0]!r}: a name that cannot be printed")
    table.require(*required)
    if table.ragged and not keep_ragged:
        line, why = table.ragged[0]
        raise InputError(f"{table.name}: line {line}: {why}")
    if not len(table) and not allow_empty:
        raise InputError(f"{table.name}: no row; allowed: one or more")
    for name in ids:
        column = table.find(name)
        if column is None:
            continue
        spacing = _rounded(table.ids(column))
        if spacing:
            table.note(
                f"{column}: each is a multiple of {spacing}, as if its last digits had been lost"
            )


def _rounded(ids):
    """Return the spacing of float64 if two or more large ids all look rounded, else 0."""
    if ids.dtype.kind not in "iu":
        return 0
    large = ids[ids > EXACT]
    return rounded(pa.chunked_array([large])) if len(large) > 1 else 0
