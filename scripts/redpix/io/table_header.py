"""Header of a table that is text: its delimiter, the names and units of its columns."""

import csv
import re
from collections import Counter
from typing import NamedTuple

from redpix.core.exceptions import InputError
from redpix.io.table_units import are_units, with_units
from redpix.io.table_values import MISSING, shortened

#: delimiters in order of preference, and their names; a blank stands for one or more
DELIMITERS = {
    "\t": "tab-separated",
    ";": "semicolon-separated",
    ",": "comma-separated",
    "|": "bar-separated",
    " ": "blank-separated",
}

#: largest number of columns
MOST_COLUMNS = 10_000

_NUMBER = re.compile(r"[+-]?([0-9]+[.,]?[0-9]*|[.,][0-9]+)([eEdD][+-]?[0-9]+)?")
_NAME = re.compile(r"[^\W\d][\w.+*/()\[\]:-]*")
_RULER = re.compile(r"[-=]+")
_SEPARATOR = re.compile(r'"?sep=([;,|\t])"?[;,|\t ]*')
_NUMBERED = re.compile(r"#\s*([0-9]+)\s+(\S+)(?:.*\[([^\]]+)\])?")
_SERVER = re.compile(r"(error|exception|fatal|warning)\s*[:!]|error_message|\[?\s*\{", re.I)


class Line(NamedTuple):
    """A line of a file.

    Attributes
    ----------
    number : int
        1-based.
    text : str
    """

    number: int
    text: str


class Header(NamedTuple):
    """Header of a table.

    Attributes
    ----------
    names : list of str
        Names of the columns.
    units : dict of str
        Unit by column, where the header gives one.
    delimiter : str
        A key of `DELIMITERS`.
    words : str
        Where the header stands.
    skip : int
        Number of lines that come before the first row; comments and empty lines do not count.
    """

    names: list
    units: dict
    delimiter: str
    words: str
    skip: int


def cells_of(text, delimiter, quotes=True):
    """Return the cells of a line of text.

    Parameters
    ----------
    text : str
        A line.
    delimiter : str
        A key of `DELIMITERS`.
    quotes : bool
        Whether a delimiter between quotation marks belongs to a cell.

    Returns
    -------
    list of str
    """
    if delimiter == " ":
        text = re.sub(r"\s+", " ", text.strip())
    if quotes and '"' in text:
        try:
            return [cell.strip() for cell in next(csv.reader([text], delimiter=delimiter))]
        except csv.Error:  # a cell longer than this module reads
            pass
    return [cell.strip() for cell in text.split(delimiter)]


def check_is_table(text, name):
    """Raise InputError if text is a web page or a server's message and not a table.

    Parameters
    ----------
    text : str
        Beginning of a file.
    name : str
        Name of the table in messages.
    """
    start = shortened(text[:2000].lstrip("\ufeff \t\n"))
    if start.startswith("<"):
        raise InputError(f"{name}: begins with {start!r}, which is a web page; allowed: a table")
    if _SERVER.match(start):
        raise InputError(
            f"{name}: begins with {start!r}, which is a server's message; allowed: a table"
        )


def find_delimiter(lines, quotes=True):
    """Return the delimiter that gives the most lines one number of cells.

    Parameters
    ----------
    lines : sequence of str
        First lines of a file, the header included, comments left out.
    quotes : bool
        Whether a delimiter between quotation marks belongs to a cell.

    Returns
    -------
    str
        A key of `DELIMITERS`; a comma if each line is one cell.
    """
    best, chosen = 0.0, ","
    for delimiter in DELIMITERS:
        counts = [len(cells_of(line, delimiter, quotes)) for line in lines]
        usual, times = Counter(counts[1:] or counts).most_common(1)[0]
        if usual == 1 or counts[0] == 1:
            continue
        # the header counts as much as all rows
        score = times / max(len(counts) - 1, 1) + (counts[0] == usual)
        if score > best:
            best, chosen = score, delimiter
    return chosen


def find_header(comments, lines, name, quotes=True, delimiter=None, wanted=()):
    """Return the header of a table.

    It is the first line that is not a comment. Where that line holds values, it is the first
    comment above it that names as many columns, or the numbered list of columns of SExtractor.

    Parameters
    ----------
    comments : sequence of Line
        Lines that begin with # above the first other line.
    lines : sequence of Line
        First lines that are neither comments nor empty.
    name : str
        Name of the table in messages.
    quotes : bool
        Whether a delimiter between quotation marks belongs to a cell.
    delimiter : str, optional
        A key of `DELIMITERS`; by default the one that suits the lines.
    wanted : sequence of str
        Names that the header is likely to have.

    Returns
    -------
    Header

    Raises
    ------
    InputError
        If the header is missing or cannot be used.
    """
    if not lines:
        return _bare_comment(comments, name, delimiter)
    said = _SEPARATOR.fullmatch(lines[0].text)
    if said and len(lines) > 1:
        header = find_header(comments, lines[1:], name, quotes, said[1], wanted)
        return header._replace(skip=header.skip + 1)
    found = delimiter or find_delimiter([line.text for line in lines], quotes)
    first = cells_of(lines[0].text, found, quotes)
    if delimiter is None:
        above = _header_above(comments, first, found, wanted)
        if above:
            return _checked(*above, found, 0, name)
    if delimiter is None and _are_values(first):
        counts = [len(cells_of(line.text.lstrip("#").strip(), found)) for line in comments[-1:]]
        above = f"the line above has {counts[0]} names" if counts else "no line above has names"
        raise InputError(
            f"{name}: line {lines[0].number}: {len(first)} values, {above}; allowed: a header "
            "line that names each column"
        )
    below = [cells_of(line.text, found, quotes) for line in lines[1:3]]
    skip, given = _units_below(first, below)
    where = f"header in line {lines[0].number}"
    return _checked(first, given, where, found, skip, name)


