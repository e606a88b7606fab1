"""The file of PDFs, pdfs.parquet."""

import json

import numpy as np
import pyarrow
import pyarrow.parquet

from redpix.core.atomic_files import atomic
from redpix.photoz import pdf_compression


def write_pdfs(path, ids, pdfs, grid):
    """Write pdfs.parquet: object_id, first, pdf (`redpix.photoz.pdf_compression`).

    The grid is JSON in the schema's metadata, ``grid``.
    """
    packed = pdf_compression.pack(pdfs)
    lists = pyarrow.ListArray.from_arrays(packed.bounds, packed.values)
    table = pyarrow.table({"object_id": ids, "first": packed.first, "pdf": lists})
    table = table.replace_schema_metadata({"grid": json.dumps(grid.tolist())})
    with atomic(path) as temporary:
        pyarrow.parquet.write_table(table, temporary, compression="zstd")


def read_pdfs(path):
    """Ids, densities, shape (n, nodes), and the grid of a pdfs.parquet."""
    table = pyarrow.parquet.read_table(path)
    grid = np.array(json.loads(table.schema.metadata[b"grid"]))
    lists = table["pdf"].combine_chunks()
    packed = pdf_compression.Sparse(
        table["first"].to_numpy(), lists.offsets.to_numpy(), lists.values.to_numpy()
    )
    return table["object_id"].to_numpy(), pdf_compression.unpack(packed, grid), grid
