"""Table with columns that are converted on request."""

import numpy as np

from redpix.core.exceptions import InputError
from redpix.io import table_values
from redpix.io.table_ids import as_ids
from redpix.io.table_values import CellError, shortened


class Table:
    """Columns of a table, which are converted on request.

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
    written : dict of str to dict
        Numbers of cells that are not plain numbers, by column and the way in which they are
        written; see `redpix.io.written_numbers.with_numbers`.
    """

    def __init__(self, name, columns, units, lines, place, ragged, words):
        self.name, self.units, self.lines, self.ragged = name, units, lines, ragged
        self._columns, self._place, self._words = columns, place, words
        self.written = {}

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
        """Return how the file was understood, in one line."""
        missing = sum(column.null_count for column in self._columns.values())
        size = f"{len(self)} rows of {len(self._columns)} columns"
        words = [*self._words, size, f"{missing} missing values"]
        if self.ragged:
            words.append(f"{len(self.ragged)} lines that cannot be read")
        return f"{self.name}: {', '.join(words)}"

    def note(self, words):
        """Add to how the file was understood.

        Parameters
        ----------
        words : str
            Part of a sentence, for `understood`.
        """
        self._words.append(words)

    def select(self, names):
        """Return the table with some of its columns.

        Parameters
        ----------
        names : sequence of str
            Names of columns, upper or lower case.

        Returns
        -------
        Table

        Raises
        ------
        InputError
            If a column is missing.
        """
        self.require(*names)
        kept = {name: self._columns[name] for name in map(self.find, names)}
        units = {name: unit for name, unit in self.units.items() if name in kept}
        return Table(self.name, kept, units, self.lines, self._place, self.ragged, self._words)

    def where(self, row):
        """Return the place of a row in messages, such as ``a.csv: line 5``.

        Parameters
        ----------
        row : int
            0-based.

        Returns
        -------
        str
        """
        return f"{self.name}: {self._place} {self.lines[row]}"

    def find(self, *names):
        """Return the first of some names that a column has, upper or lower case.

        Parameters
        ----------
        *names : str
            Names in order of preference. A name in the same case is preferred.

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
        """Raise InputError if a column is missing, upper or lower case.

        Parameters
        ----------
        *names : str
            Names of columns.

        Raises
        ------
        InputError
            The message names the missing columns and those of the table.
        """
        missing = [name for name in names if self.find(name) is None]
        if missing:
            listed = shortened(", ".join(self._columns), 300)
            raise InputError(
                f"{self.name}: no column {', '.join(missing)}; the table has {listed}; needed: "
                f"{', '.join(names)}"
            )

    def text(self, name):
        """Return a column as text; a missing value is empty.

        Parameters
        ----------
        name : str
            Name of the column, upper or lower case.

        Returns
        -------
        ndarray of str (dtype object), shape (n,)
        """
        return table_values.as_text(self.column(name))

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
        """Return a column of ids exactly.

        Parameters
        ----------
        name : str
            Name of the column, upper or lower case.

        Returns
        -------
        ndarray of int64, uint64 or str, shape (n,)

        Raises
        ------
        InputError
            For an id that is missing, or that lost digits as a floating-point number.
        """
        return self._converted(as_ids, name)

    def values(self, name):
        """Return a column in its natural type.

        Parameters
        ----------
        name : str
            Name of the column, upper or lower case.

        Returns
        -------
        ndarray of bool, int64, uint64, float or str, shape (n,)
        """
        return table_values.as_values(self.column(name))

    def frame(self):
        """Return all columns as text; a missing value is empty.

        Returns
        -------
        DataFrame of str
            Index: 1-based line of each row. Cells are Arrow's, a tenth of Python's text.
        """
        import pandas as pd  # only here: it takes long to import

        lines = pd.Index(self.lines, dtype="int64")
        columns = {name: pd.Series(self.text(name), lines, dtype="str") for name in self._columns}
        return pd.DataFrame(columns, index=lines)

    def with_columns(self, columns, written):
        """Return the table with further columns, or others of the same name.

        Parameters
        ----------
        columns : dict of pyarrow.ChunkedArray
            Columns to add or to replace.
        written : dict of str to dict
            The attribute `written` of the table.

        Returns
        -------
        Table
        """
        columns = self._columns | columns
        table = Table(
            self.name, columns, self.units, self.lines, self._place, self.ragged, self._words
        )
        table.written = written
        return table

    def column(self, name):
        """Return a column as Arrow's array.

        Parameters
        ----------
        name : str
            Name of the column, upper or lower case.

        Returns
        -------
        pyarrow.ChunkedArray
        """
        if name not in self._columns:
            self.require(name)
        return self._columns[self.find(name)]

    def _converted(self, convert, name):
        """Return a converted column; name the row of a cell that cannot be converted."""
        try:
            return convert(self.column(name))
        except CellError as error:
            raise InputError(f"{self.where(error.row)}: {name}: {error.fact}") from None
