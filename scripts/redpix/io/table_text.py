"""Tables of text, such as CSV, with the line of each row."""

import re
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from redpix.core.exceptions import InputError
from redpix.io.table_header import DELIMITERS, Line, check_is_table, find_header
from redpix.io.table_values import MISSING, trimmed

#: longest line in bytes, longest cell in characters
MOST_LINE, MOST_CELL = 2**20, 2**16

#: most lines of a file; each takes 24 bytes of memory beside its text
MOST_LINES = 2**26

#: lines that delimiter and header are found from
_FIRST_LINES = 50

_DECIMAL_COMMA = r"^[+-]?([0-9]*,[0-9]+|[0-9]+,?)([eE][+-]?[0-9]+)?$"


class Parsed(NamedTuple):
    """Columns of a file.

    Attributes
    ----------
    columns : dict of pyarrow.ChunkedArray
    units : dict of str
    lines : ndarray of int64, shape (n,)
        1-based line of each row.
    ragged : list of (int, str)
        Line of each row that cannot be read, and the reason.
    words : list of str
        How the file was understood.
    """

    columns: dict
    units: dict
    lines: np.ndarray
    ragged: list
    words: list


class _Lines(NamedTuple):
    """Where lines begin and end, in bytes, and which hold a row or the header."""

    starts: np.ndarray
    ends: np.ndarray
    used: np.ndarray  #: indices of lines that are neither comments nor empty
    comments: np.ndarray

    def line(self, data, index):
        text = data[self.starts[index] : self.ends[index]].decode(errors="replace")
        return Line(int(index) + 1, text)

    def beginning(self, data):
        """Return the comments above the first other line, and the first lines of that kind."""
        first = self.used[0] if len(self.used) else np.inf
        above = self.comments[self.comments < first][:1000]
        return tuple(
            [self.line(data, index) for index in part] for part in (above, self.used[:_FIRST_LINES])
        )


def parse(data, name, delimiter=None, quotes=True, fill=False, missing=MISSING, wanted=()):
    """Return the columns of a table that is text, all cells as text.

    Empty lines and lines that begin with # are left out. A row is one line: a quotation mark
    that is not closed on its line makes the line ragged.

    Parameters
    ----------
    data : bytes
        UTF-8 with the line ending LF, as from `redpix.io.table_bytes.decoded`.
    name : str
        Name of the table in messages.
    delimiter : str, optional
        A key of `DELIMITERS`; by default found from the first lines.
    quotes : bool
        Whether quotation marks enclose cells; else they are characters of a cell.
    fill : bool
        Whether a row may have fewer cells than the header: the others are empty.
    missing : sequence of str
        Cells of a missing value.
    wanted : sequence of str
        Names that the header is likely to have.

    Returns
    -------
    Parsed

    Raises
    ------
    InputError
        If the header is missing or cannot be used, or if a line or cell is too long.
    """
    check_is_table(data[:4000].decode(errors="replace"), name)
    lines = _find_lines(data, name)
    if len(lines.used):
        start = lines.starts[lines.used[0]]
        check_is_table(data[start : start + 4000].decode(errors="replace"), name)
    above, first = lines.beginning(data)
    header = find_header(above, first, name, quotes=quotes, delimiter=delimiter, wanted=wanted)
    rows, ragged = lines.used[header.skip :], []
    quoted = quotes and data.find(b'"') >= 0
    if quoted:
        rows, ragged = _without_open_quotes(data, lines, rows)
    body = _body(data, lines, rows, header.delimiter)
    if fill:
        body = _filled(body, header.delimiter, len(header.names))
    columns, kept, wrong = _cells(body, header, rows + 1, quotes, missing, name)
    ragged = sorted([*ragged, *wrong])
    words = [DELIMITERS[header.delimiter], header.words]
    columns = _without_empty_names(columns, header.names, name, words)
    if header.delimiter != ",":
        columns = _with_points(body, columns, words)
    if len(lines.used) and (lines.ends - lines.starts).max() > MOST_CELL:
        _check_lengths(columns, kept, name)
    return Parsed(columns, header.units, kept, ragged, words)


def _find_lines(data, name):
    """Return where lines begin and end; raise InputError if one is too long."""
    count = data.count(b"\n")
    if count > MOST_LINES:
        raise InputError(f"{name}: {count} lines; allowed: at most {MOST_LINES}")
    characters = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(characters == ord("\n"))
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
    length = ends - starts
    if len(length) and length.max() > MOST_LINE:
        line = int(np.argmax(length > MOST_LINE)) + 1
        raise InputError(
            f"{name}: line {line}: {length[line - 1]} bytes; allowed: at most {MOST_LINE} a line"
        )
    first = np.zeros(len(starts), np.uint8)
    first[length > 0] = characters[starts[length > 0]]
    comment, empty = first == ord("#"), length == 0
    for index in np.flatnonzero((first == ord(" ")) | (first == ord("\t"))):
        empty[index] = not data[starts[index] : ends[index]].strip()
    return _Lines(starts, ends, np.flatnonzero(~comment & ~empty), np.flatnonzero(comment))


