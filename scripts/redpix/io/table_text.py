"""Tables of text, such as CSV, with the line of each row."""

import re
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from redpix.core.exceptions import InputError
from redpix.io.decimal_marks import with_points
from redpix.io.table_cells import MOST_LINE, read_cells
from redpix.io.table_header import DELIMITERS, Line, check_is_table, find_header
from redpix.io.table_repairs import with_hashes, without_headers
from redpix.io.table_values import MISSING

#: longest cell in characters
MOST_CELL = 2**16

#: most lines of a file; each takes 24 bytes of memory beside its text
MOST_LINES = 2**26

#: lines that delimiter and header are found from
_FIRST_LINES = 50


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
    data = with_hashes(data)
    lines = _find_lines(data, name)
    if len(lines.used):
        start = lines.starts[lines.used[0]]
        check_is_table(data[start : start + 4000].decode(errors="replace"), name)
    above, first = lines.beginning(data)
    header = find_header(above, first, name, quotes=quotes, delimiter=delimiter, wanted=wanted)
    rows, repeated = without_headers(data, lines, lines.used[header.skip :], header, name)
    ragged = []
    quoted = quotes and data.find(b'"') >= 0
    if quoted:
        rows, ragged = _without_open_quotes(data, lines, rows)
    body = _body(data, lines, rows, header.delimiter)
    if fill:
        body = _filled(body, header.delimiter, len(header.names))
    words = [DELIMITERS[header.delimiter], header.words]
    if repeated:
        words.append(f"{repeated} lines that repeat the header left out")
    columns, names, kept, wrong = read_cells(body, header, rows + 1, quotes, missing, name, words)
    ragged = sorted([*ragged, *wrong])
    columns = _without_empty_names(columns, names, name, words)
    columns = with_points(body, columns, header.delimiter, words)
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
        text = data[starts[index] : ends[index]].lstrip()
        empty[index], comment[index] = not text, text.startswith(b"#")
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
