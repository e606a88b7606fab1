"""Tables that are not plain text: FITS, VOTable, ECSV, IPAC, MRT, HDF5 and Parquet."""

import io
import math
import re
import warnings

from astropy.io import fits, votable
from astropy.table import Table

from redpix.core.exceptions import InputError
from redpix.io.fits_structure import walk
from redpix.io.table_columns import StoredColumns, from_astropy
from redpix.io.table_header import MOST_COLUMNS
from redpix.io.table_stores import read_hdf5, read_parquet
from redpix.io.table_values import shortened
from redpix.io.whole_fits import check_table

#: parts of a VOTable that astropy would fetch from elsewhere, and the number of rows that it states
_ELSEWHERE = re.compile(rb"<[\w:]*STREAM\b[^>]*\bhref\s*=|<!DOCTYPE[^>]*\[", re.IGNORECASE)
_STATED_ROWS = re.compile(rb"\bnrows\s*=\s*[\"']\s*([0-9]+)", re.IGNORECASE)

#: shape of the arrays in the cells of an ECSV column, and the most elements that it may state
_CELL_SHAPE, _MOST_CELL = re.compile(rb"subtype:[^\n}]*?\[([0-9, ]+)"), 1_000_000


def read_format(kind, data, name):
    """Return the columns of a table that is not plain text.

    Parameters
    ----------
    kind : str
        As from `redpix.io.table_bytes.format_of`.
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
        If the file cannot be read in its format, or does not hold a table.
    """
    if kind == "zip":
        raise InputError(
            f"{name}: is a spreadsheet, or an archive of more than one file; allowed: the table "
            "saved as CSV, FITS, VOTable, HDF5 or Parquet"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on units and names that a standard does not know
            found = _READERS[kind](data, name)
    except InputError:
        raise
    except Exception as error:  # libraries raise anything on damaged files
        reason = shortened(str(error) or type(error).__name__, 200)
        raise InputError(f"{name}: cannot be read as {kind}: {reason}") from None
    if not found.columns:
        raise InputError(f"{name}: {kind} without a table; allowed: one with columns of values")
    return found


def _fits(data, name):
    """Return the columns of the first table of a FITS file."""
    stream = io.BytesIO(data)
    try:
        listed, _ = walk(stream, None, compressed=False)
    except InputError as error:
        raise InputError(f"{name}: cannot be read as FITS: {error}") from None
    with fits.open(io.BytesIO(data), memmap=False) as hdus:
        tables = [
            (number, hdu)
            for number, hdu in enumerate(hdus)
            if isinstance(hdu, fits.BinTableHDU | fits.TableHDU)
        ]
        if not tables:
            return StoredColumns({}, {}, [])
        # the first table of SExtractor's LDAC holds the image's header, in one column
        number, hdu = next((t for t in tables if t[1].header.get("TFIELDS") != 1), tables[0])
        _check_size(stream, listed[number], name)
        table = Table.read(hdu)
    words = [f"HDU {number}"] + ([f"of {len(tables)} tables"] if len(tables) > 1 else [])
    return from_astropy(table, words)


def _check_size(stream, hdu, name):
    """Raise InputError if a header promises other data than the file holds."""
    try:
        if hdu.missing:
            rows = hdu.header.get("NAXIS2")
            raise InputError(f"{hdu.label}: {hdu.missing} bytes of {rows} rows are missing")
        check_table(stream, hdu)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def check_votable(data, name):
    """Refuse a VOTable that refers to other files, or states more rows than it has bytes.

    Astropy would open the other files, and allocate the rows.

    Parameters
    ----------
    data : bytes
        Content of a file or of an answer.
    name : str
        Name of the table in messages.

    Raises
    ------
    InputError
        The message begins with `name`.
    """
    if _ELSEWHERE.search(data):
        raise InputError(f"{name}: refers to another file; allowed: a VOTable with its rows inside")
    if data.count(b"<FIELD") > MOST_COLUMNS:
        raise InputError(f"{name}: more than {MOST_COLUMNS} columns; allowed: {MOST_COLUMNS}")
    most = max((int(found) for found in _STATED_ROWS.findall(data)), default=0)
    if most > len(data):
        raise InputError(f"{name}: states {most} rows in {len(data)} bytes")


def _votable(data, name):
    """Return the columns of the first table of a VOTable."""
    check_votable(data, name)
    document = votable.parse(io.BytesIO(data), verify="ignore")
    for resource in document.resources:
        for info in resource.infos:
            if info.name == "QUERY_STATUS" and str(info.value).upper() == "ERROR":
                text = shortened(info.content or "", 200)
                raise InputError(f"{name}: is a server's error message: {text!r}")
    tables = [table for table in document.iter_tables() if table.fields]
    if not tables:
        return StoredColumns({}, {}, [])
    words = [f"the first of {len(tables)} tables"] if len(tables) > 1 else []
    return from_astropy(tables[0].to_table(use_names_over_ids=True), words)


def _ecsv(data, name):
    """Return the columns of an ECSV table."""
    for shape in _CELL_SHAPE.findall(data):
        if math.prod(int(part) for part in shape.split(b",") if part.strip()) > _MOST_CELL:
            raise InputError(f"{name}: arrays of {shape.decode()} numbers in the cells of a column")
    return from_astropy(Table.read(io.BytesIO(data), format="ascii.ecsv"), [])


def _ipac(data, name):
    """Return the columns of an IPAC table."""
    return from_astropy(Table.read(data.decode(), format="ascii.ipac"), [])


def _mrt(data, name):
    """Return the columns of a machine-readable table of the AAS or the CDS with its description."""
    text = data.decode(errors="replace").splitlines()
    try:
        return from_astropy(Table.read(text, format="ascii.mrt"), [])
    except ValueError:
        return from_astropy(Table.read(text, format="ascii.cds"), [])


_READERS = {
    "FITS": _fits,
    "VOTable": _votable,
    "ECSV": _ecsv,
    "IPAC": _ipac,
    "MRT": _mrt,
    "Parquet": read_parquet,
    "HDF5": read_hdf5,
}