def _without_open_quotes(data, lines, rows):
    """Return the rows whose quotation marks are closed, and the line of each other row."""
    places = np.flatnonzero(np.frombuffer(data, np.uint8) == ord('"'))
    marks = np.bincount(
        np.searchsorted(lines.starts, places, side="right") - 1, minlength=len(lines.starts)
    )
    odd = marks[rows] % 2 == 1
    why = "a quotation mark is not closed on its line"
    return rows[~odd], [(int(index) + 1, why) for index in rows[odd]]


def _body(data, lines, rows, delimiter):
    """Return the text of rows; blanks between cells become one tab."""
    if not len(rows):
        return b""
    # runs of rows between which nothing is left out
    cuts = np.flatnonzero(np.diff(rows) > 1) + 1
    parts = [
        data[lines.starts[run[0]] : lines.ends[run[-1]]] for run in np.split(rows, cuts) if len(run)
    ]
    body = b"\n".join([*parts, b""])
    if delimiter != " ":
        return body
    if b'"' in body:
        body = re.sub(rb'("[^"\n]*")|[ \t]+', lambda match: match[1] or b"\t", body)
    else:
        body = re.sub(rb"[ \t]+", b"\t", body)
    return body.replace(b"\t\n", b"\n").replace(b"\n\t", b"\n").removeprefix(b"\t")


def _filled(body, delimiter, count):
    """Return rows with empty cells at their end, up to the number of columns."""
    mark = delimiter.encode()
    rows = body.splitlines()
    return b"".join(row + mark * (count - 1 - row.count(mark)) + b"\n" for row in rows)


def _cells(body, header, numbers, quotes, missing, name):
    """Return columns of text, the line of each row, and lines with another number of cells."""
    names = [str(place) for place in range(len(header.names))]
    if not body:
        empty = pa.chunked_array([pa.array([], pa.string())])
        return dict.fromkeys(names, empty), numbers, []
    wrong = []

    def left_out(row):
        wrong.append((row.number, row.actual_columns))
        return "skip"

    options = {
        "delimiter": "\t" if header.delimiter == " " else header.delimiter,
        "quote_char": '"' if quotes else False,
        "ignore_empty_lines": False,
    }
    try:
        table = _read(body, names, options, missing, threads=True)
    except pa.ArrowInvalid as error:
        if "Expected" not in str(error):
            raise InputError(f"{name}: cannot be read: {str(error).splitlines()[0]}") from None
        # again, on one thread: rows have numbers only then
        options["invalid_row_handler"] = left_out
        table = _read(body, names, options, missing, threads=False)
    kept = np.ones(len(numbers), bool)
    kept[[row - 1 for row, _ in wrong]] = False
    why = "{} cells; allowed: {}, as in the header"
    ragged = [(int(numbers[row - 1]), why.format(count, len(names))) for row, count in wrong]
    if len(table) != kept.sum():
        raise InputError(f"{name}: {kept.sum()} lines hold {len(table)} rows; allowed: one a line")
    return dict(zip(names, table.columns, strict=True)), numbers[kept], ragged


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


def _without_empty_names(columns, names, name, words):
    """Return columns by name; one without a name is left out if it is an index or empty."""
    kept = {}
    for place, (column, given) in enumerate(zip(columns.values(), names, strict=True)):
        if given:
            kept[given] = column
        elif column.null_count == len(column):
            words.append(f"column {place + 1} without a name and empty, left out")
        elif place == 0 and _is_index(column):
            words.append("column 1 without a name, an index of the rows, left out")
        else:
            raise InputError(f"{name}: column {place + 1} of the header has no name")
    return kept


def _is_index(column):
    """Return whether a column counts rows: rising whole numbers of at most nine digits."""
    if column.null_count or not pc.all(pc.match_substring_regex(column, "^[0-9]{1,9}$")).as_py():
        return False
    return bool((np.diff(pc.cast(column, pa.int64()).to_numpy()) > 0).all())


def _with_points(body, columns, words):
    """Return columns whose decimal commas are points, if all numbers of the table have commas."""
    if b"," not in body or re.search(rb"(?:^|[;|\t ])\"?[+-]?[0-9]*\.[0-9]", body, re.M):
        return columns
    changed = {}
    for name, column in columns.items():
        given = pc.drop_null(column)
        commas = pc.any(pc.match_substring(given, ",")).as_py()
        if commas and pc.all(pc.match_substring_regex(given, _DECIMAL_COMMA)).as_py():
            changed[name] = pc.replace_substring(column, ",", ".")
    if changed:
        words.append("decimal commas")
    return columns | changed


def _check_lengths(columns, numbers, name):
    """Raise InputError if a cell is too long."""
    for column, cells in columns.items():
        length = pc.utf8_length(cells)
        if (pc.max(length).as_py() or 0) > MOST_CELL:
            row = int(np.argmax(pc.fill_null(pc.greater(length, MOST_CELL), False).to_numpy()))
            raise InputError(
                f"{name}: line {numbers[row]}: {column}: {length[row].as_py()} characters; "
                f"allowed: at most {MOST_CELL} a cell"
            )
