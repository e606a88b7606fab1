"""Tables in HDF5 and Parquet."""

import io
import itertools

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
from astropy.table import Table

from redpix.core.exceptions import InputError
from redpix.io.table_bytes import ALWAYS_UNPACKED, MOST_BYTES
from redpix.io.table_columns import MOST_ELEMENTS, StoredColumns, from_astropy, plain

#: largest ratio of the size of a Parquet table to that of its file; repeated values take no room
_MOST_REPEATED = 1000

#: rows of a table with nested columns that are read at a time
_ROWS = 1000

#: most groups and datasets of an HDF5 file, and the deepest group that is looked into
_MOST_ITEMS, _DEEPEST = 5000, 16


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
    # Arrow aborts the process if a damaged file is asked for the metadata of a column
    about, kinds = file.metadata, {field.name: field.type for field in file.schema_arrow}
    sizes = [about.row_group(number).total_byte_size for number in range(about.num_row_groups)]
    cells = 8 * about.num_rows * about.num_columns
    most = min(MOST_BYTES, max(ALWAYS_UNPACKED, _MOST_REPEATED * len(data)))
    if max(sum(sizes), cells) > most:
        raise InputError(
            f"{name}: {about.num_rows} rows of {about.num_columns} columns; allowed: at most "
            f"{most} bytes"
        )
    # a text that many rows share is read once, and counted before each row gets it
    texts = [column for column, kind in kinds.items() if _is_text(kind)]
    file = pyarrow.parquet.ParquetFile(pa.BufferReader(data), read_dictionary=texts)
    nested = [column for column, kind in kinds.items() if pa.types.is_nested(kind)]
    table = _read_nested(file, nested, most, name) if nested else file.read()
    columns, words = {}, []
    table.validate(full=True)  # damaged text is not UTF-8
    _check_texts(table, most, name)
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
            elements = _elements(column, table[column], words)
            columns |= elements
            units |= dict.fromkeys(elements, units[column]) if column in units else {}
        else:
            columns[column] = plain(table[column])
    return StoredColumns(columns, {name: units[name] for name in columns if name in units}, words)


def _read_nested(file, nested, most, name):
    """Return a table with nested columns, which may repeat values without end."""
    batches, size = [], 0
    for batch in file.iter_batches(batch_size=_ROWS):
        size += sum(batch[column].nbytes for column in nested)
        if size > most:
            raise InputError(f"{name}: arrays in cells take {size} bytes; allowed: at most {most}")
        batches.append(batch)
    return pa.Table.from_batches(batches, file.schema_arrow)


def _check_texts(table, most, name):
    """Raise InputError if texts that rows share would take too much, one per row."""
    total = 0
    for column in table.columns:
        if pa.types.is_dictionary(column.type) and _is_text(column.type.value_type):
            for chunk in column.chunks:
                lengths = pc.take(pc.binary_length(chunk.dictionary), chunk.indices)
                total += pc.sum(lengths).as_py() or 0
    if total > most:
        raise InputError(f"{name}: texts of {total} bytes; allowed: at most {most}")


def _is_text(kind):
    """Return whether values of a type are text or bytes of any length."""
    return any(
        one(kind)
        for one in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_binary,
            pa.types.is_large_binary,
        )
    )


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
        listed = list(itertools.islice(_items(file), _MOST_ITEMS))
        if len(listed) == _MOST_ITEMS:
            raise InputError(f"{name}: {_MOST_ITEMS} groups and datasets or more")
        tables = [path for path, item in listed if _is_table(item)]
        if not tables:
            return StoredColumns({}, {}, [])
        item = file[tables[0]]
        words = [f"{'dataset' if isinstance(item, h5py.Dataset) else 'group'} {tables[0]}"]
        if len(tables) > 1:
            words.append(f"the first of {len(tables)} tables")
        _check_stored(item, f"{name}: {tables[0]}")
        if isinstance(item, h5py.Dataset):
            return from_astropy(Table(item[()]), words)
        parts = {key: part for key, part in _members(item) if _is_column(part)}
        units = {key: _unit(part) for key, part in parts.items() if _unit(part)}
        return from_astropy(Table({key: part[()] for key, part in parts.items()}), words, units)


def _is_table(item):
    """Return whether an HDF5 item is a dataset of records, or a group of equally long columns."""
    import h5py

    if isinstance(item, h5py.Dataset):
        return item.ndim == 1 and bool(item.dtype.names)
    parts = [part for _, part in _members(item) if _is_column(part)]
    return len(parts) > 1 and len({part.shape[0] for part in parts}) == 1


def _items(group, path="/", depth=0):
    """Yield path and item of a group and of all that is in it."""
    import h5py

    yield path, group
    for key, item in _members(group):
        below = f"{path.removesuffix('/')}/{key}".removeprefix("/")
        if isinstance(item, h5py.Group) and depth < _DEEPEST:
            yield from _items(item, below, depth + 1)
        elif not isinstance(item, h5py.Group):
            yield below, item


def _members(group):
    """Yield name and item of a group's members that lie in this file, not behind a link.

    A link may lead to another file, or to a pipe, whose opening would wait without end.
    """
    import h5py

    for key in group:
        if isinstance(group.get(key, getlink=True), h5py.HardLink):
            yield key, group[key]


def _is_column(part):
    """Return whether an HDF5 item is a column."""
    import h5py

    return isinstance(part, h5py.Dataset) and part.ndim in (1, 2) and not part.dtype.names


def _unit(part):
    """Return the unit of an HDF5 column; empty if it is not given."""
    value = part.attrs.get("unit", part.attrs.get("units", ""))
    return value.decode() if isinstance(value, bytes) else str(value)


def _check_stored(item, where):
    """Raise InputError if the values of an HDF5 item are in other files, or hardly stored."""
    parts = (
        [part for _, part in _members(item) if _is_column(part)] if hasattr(item, "keys") else []
    )
    for part in parts or [item]:
        if part.external or part.is_virtual:
            raise InputError(f"{where}: its values are in another file; allowed: in this file")
        stored = part.id.get_storage_size()
        size = max(part.nbytes, 8 * part.size)  # whole numbers become 64-bit ones
        if size > min(MOST_BYTES, 1100 * stored + 2**20):
            raise InputError(f"{where}: {size} bytes, of which {stored} are stored")
