"""The reader of tables that a user brings, whatever their format."""

import numpy as np
import pyarrow as pa

from redpix.core.exceptions import InputError
from redpix.io import table_values
from redpix.io.table_bytes import decoded, format_of, load
from redpix.io.table_text import parse
from redpix.io.table_values import MISSING, CellError, shortened


class Table:
    """Columns of a table, which are converted when they are asked for.

    Attributes
    ----------
    name : str
        Name of the table in messages: its path.
    names : list of str
        Names of its columns.
    units : dict of str
        Units by column, where the file gives them.
    lines : ndarray of int64, shape (n,)
        1-based line of each row in the file; for binary formats the 1-based number of the row.
    ragged : list of (int, str)
        Line of each row that cannot be read, and the reason.
    understood : str
        How the file was understood: format, encoding, delimiter, header, size, missing values.
    """

    def __init__(self, name, columns, units, lines, place, ragged, words):
        self.name, self.units, self.lines, self.ragged = name, units, lines, ragged
        self._columns, self._place, self._words = columns, place, words

    def __len__(self):
        return len(self.lines)

    def __contains__(self, name):
        return name in self._columns

    def __getitem__(self, name):
        return self.values(name)

    @property
    def names(self):
        """Return the names of the columns."""
        return list(self._columns)

    @property
    def understood(self):
        """Return how the file was understood, in a line."""
        missing = sum(column.null_count for column in self._columns.values())
        size = f"{len(self)} rows of {len(self._columns)} columns"
        words = [*self._words, size, f"{missing} missing values"]
        if self.ragged:
            words.append(f"{len(self.ragged)} lines that cannot be read")
        return f"{self.name}: {', '.join(words)}"

    def where(self, row):
        """Return a row's place as messages say it, such as ``a.csv: line 5``; 0-based row."""
        return f"{self.name}: {self._place} {self.lines[row]}"

    def find(self, *names):
        """Return the first of some names that is a column's, upper or lower case.

        Parameters
        ----------
        *names : str
            Names in order of preference. One in the same case goes before one in another.

        Returns
        -------
        str or None
            The column's name as the table has it.

        Raises
        ------
        InputError
            If two columns have the name in different cases.
        """
        for name in names:
            if name in self._columns:
                return name
            alike = [column for column in self._columns if column.lower() == name.lower()]
            if len(alike) > 1:
                raise InputError(
                    f"{self.name}: more than one column is {name!r}, upper or lower case: "
                    + ", ".join(alike)
                )
            if alike:
                return alike[0]
        return None

    def require(self, *names):
        """Raise InputError if a column is missing, whatever the case of its name."""
        missing = [name for name in names if self.find(name) is None]
        if missing:
            listed = shortened(", ".join(self._columns), 300)
            raise InputError(
                f"{self.name}: no column {', '.join(missing)}; the table has {listed}; needed: "
                f"{', '.join(names)}"
            )

    def text(self, name):
        """Return a column as text, an object array of str; a missing value is empty."""
        return table_values.as_text(self._column(name))

    def numbers(self, name, sentinels=(), complete=False):
        """Return a column as float64; a missing value is NaN.

        Parameters
        ----------
        name : str
            Name of the column, upper or lower case.
        sentinels : sequence of float
            Numbers that stand for a missing value, such as -9999.
        complete : bool
            Whether each row must have a finite number.

        Returns
        -------
        ndarray of float64, shape (n,)

        Raises
        ------
        InputError
            For the first cell that is not a number: file, line, column, value.
        """
        number = self._converted(table_values.as_numbers, name)
        if len(sentinels):
            number[np.isin(number, sentinels)] = np.nan
        if complete and not np.isfinite(number).all():
            row = int(np.argmin(np.isfinite(number)))
            fact = "is missing" if np.isnan(number[row]) else f"{number[row]} is not finite"
            raise InputError(f"{self.where(row)}: {name}: {fact}; allowed: a finite number")
        return number

    def ids(self, name):
        """Return a column of ids exactly: int64, uint64 where that is needed, or text.

        Raises
        ------
        InputError
            For an id that is missing, or that lost digits as a floating-point number.
        """
        return self._converted(table_values.as_ids, name)

    def values(self, name):
        """Return a column in its natural type: bool, int64, uint64, float or text."""
        return table_values.as_values(self._column(name))

    def frame(self):
        """Return all columns as text in a DataFrame, whose index is the line of each row."""
        import pandas as pd  # only here: it takes long to import

        columns = {name: self.text(name) for name in self._columns}
        return pd.DataFrame(columns, index=pd.Index(self.lines, dtype="int64"), dtype=object)

    def _column(self, name):
        if name not in self._columns:
            self.require(name)
        return self._columns[self.find(name)]

    def _converted(self, convert, name):
        try:
            return convert(self._column(name))
        except CellError as error:
            raise InputError(f"{self.where(error.row)}: {name}: {error.fact}") from None


