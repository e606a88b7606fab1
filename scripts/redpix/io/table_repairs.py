"""Lines of tables of text that are not rows, and cells that stand beyond the header."""

import re

import numpy as np

from redpix.core.exceptions import InputError
from redpix.io.table_header import cells_of
from redpix.io.table_values import shortened

#: what begins a comment besides #
_COMMENT = re.compile(rb"[ \t]*(?:#|%|//|!)")

#: the same at the beginning of a file, each line of which then counts
_FIRST_COMMENT = re.compile(rb"\s*(%+|!+|//+)")

#: what is done to rows with another number of cells than the header
_CUT = "empty cells beyond the header left out"
_ADDED = "cells of columns without a name added"


def with_hashes(data):
    """Return text whose comments begin with # if its first line begins with %, ! or //.

    Parameters
    ----------
    data : bytes
        Content of a file.

    Returns
    -------
    bytes
        As many lines as before.
    """
    found = _FIRST_COMMENT.match(data[:4096])
    if not found or b"\n" not in data:
        return data
    mark = re.escape(found[1][:2] if found[1].startswith(b"//") else found[1][:1])
    return re.sub(rb"(?m)^[ \t]*(?:%s)+" % mark, b"#", data)


def without_headers(data, lines, rows, header, name):
    """Return the rows without lines that repeat the header, as in files that were joined.

    Parameters
    ----------
    data : bytes
        Content of a file.
    lines : redpix.io.table_text._Lines
        Where lines begin and end.
    rows : ndarray of int
        0-based lines of the rows.
    header : redpix.io.table_header.Header
        Header of the table.
    name : str
        Name of the table in messages.

    Returns
    -------
    rows : ndarray of int
    count : int
        Number of lines that were left out.

    Raises
    ------
    InputError
        If a line names the columns in another order.
    """
    repeated = np.zeros(len(rows), bool)
    length = lines.ends[rows] - lines.starts[rows]
    for index in lines.used[: header.skip]:
        text = data[lines.starts[index] : lines.ends[index]]
        alike = np.flatnonzero(length == len(text))
        starts = lines.starts[rows[alike]]
        first = np.frombuffer(data, np.uint8)[starts]
        if index == lines.used[header.skip - 1] or header.skip == 1:
            _check_order(data, lines, rows[alike[_is_letter(first)]], header, name)
        for place in alike[first == text[0]]:
            row = rows[place]
            repeated[place] |= data[lines.starts[row] : lines.ends[row]] == text
    return rows[~repeated], int(repeated.sum())


def _is_letter(characters):
    """Return which bytes are letters of ASCII."""
    return ((characters | 32) >= ord("a")) & ((characters | 32) <= ord("z"))


def _check_order(data, lines, rows, header, name):
    """Raise InputError if a row has the names of the columns in another order."""
    for row in rows[:10_000]:
        text = data[lines.starts[row] : lines.ends[row]].decode(errors="replace")
        cells = cells_of(text, header.delimiter)
        if cells != header.names and sorted(cells) == sorted(header.names):
            raise InputError(
                f"{name}: line {row + 1}: names the columns again, in another order: "
                f"{shortened(', '.join(cells), 100)}; allowed: one header, so join the files by "
                "the names of their columns"
            )


def fitted(body, delimiter, names):
    """Return rows with as many cells as the header, where the others are empty or remarks.

    Empty cells beyond the header are cut off, unless the last column has empty cells in other
    rows, because then a delimiter may be one too many elsewhere. Cells of columns without a name
    at the end of the header are added.

    Parameters
    ----------
    body : bytes
        Rows of a table.
    delimiter : str
        Between the cells.
    names : list of str
        Names of the columns.

    Returns
    -------
    body : bytes
        As many lines as before.
    names : list of str
        With an empty name in front if every row has a cell more and these count the rows, as R
        writes tables.
    remarks : list of int
        0-based lines that are comments.
    words : list of str
        What was done.
    """
    mark, rows = delimiter.encode(), body.removesuffix(b"\n").split(b"\n")
    counts = [_cells_in(row, delimiter) for row in rows]
    remarks = [n for n, row in enumerate(rows) if counts[n] != len(names) and _COMMENT.match(row)]
    kept = np.delete(np.arange(len(rows)), remarks)
    may_cut = not any(
        counts[number] == len(names) and rows[number].endswith(mark) for number in kept
    )
    least = len(names) - next((k for k, name in enumerate(reversed(names)) if name), 0)
    changed = {_CUT: 0, _ADDED: 0}
    for number in kept:
        row, count = rows[number], counts[number]
        while may_cut and count > len(names) and row.endswith(mark):
            row, count = row[: -len(mark)], count - 1
        changed[_CUT] += count < counts[number]
        if least <= count < len(names):
            row, count = row + mark * (len(names) - count), len(names)
            changed[_ADDED] += 1
        rows[number], counts[number] = row, count
    words = [f"{what} in {count} rows" for what, count in changed.items() if count]
    if remarks:
        words.append(f"{len(remarks)} comments among the rows left out")
    more = all(counts[number] == len(names) + 1 for number in kept)
    if more and _are_numbered([rows[number] for number in kept], mark):
        names = ["", *names]
        words.append("header without a name for the first column")
    return b"\n".join([*rows, b""]), names, remarks, words


def _are_numbered(rows, mark):
    """Return whether the first cells of two or more rows are rising whole numbers."""
    first = [row.partition(mark)[0].strip(b'" ') for row in rows]
    if len(first) < 2 or not all(cell.isdigit() and len(cell) < 10 for cell in first):
        return False
    return bool((np.diff([int(cell) for cell in first]) > 0).all())


def _cells_in(row, delimiter):
    """Return the number of cells of a row."""
    if b'"' not in row:
        return row.count(delimiter.encode()) + 1
    return len(cells_of(row.decode(errors="replace"), delimiter))
