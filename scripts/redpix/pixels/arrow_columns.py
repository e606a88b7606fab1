"""Make the columns of a pixel table with Arrow and without pandas, whose import is slow."""

import numpy as np
import pyarrow as pa


def number_column(values):
    """Return an Arrow column of numbers.

    `pa.array` would import pandas, which takes half of this job's time.

    Parameters
    ----------
    values : array_like of numbers, shape (n,)
        Any number type of NumPy.

    Returns
    -------
    pyarrow.Array
    """
    values = np.ascontiguousarray(values)
    buffers = [None, pa.py_buffer(values)]
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), buffers)


def text_column(values):
    """Return an Arrow column of text.

    Parameters
    ----------
    values : sequence of str
        Cells of the column.

    Returns
    -------
    pyarrow.StringArray
    """
    encoded = [value.encode() for value in values]
    offsets = np.cumsum([0, *map(len, encoded)]).astype(np.int32)
    data = pa.py_buffer(b"".join(encoded))
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(offsets), data)


def unit(name):
    """Return the metadata of a column.

    Parameters
    ----------
    name : str
        Name of the column.

    Returns
    -------
    dict of str to str
        Its unit.
    """
    units = {"flux": "nanomaggy", "error": "nanomaggy", "mag": "asinh magnitude"}
    units |= {"gradient": "mag"}
    units |= {"x": "pixel, 0-based", "y": "pixel, 0-based", "ra": "deg", "dec": "deg"}
    return {"unit": units.get(name.split("_")[0], "")}