def read_table(
    source,
    name=None,
    *,
    columns=None,
    required=(),
    ids=(),
    delimiter=None,
    quotes=True,
    fill=False,
    missing=MISSING,
    keep_ragged=False,
    allow_empty=False,
):
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
    delimiter : str, optional
        For text: tab, ``,``, ``;``, ``|`` or a blank. By default it is found from the lines. If
        it is given, the header is the first line that is not a comment.
    quotes : bool
        For text: whether quotation marks enclose cells; else they belong to the cell.
    fill : bool
        For text: whether cells at the end of a row may be missing.
    missing : sequence of str
        For text: cells of a missing value.
    keep_ragged : bool
        Whether rows that cannot be read are listed in `Table.ragged`; else they are refused.
    allow_empty : bool
        Whether a table may have a header and no rows.

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
    content = load(source, name)
    kind = format_of(content.data)
    options = {"delimiter": delimiter, "quotes": quotes, "fill": fill, "missing": missing}
    wanted = (*required, *ids, *(columns or ()))
    if kind:
        table = _binary(content, kind, name)
    else:
        table = _text(content, name, options | {"wanted": wanted})
    if len(table.names) == 1 and not kind and not required and delimiter is None:
        raise InputError(
            f"{name}: the header {shortened(table.names[0], 40)!r} has one cell; allowed: cells "
            "separated by commas, semicolons, tabs or blanks"
        )
    _check(table, required, ids, keep_ragged, allow_empty)
    return table if columns is None else _selected(table, columns)


def _binary(content, kind, name):
    """Return a table that is not plain text."""
    from redpix.io.table_formats import read_format  # only here: astropy takes long to import

    found = read_format(kind, content.data, name)
    count = len(next(iter(found.columns.values())))
    words = [kind, *filter(None, [content.packing]), *found.words]
    return Table(name, found.columns, found.units, np.arange(1, count + 1), "row", [], words)


def _text(content, name, options):
    """Return a table that is text."""
    data, encoding = decoded(content.data, name)
    found = parse(data, name, **options)
    words = ["text", *filter(None, [content.packing]), encoding, *found.words]
    return Table(name, found.columns, found.units, found.lines, "line", found.ragged, words)


def _check(table, required, ids, keep_ragged, allow_empty):
    """Raise InputError if a table is not what its reader asked for."""
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
            table._words.append(
                f"{column}: each is a multiple of {spacing}, as if its last digits had been lost"
            )


def _rounded(ids):
    """Return the spacing of float64 if two or more large ids all look rounded, else 0."""
    if ids.dtype.kind not in "iu":
        return 0
    large = ids[ids > table_values.EXACT]
    return table_values.rounded(pa.chunked_array([large])) if len(large) > 1 else 0


def _selected(table, columns):
    """Return the table with some of its columns."""
    table.require(*columns)
    kept = {name: table._columns[name] for name in map(table.find, columns)}
    units = {name: unit for name, unit in table.units.items() if name in kept}
    return Table(table.name, kept, units, table.lines, table._place, table.ragged, table._words)
