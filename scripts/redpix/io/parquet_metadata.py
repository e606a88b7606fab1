"""Give a Parquet table the metadata from which astropy reads units and descriptions."""

import json

import pyarrow
import pyarrow.compute

from redpix.io.column_meanings import meaning_of

#: units that astropy reads, by the words in the metadata of a column
UNITS = {
    "nanomaggy": "3.631e-06 Jy",
    "asinh magnitude": "mag",
    "pixel, 0-based": "pix",
    "count": "ct",
    "deg": "deg",
}

#: names of types in the metadata of astropy, where Arrow has others
_KINDS = {"double": "float64", "float": "float32"}


def with_astropy_metadata(table):
    """Return a table with the metadata that ``astropy.table.Table.read`` looks for.

    Parameters
    ----------
    table : pyarrow.Table
        The metadata of a column may hold its ``unit``. Further metadata stay.

    Returns
    -------
    pyarrow.Table
    """
    lines = ["datatype:"]
    metadata = dict(table.schema.metadata or {})
    for field in table.schema:
        stated = (field.metadata or {}).get(b"unit", b"").decode()
        unit, ucd, words = meaning_of(field.name)
        text = pyarrow.types.is_string(field.type)
        entry = {
            "name": field.name,
            "unit": UNITS.get(stated, unit),
            "datatype": "string" if text else _KINDS.get(str(field.type), str(field.type)),
            "description": words,
            "meta": {"ucd": ucd} if ucd else None,
        }
        lines.append(f"- {json.dumps({key: value for key, value in entry.items() if value})}")
        if text:
            metadata[f"table::len::{field.name}"] = str(_longest(table[field.name]))
    metadata["table_meta_yaml"] = "\n".join(lines)
    return table.replace_schema_metadata(metadata)


def _longest(column):
    """Return the number of bytes of the longest text of a column, at least 1."""
    longest = pyarrow.compute.max(pyarrow.compute.binary_length(column)).as_py()
    return max(longest or 0, 1)
