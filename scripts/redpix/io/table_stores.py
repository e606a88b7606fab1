"""Tables in HDF5 and Parquet."""

import io

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
from astropy.table import Table

from redpix.core.exceptions import InputError
from redpix.io.table_bytes import ALWAYS_UNPACKED, MOST_BYTES
from redpix.io.table_columns import MOST_ELEMENTS, StoredColumns, from_astropy, plain

#: largest ratio of the size of a Parquet table to that of its file; repeated values take no room
_MOST_REPEATED = 1000


def read_parquet(data, name):
    """Return the columns of a Parquet file.

    Parameters
    ----------
    data : bytes
        Content of a file.
    name : str
        Name of the table in messages.

    Returns
    -------
    StoredColumns

    Raises
    ------
    InputError
        If the table is too large.
    """
    file = pyarrow.parquet.ParquetFile(pa.BufferReader(data))
    about = file.metadata
    groups = [about.row_group(number).total_byte_size for number in range(about.num_row_groups)]
    cells = 8 * about.num_rows * about.num_columns
    most = min(MOST_BYTES, max(ALWAYS_UNPACKED, _MOST_REPEATED * len(data)))
    if max(sum(groups), cells) > most:
        raise InputError(
            f"{name}: {about.num_rows} rows of {about.num_columns} columns; allowed: at most "
            f"{most} bytes"
        )
    table, columns, words = file.read(), {}, []
    table.validate(full=True)  # damaged text is not UTF-8
    units = {
        field.name: field.metadata[b"unit"].decode()
        for field in table.schema
        if field.metadata and b"unit" in field.metadata
    }
    for column in table.column_names:
        kind = table[column].type
        if column.startswith("__index_level_"):
            words.append(f"{column}, an index of the rows, left out")
        elif pa.types.is_nested(kind):
            columns |= _elements(column, table[column], words)
        else:
            columns[column] = plain(table[column])
    return StoredColumns(columns, units, words)


def _elements(name, column, words):
    """Return the elements of lists of one length as columns; none for other lists."""
    kind = column.type
    lists = (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )
    if lists and not pa.types.is_nested(kind.value_type):
        lengths = set(pc.unique(pc.list_value_length(column)).to_pylist())
        if len(lengths) == 1 and 0 < (max(lengths) or 0) <= MOST_ELEMENTS:
            count = lengths.pop()
            words.append(f"{name} split into {name}_1 to {name}_{count}")
            return {
                f"{name}_{place + 1}": plain(pc.list_element(column, place))
                for place in range(count)
            }
    words.append(f"{name} holds arrays, left out")
    return {}


def read_hdf5(data, name):
    """Return the columns of an HDF5 file.

    Parameters
    ----------
    data : bytes
        Content of a file.
    name : str
        Name of the table in messages.

    Returns
    -------
    StoredColumns

    Raises
    ------
    InputError
        If the table is too large.
    """
    import h5py  # only here: it takes a tenth of a second to import

    with h5py.File(io.BytesIO(data), "r") as file:
        tables = []
        file.visititems(lambda path, item: tables.append(path) if _is_table(item) else None)
        if _is_table(file):
            tables.insert(0, "/")
        if not tables:
            return StoredColumns({}, {}, [])
        item = file[tables[0]]
        words = [f"{'dataset' if isinstance(item, h5py.Dataset) else 'group'} {tables[0]}"]
        if len(tables) > 1:
            words.append(f"the first of {len(tables)} tables")
        _check_stored(item, f"{name}: {tables[0]}")
        if isinstance(item, h5py.Dataset):
            return from_astropy(Table(item[()]), words)
        parts = {key: part for key, part in item.items() if _is_column(part)}
        found = from_astropy(Table({key: part[()] for key, part in parts.items()}), words)
        units = {key: _unit(part) for key, part in parts.items() if _unit(part)}
        return found._replace(units={key: units[key] for key in found.columns if key in units})


def _is_table(item):
    """Return whether an HDF5 item is a dataset of records, or a group of equally long columns."""
    import h5py

    if isinstance(item, h5py.Dataset):
        return item.ndim == 1 and bool(item.dtype.names)
    parts = [part for part in item.values() if _is_column(part)]
    return len(parts) > 1 and len({part.shape[0] for part in parts}) == 1


def _is_column(part):
    """Return whether an HDF5 item is a column."""
    import h5py

    return isinstance(part, h5py.Dataset) and part.ndim in (1, 2) and not part.dtype.names


def _unit(part):
    """Return the unit of an HDF5 column; empty if it is not given."""
    value = part.attrs.get("unit", part.attrs.get("units", ""))
    return value.decode() if isinstance(value, bytes) else str(value)


def _check_stored(item, where):
    """Raise InputError if an HDF5 item is much larger than its stored bytes."""
    parts = [part for part in item.values() if _is_column(part)] if hasattr(item, "values") else []
    for part in parts or [item]:
        stored = part.id.get_storage_size()
        if part.nbytes > min(MOST_BYTES, 1100 * stored + 2**20):
            raise InputError(f"{where}: {part.nbytes} bytes, of which {stored} are stored")
