"""Read and write the file of PDFs, pdfs.parquet."""

import contextlib
import json

import numpy as np
import pyarrow
import pyarrow.parquet

from redpix.core.atomic_files import atomic
from redpix.photoz import pdf_compression

#: columns that every file has
COLUMNS = ("object_id", "first", "pdf")

#: prefix of the column of the PDFs of a combiner, and of that of their first nodes
_PDF, _FIRST = "pdf_", "first_"


class PdfFile(contextlib.AbstractContextManager):
    """The file pdfs.parquet, which appears when all PDFs are written.

    The columns are ``object_id``, ``first`` and ``pdf`` (see `redpix.photoz.pdf_compression`). The
    grid is JSON in the metadata ``grid`` of the schema. Each call of `write` makes a row group.
    PDFs of combiners are in columns ``first_<name>`` and ``pdf_<name>`` of the same form.

    Parameters
    ----------
    path : str
        Path of the file.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.
    text_ids : bool
        Whether the ids of objects are text, else int64.
    combiners : sequence of str
        Names of the combiners whose PDFs are written as well.
    """

    def __init__(self, path, grid, text_ids, combiners=()):
        kinds = {"object_id": pyarrow.string() if text_ids else pyarrow.int64()}
        names = [("first", "pdf")] + [(_FIRST + name, _PDF + name) for name in combiners]
        for first, values in names:
            kinds |= {first: pyarrow.int16(), values: pyarrow.list_(pyarrow.int16())}
        self._schema = pyarrow.schema(kinds, metadata={"grid": json.dumps(grid.tolist())})
        self._path, self._stack = path, contextlib.ExitStack()

    def __enter__(self):
        """Open the file."""
        temporary = self._stack.enter_context(atomic(self._path))
        writer = pyarrow.parquet.ParquetWriter(temporary, self._schema, compression="zstd")
        self._writer = self._stack.enter_context(writer)
        return self

    def __exit__(self, *fault):
        """Close the file, and put it in its place if nothing failed."""
        return self._stack.__exit__(*fault)

    def write(self, ids, pdfs, combiners=None, rows=None):
        """Append the compressed PDFs of some objects.

        Parameters
        ----------
        ids : ndarray, shape (n,)
            Identifiers of the objects.
        pdfs : ndarray, shape (n, nodes)
            PDFs, one row per object; NaN where an object has no PDF.
        combiners : dict of str to ndarray, optional
            PDFs of each combiner of the file, of the same shape.
        rows : ndarray of int, optional
            Objects whose PDFs of combiners are written, in increasing order; all by default.
        """
        text = self._schema.field("object_id").type == pyarrow.string()
        columns = {"object_id": ids.astype(str).astype(object) if text else ids}
        columns["first"], columns["pdf"] = _packed_columns(pdfs)
        for name, values in (combiners or {}).items():
            columns[_FIRST + name], columns[_PDF + name] = _packed_columns(values, rows)
        self._writer.write_table(pyarrow.table(columns, schema=self._schema))


def _packed_columns(pdfs, rows=None):
    """Return the first nodes and the values of PDFs; of some rows only, the others are empty."""
    if rows is None:
        packed = pdf_compression.pack(pdfs)
        return packed.first, pyarrow.ListArray.from_arrays(packed.bounds, packed.values)
    packed = pdf_compression.pack(pdfs[rows])
    first, lengths = np.zeros(len(pdfs), np.int16), np.zeros(len(pdfs), np.int32)
    first[rows], lengths[rows] = packed.first, np.diff(packed.bounds)
    bounds = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return first, pyarrow.ListArray.from_arrays(bounds, packed.values)


def write_pdfs(path, ids, pdfs, grid, combiners=None, rows=None):
    """Write the compressed PDFs of objects as pdfs.parquet.

    Parameters
    ----------
    path : str
        Path of the file.
    ids : array, shape (n,)
        Identifiers of the objects.
    pdfs : ndarray, shape (n, nodes)
        PDFs, one row per object or pixel.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.
    combiners, rows
        As of `PdfFile.write`.
    """
    ids = np.asarray(ids)
    with PdfFile(path, grid, ids.dtype.kind not in "iu", tuple(combiners or ())) as file:
        file.write(ids, pdfs, combiners, rows)


def read_pdfs(path):
    """Return the contents of a file pdfs.parquet.

    Parameters
    ----------
    path : str
        Path of the file.

    Returns
    -------
    ids : ndarray, shape (n,)
    pdfs : ndarray, shape (n, nodes)
    grid : ndarray, shape (nodes,)
    """
    table = pyarrow.parquet.read_table(path, columns=list(COLUMNS))
    grid = np.array(json.loads(table.schema.metadata[b"grid"]))
    pdfs = unpack_columns(table["first"], table["pdf"], grid)
    return table["object_id"].to_numpy(), pdfs, grid


def read_ids(path):
    """Return the identifiers of the objects in a file pdfs.parquet.

    Parameters
    ----------
    path : str
        Path of the file.

    Returns
    -------
    ndarray, shape (n,)
    """
    return pyarrow.parquet.read_table(path, columns=["object_id"])["object_id"].to_numpy()


def read_combiner_pdfs(path, rows):
    """Return the PDFs of the combiners in a file pdfs.parquet.

    Parameters
    ----------
    path : str
        Path of the file.
    rows : ndarray of int
        Rows of the objects.

    Returns
    -------
    dict of str to ndarray, shape (rows, nodes)
        By combiner, without the chosen one; NaN for an object without such a PDF. Empty if the
        file has PDFs of the chosen combiner only.
    """
    schema = pyarrow.parquet.read_schema(path)
    grid = np.array(json.loads(schema.metadata[b"grid"]))
    names = [name.removeprefix(_PDF) for name in schema.names if name.startswith(_PDF)]
    found = {}
    for name in names:
        columns = [_FIRST + name, _PDF + name]
        table = pyarrow.parquet.read_table(path, columns=columns).take(rows)
        found[name] = unpack_columns(table[_FIRST + name], table[_PDF + name], grid)
    return found


def unpack_columns(first, pdfs, grid):
    """Return the PDFs of two columns of the file.

    Parameters
    ----------
    first, pdfs : pyarrow.ChunkedArray
        First nodes, and values.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    ndarray, shape (n, nodes)
        NaN for an object without a PDF.
    """
    lists = pdfs.combine_chunks()
    packed = pdf_compression.Sparse(
        first.to_numpy(), lists.offsets.to_numpy(), lists.values.to_numpy()
    )
    return pdf_compression.unpack(packed, grid)
