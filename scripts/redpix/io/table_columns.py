"""Columns of tables that other libraries read, in the few types that this reader has."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from redpix.io.table_values import trimmed

#: longest vector in a cell whose elements become columns
MOST_ELEMENTS = 64


class StoredColumns(NamedTuple):
    """Columns of a table.

    Attributes
    ----------
    columns : dict of pyarrow.ChunkedArray
    units : dict of str
    words : list of str
        How the file was understood.
    """

    columns: dict
    units: dict
    words: list


def from_astropy(table, words, units=None):
    """Return the columns of an astropy table; vectors become a column per element.

    Parameters
    ----------
    table : astropy.table.Table
        Table with or without masked columns.
    words : list of str
        How the file was understood so far.
    units : dict of str, optional
        Units by column; those of the table by default. Each element of a vector has its unit.

    Returns
    -------
    StoredColumns
    """
    if units is None:
        units = {name: str(table[name].unit) for name in table.colnames if table[name].unit}
    columns, unit_of = {}, {}
    for name in table.colnames:
        for part, values in _scalars(name, table[name], words):
            columns[part] = _arrow(values)
            if name in units:
                unit_of[part] = units[name]
    return StoredColumns(columns, unit_of, words)


def _scalars(name, values, words):
    """Yield the column, or a column per element of its vectors."""
    if values.ndim == 1 and not _are_arrays(values):
        yield name, values
    elif values.ndim == 2 and values.shape[1] <= MOST_ELEMENTS:
        words.append(f"{name} split into {name}_1 to {name}_{values.shape[1]}")
        for place in range(values.shape[1]):
            yield f"{name}_{place + 1}", values[:, place]
    else:
        words.append(f"{name} holds arrays, left out")


def _are_arrays(values):
    """Return whether cells are arrays of any length."""
    return values.dtype.kind == "O" and any(isinstance(cell, np.ndarray) for cell in values)


def _arrow(values):
    """Return a column of astropy or NumPy as Arrow's, masked values and NaN as nulls."""
    mask = np.ma.getmaskarray(values) if np.ma.isMaskedArray(values) else None
    values = np.asarray(np.ma.getdata(values))
    if values.dtype.kind == "S":
        values = np.array([cell.decode("utf-8", "replace") for cell in values], dtype=object)
    elif values.dtype.kind == "O":
        values = np.array([_as_str(cell) for cell in values], dtype=object)
    elif values.dtype.kind not in "biufU":
        values = values.astype(str)
    if values.dtype.kind not in "OU":
        values = values.astype(values.dtype.newbyteorder("="))
    else:
        values = values.astype(object)
    return plain(pa.chunked_array([pa.array(values, mask=mask, from_pandas=True)]))


def _as_str(cell):
    """Return a cell as text; None stays None."""
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return None if cell is None else str(cell)


def plain(column):
    """Return a column as bool, int64, uint64, float or text, with one rule for missing values.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Column of any scalar type.

    Returns
    -------
    pyarrow.ChunkedArray
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return plain(pc.cast(column, kind.value_type))
    if pa.types.is_float16(kind):
        return pc.cast(column, pa.float32())
    if pa.types.is_floating(kind):
        return pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column)
    if pa.types.is_integer(kind):
        return column if kind == pa.uint64() else pc.cast(column, pa.int64())
    if pa.types.is_boolean(kind):
        return column
    return trimmed(pc.cast(column, pa.string()))
