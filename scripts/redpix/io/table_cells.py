"""Cells of the rows of a table of text, as columns of text."""

import numpy as np
import pyarrow as pa
import pyarrow.csv

from redpix.core.exceptions import InputError
from redpix.io.table_repairs import fitted
from redpix.io.table_values import trimmed

#: longest line in bytes
MOST_LINE = 2**20


def read_cells(body, header, numbers, quotes, missing, name, words):
    """Return the cells of rows as columns of text.

    Parameters
    ----------
    body : bytes
        Text of the rows.
    header : redpix.io.table_header.Header
        Header of the table.
    numbers : ndarray of int
        1-based line of each row.
    quotes : bool
        Whether quotation marks enclose cells.
    missing : sequence of str
        Cells of a missing value.
    name : str
        Name of the table in messages.
    words : list of str
        How the file was understood; what was done to rows is added.

    Returns
    -------
    columns : dict of pyarrow.ChunkedArray
        By the 0-based place of the column, as text.
    names : list of str
        Names of the columns.
    numbers : ndarray of int
        1-based line of each row that has a cell per column.
    ragged : list of (int, str)
        Line of each other row, and the reason.
    """
    names = [str(place) for place in range(len(header.names))]
    if not body:
        empty = pa.chunked_array([pa.array([], pa.string())])
        return dict.fromkeys(names, empty), header.names, numbers, []
    delimiter = "\t" if header.delimiter == " " else header.delimiter
    options = {
        "delimiter": delimiter,
        "quote_char": '"' if quotes else False,
        "ignore_empty_lines": False,
    }
    try:
        table, wrong = _read(body, names, options, missing, threads=True), []
    except pa.ArrowInvalid as error:
        _check_ragged(error, name)
        body, header, numbers = _fitted(body, header, numbers, delimiter, words)
        names = [str(place) for place in range(len(header.names))]
        table, wrong = _regular(body, names, options, missing, name)
    kept = np.ones(len(numbers), bool)
    kept[[row - 1 for row, _ in wrong]] = False
    why = "{} cells; allowed: {}, as in the header"
    ragged = [(int(numbers[row - 1]), why.format(count, len(names))) for row, count in wrong]
    if len(table) != kept.sum():
        raise InputError(f"{name}: {kept.sum()} lines hold {len(table)} rows; allowed: one a line")
    columns = dict(zip(names, table.columns, strict=True))
    return columns, header.names, numbers[kept], ragged


def _fitted(body, header, numbers, delimiter, words):
    """Return rows that fit the header where they can, with the header and the lines of rows."""
    fitting, names, remarks, said = fitted(body, delimiter, header.names)
    if not said:
        return body, header, numbers
    words += said
    rows = np.delete(np.array(fitting.split(b"\n")[:-1], dtype=object), remarks)
    return b"\n".join([*rows, b""]), header._replace(names=names), np.delete(numbers, remarks)


def _regular(body, names, options, missing, name):
    """Return Arrow's table of the rows of usual length, and (1-based row, cells) of the others."""
    wrong = []

    def left_out(row):
        wrong.append((row.number, row.actual_columns))
        return "skip"

    try:  # on one thread: rows have numbers only then
        options = options | {"invalid_row_handler": left_out}
        return _read(body, names, options, missing, threads=False), wrong
    except pa.ArrowInvalid as error:
        _check_ragged(error, name)
        raise


def _check_ragged(error, name):
    """Raise InputError for an error of Arrow that is not about the number of cells."""
    if "Expected" not in str(error):
        raise InputError(f"{name}: cannot be read: {str(error).splitlines()[0]}") from None


def _read(body, names, options, missing, threads):
    """Return Arrow's table of text cells."""
    longest = MOST_LINE if len(body) > MOST_LINE else len(body)
    table = pyarrow.csv.read_csv(
        pa.BufferReader(body),
        read_options=pyarrow.csv.ReadOptions(
            column_names=names, use_threads=threads, block_size=2 * longest + 64
        ),
        parse_options=pyarrow.csv.ParseOptions(**options),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=list(missing),
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )
    if b" " not in body and (options["delimiter"] == "\t" or b"\t" not in body):
        return table
    return pa.table([trimmed(column, missing) for column in table.columns], names=names)
