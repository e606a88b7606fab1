"""Read and write the file of PDFs, pdfs.parquet."""

import json

import numpy as np
import pyarrow
import pyarrow.parquet

from redpix.core.atomic_files import atomic
from redpix.photoz import pdf_compression


def write_pdfs(path, ids, pdfs, grid):
    """Write the compressed PDFs of objects as pdfs.parquet.

    The columns are ``object_id``, ``first`` and ``pdf`` (see `redpix.photoz.pdf_compression`). The
    grid is JSON in the metadata ``grid`` of the schema.

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
    packed = pdf_compression.pack(pdfs)
    lists = pyarrow.ListArray.from_arrays(packed.bounds, packed.values)
    table = pyarrow.table({"object_id": ids, "first": packed.first, "pdf": lists})
    table = table.replace_schema_metadata({"grid": json.dumps(grid.tolist())})
    with atomic(path) as temporary:
        pyarrow.parquet.write_table(table, temporary, compression="zstd")


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
