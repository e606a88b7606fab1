"""Write a CSV table of a run as ECSV, too: with the type, unit, UCD and description of columns."""

import csv
import json
import shutil
from pathlib import Path

import pyarrow
import pyarrow.compute
import pyarrow.csv

from redpix.core.atomic_files import atomic
from redpix.io.column_meanings import meaning_of

#: types of ECSV in the order in which they are tried
_TYPES = (("int64", pyarrow.int64()), ("float64", pyarrow.float64()))

#: what a row of a table is, for its header
OBJECTS = "one row per object, with its photometric redshift"
STARS = "one row per star, the brightest first"

#: units of fluxes by BUNIT
FLUX_UNITS = {"nanomaggy": "3.631e-06 Jy", "count": "ct"}


def write_described(table, about, flux_unit="ct", meanings=()):
    """Write a CSV table as ECSV beside it: the same rows below a header that describes the columns.

    Parameters
    ----------
    table : path-like
        CSV file with a line of names; the ECSV file has its name with the suffix ``.ecsv``.
    about : str
        What a row is, for the header.
    flux_unit : str
        Unit of fluxes of the image, as astropy writes it.
    meanings : mapping of str to (str, str, str), optional
        Unit, UCD and description of columns that mean something else in this table.
    """
    lines = ["%ECSV 1.0", "---", "delimiter: ','", "datatype:"]
    for name, kind in column_types(table).items():
        meaning = dict(meanings).get(name) or meaning_of(name, flux_unit)
        lines.append(f"- {json.dumps(_described(name, kind, *meaning), ensure_ascii=False)}")
    lines += [f"meta: {json.dumps({'description': about, 'creator': 'redpix'})}"]
    lines += ["schema: astropy-2.0"]
    with (
        atomic(Path(table).with_suffix(".ecsv")) as temporary,
        open(temporary, "wb") as file,
        open(table, "rb") as rows,
    ):
        file.write("".join(f"# {line}\n" for line in lines).encode())
        shutil.copyfileobj(rows, file)


def _described(name, kind, unit, ucd, words):
    """Return the entry of a column in the header."""
    entry = {"name": name, "unit": unit, "datatype": kind, "description": words}
    if ucd:
        entry["meta"] = {"ucd": ucd}
    return {key: value for key, value in entry.items() if value}


def column_types(table):
    """Return the type of each column of a CSV table: that which all its cells have.

    Parameters
    ----------
    table : path-like
        CSV file with a line of names. It is read in blocks.

    Returns
    -------
    dict of str to str
        ``int64``, ``float64`` or ``string`` by column. A column without any value is a number if it
        has a unit, else text.
    """
    with open(table, encoding="utf-8") as file:
        names = next(csv.reader([file.readline()]))
    texts = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pyarrow.string()),
        strings_can_be_null=True,
        null_values=[""],
    )
    ranks, filled = dict.fromkeys(names, 0), set()
    with pyarrow.csv.open_csv(table, convert_options=texts) as blocks:
        for block in blocks:
            for name in names:
                column = block[name]
                if column.null_count < len(column):
                    filled.add(name)
                    ranks[name] = _rank(column, ranks[name])
    kinds = [kind for kind, _ in _TYPES] + ["string"]
    return {
        name: kinds[ranks[name]] if name in filled else _kind_without_values(name) for name in names
    }


def _rank(column, rank):
    """Return the place in `_TYPES` of the first type from a place on that a column has."""
    for place in range(rank, len(_TYPES)):
        try:
            pyarrow.compute.cast(column, _TYPES[place][1])
        except pyarrow.ArrowInvalid:
            continue
        return place
    return len(_TYPES)


def _kind_without_values(name):
    """Return the type of a column without any value."""
    return "float64" if meaning_of(name)[0] else "string"
