"""Write PDFs in the form of qp, the package of LSST DESC for tables of PDFs."""

import json

import h5py
import numpy as np
import pyarrow.parquet

from redpix.core.atomic_files import atomic
from redpix.core.job import log
from redpix.photoz.pdf_file import COLUMNS, unpack_columns

#: the parameterisation of qp whose PDFs are straight lines between nodes
PARAMETERISATION = b"interp"


def write_qp(pdfs, qp):
    """Write a file pdfs.parquet as HDF5 that ``qp.read`` opens.

    Its groups are those of qp: ``meta`` has the parameterisation and the grid, ``data`` the
    densities, ``ancil`` the ids. Objects without a PDF are left out, because qp has none for them.

    Parameters
    ----------
    pdfs : str
        Parquet file of PDFs.
    qp : str
        HDF5 file to write, one row per object with a PDF.
    """
    with pyarrow.parquet.ParquetFile(pdfs) as source, atomic(qp) as temporary:
        grid = np.array(json.loads(source.schema_arrow.metadata[b"grid"]))
        with h5py.File(temporary, "w") as file:
            file["meta/pdf_name"] = np.array([PARAMETERISATION])
            file["meta/pdf_version"] = np.array([0])
            file["meta/xvals"] = grid[None, :]
            file["meta/xvals"].attrs["description"] = "redshifts of the nodes"
            growing = dict(maxshape=(None, len(grid)), compression="gzip", shuffle=True)
            density = file.create_dataset("data/yvals", (0, len(grid)), "f4", **growing)
            density.attrs["description"] = "density of the redshift at the nodes"
            ids = [_append(density, part, grid) for part in _parts(source)]
            file["ancil/object_id"] = _as_stored(np.concatenate(ids) if ids else np.zeros(0, int))
            log.info("%s: %d of %d objects have a PDF", qp, len(density), source.metadata.num_rows)


def _parts(source):
    """Yield the row groups of a file."""
    numbers = range(source.num_row_groups)
    return (source.read_row_group(number, columns=list(COLUMNS)) for number in numbers)


def _append(density, part, grid):
    """Append the PDFs of a row group, and return the ids of their objects."""
    values = unpack_columns(part["first"], part["pdf"], grid)
    given = np.isfinite(values).all(axis=1)
    start = len(density)
    density.resize(start + np.count_nonzero(given), axis=0)
    density[start:] = values[given]
    return part["object_id"].to_numpy()[given]


def _as_stored(ids):
    """Return ids as HDF5 stores them: numbers, or bytes of UTF-8."""
    if ids.dtype.kind in "iu":
        return ids
    return np.array([str(one).encode() for one in ids], "S")