def _are_values(cells):
    """Return whether most cells, and the first, are numbers or missing: not names."""
    numbers = [cell in MISSING or _NUMBER.fullmatch(cell) is not None for cell in cells]
    return any(cells) and sum(numbers) > len(cells) / 2 and (numbers[0] and bool(cells[0]))


def _bare_comment(comments, name, delimiter):
    """Return the header of a table without rows, if its last comment names columns."""
    for line in reversed(comments) if delimiter is None else ():
        text = line.text.lstrip("# \t")
        found = find_delimiter([text])
        cells = cells_of(text, found)
        if len(cells) > 1 and all(map(_NAME.fullmatch, cells)):
            return _checked(
                cells, {}, f"header in the comment of line {line.number}", found, 0, name
            )
    raise InputError(f"{name}: empty; allowed: a header line and rows")


def _header_above(comments, first, delimiter, wanted):
    """Return names, units and place of a header that is a comment; None without such a comment.

    A comment can be a header only if the first line has numbers, or if it has wanted names.
    """
    numbered = _numbered(comments, len(first))
    if numbered:
        return numbered
    hints, fitting = {name.lower() for name in wanted}, []
    for line in comments:
        names = cells_of(line.text.lstrip("#").strip(), delimiter)
        fits = len(names) == len(first) == len(set(names)) and names != first
        if fits and all(map(_NAME.match, names)):
            fitting.append((line.number, names))
    named = any(hints & {name.lower() for name in names} for _, names in fitting)
    if not fitting or not (named or any(map(_NUMBER.fullmatch, first))):
        return None
    number, names = max(fitting, key=lambda one: len(hints & {n.lower() for n in one[1]}))
    where = f"header in the comment of line {number}"
    if len(fitting) > 1:
        where += f" (of {len(fitting)} that fit)"
    return names, {}, where


def _numbered(comments, count):
    """Return names and units of SExtractor's numbered comments."""
    found = [match for match in (_NUMBERED.match(line.text) for line in comments) if match]
    places = [int(match[1]) for match in found]
    if not places or places[0] != 1 or places != sorted(set(places)) or places[-1] > count:
        return None
    names, given = [], {}
    for match, after in zip(found, [*places[1:], count + 1], strict=True):
        width = after - int(match[1])
        made = [match[2]] if width == 1 else [f"{match[2]}_{k}" for k in range(1, width + 1)]
        names += made
        given |= dict.fromkeys(made, match[3]) if match[3] else {}
    return names, given, "header in numbered comments"


def _units_below(names, below):
    """Return how many lines the header takes, and units where a line of them follows.

    VizieR rules off the line of units. Without a rule, each cell must be a unit or missing, and
    the next line must have numbers.
    """
    ruled = [any(row) and all(_RULER.fullmatch(cell) for cell in row if cell) for row in below]
    if ruled[:1] == [True]:
        return 2, {}
    if ruled[1:] == [True]:
        pairs = zip(names, below[0], strict=False)
        return 3, {name: unit for name, unit in pairs if unit}
    if len(below) > 1 and are_units(below[0]) and any(map(_NUMBER.fullmatch, below[1])):
        pairs = zip(names, below[0], strict=False)
        return 2, {name: unit for name, unit in pairs if unit not in MISSING}
    return 1, {}


def _checked(names, given, words, delimiter, skip, name):
    """Return a header whose names can be used, with units taken out of the names."""
    if len(names) > MOST_COLUMNS:
        raise InputError(f"{name}: {len(names)} columns; allowed: at most {MOST_COLUMNS}")
    long = [cell for cell in names if len(cell) > 200]
    if long:
        raise InputError(
            f"{name}: column {shortened(long[0])!r}: a name of {len(long[0])} characters; "
            "allowed: at most 200"
        )
    names, found = with_units(names)
    twice = [cell for cell, times in Counter(names).items() if cell and times > 1]
    if twice:
        raise InputError(f"{name}: the header names {twice[0]!r} more than once")
    return Header(names, given | found, delimiter, words, skip)
