"""Read and write the file of PDFs, pdfs.parquet."""

import contextlib
import json

import numpy as np
import pyarrow
import pyarrow.parquet

from redpix.core.atomic_files import atomic
from redpix.photoz import pdf_compression


class PdfFile(contextlib.AbstractContextManager):
    """The file pdfs.parquet, which appears when all PDFs are written.

    The columns are ``object_id``, ``first`` and ``pdf`` (see `redpix.photoz.pdf_compression`). The
    grid is JSON in the metadata ``grid`` of the schema. Each call of `write` makes a row group.

    Parameters
    ----------
    path : str
        Path of the file.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.
    text_ids : bool
        Whether the ids of objects are text, else int64.
    """

    def __init__(self, path, grid, text_ids):
        kind = pyarrow.string() if text_ids else pyarrow.int64()
        self._schema = pyarrow.schema(
            {"object_id": kind, "first": pyarrow.int16(), "pdf": pyarrow.list_(pyarrow.int16())},
            metadata={"grid": json.dumps(grid.tolist())},
        )
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

    def write(self, ids, pdfs):
        """Append the compressed PDFs of some objects.

        Parameters
        ----------
        ids : ndarray, shape (n,)
            Identifiers of the objects.
        pdfs : ndarray, shape (n, nodes)
            PDFs, one row per object; NaN where an object has no PDF.
        """
        packed = pdf_compression.pack(pdfs)
        lists = pyarrow.ListArray.from_arrays(packed.bounds, packed.values)
        text = self._schema.field("object_id").type == pyarrow.string()
        ids = ids.astype(str).astype(object) if text else ids
        columns = {"object_id": ids, "first": packed.first, "pdf": lists}
        self._writer.write_table(pyarrow.table(columns, schema=self._schema))


def write_pdfs(path, ids, pdfs, grid):
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
    """
    ids = np.asarray(ids)
    with PdfFile(path, grid, ids.dtype.kind not in "iu") as file:
        file.write(ids, pdfs)


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
    table = pyarrow.parquet.read_table(path)
    grid = np.array(json.loads(table.schema.metadata[b"grid"]))
    lists = table["pdf"].combine_chunks()
    packed = pdf_compression.Sparse(
        table["first"].to_numpy(), lists.offsets.to_numpy(), lists.values.to_numpy()
    )
    return table["object_id"].to_numpy(), pdf_compression.unpack(packed, grid), grid
