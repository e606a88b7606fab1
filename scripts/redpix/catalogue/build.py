"""The object catalogue: checked rows, one per object, and the frames that hold the objects."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from redpix.catalogue.cells import checked_numbers
from redpix.catalogue.twins import close_twins, same_id
from redpix.core.exceptions import InputError

_FRAME = ["run", "camcol", "field"]
#: columns of objects.csv, in order; other columns of the table follow
COLUMNS = ("id", "ra", "dec", "redshift", "redshiftError", "class", *_FRAME, *"ugriz")

#: columns of rejected.csv; `detail` is the wrong value, or the line of the row's duplicate
REJECTED_COLUMNS = ("line", "id", "reason", "detail")


class CatalogueRows(NamedTuple):
    """Rows of a table of objects before they are checked.

    Attributes
    ----------
    rows : DataFrame of str
        Cells; an empty one is unknown. Index: 1-based line of the file.
    ragged : list of (int, str)
        Line of each row that cannot be read, and the reason.
    """

    rows: pd.DataFrame
    ragged: list


class Catalogue(NamedTuple):
    """Checked objects and rejected rows.

    Attributes
    ----------
    objects : DataFrame
        `COLUMNS`, then other columns, sorted by run, camcol, field and id. NaN or empty: unknown.
    rejected : DataFrame
        `REJECTED_COLUMNS`, sorted by line.
    cleared : int
        Number of impossible magnitudes, which count as unknown.
    """

    objects: pd.DataFrame
    rejected: pd.DataFrame
    cleared: int


def rejected_rows(rows):
    """Return a table of rejected rows.

    Parameters
    ----------
    rows : sequence of tuple
        Values of `REJECTED_COLUMNS`.

    Returns
    -------
    DataFrame
    """
    return pd.DataFrame(rows, columns=list(REJECTED_COLUMNS))


def of_shard(catalogue, shard):
    """Return the objects of a catalogue in one run and camcol.

    Parameters
    ----------
    catalogue : Catalogue
        Catalogue of all shards, whose duplicates are removed.
    shard : str
        ``run-camcol``.

    Returns
    -------
    Catalogue
        Without rejected rows, which the catalogue of all shards lists.

    Raises
    ------
    InputError
        If the shard holds no object.
    """
    run, camcol = map(int, shard.split("-"))
    objects = catalogue.objects
    inside = (objects["run"] == run) & (objects["camcol"] == camcol)
    if not inside.any():
        raise InputError(f"shard: {shard} holds no object of the catalogue; allowed: another one")
    return catalogue._replace(
        objects=objects[inside].reset_index(drop=True), rejected=catalogue.rejected[:0]
    )


def build(table, schema, name, duplicate_radius, fields=None):
    """Check every row, and keep each object once.

    A row is rejected for its first fault. Of rows with one id, and of rows closer to each other
    than `duplicate_radius`, a row with a redshift is preferred, then the first of the file.

    Parameters
    ----------
    table : CatalogueRows
        Rows as text.
    schema : Mapping
        JSON schema of a row (objects.schema.yaml): required columns, types, limits, classes.
    name : str
        Name of the table in messages.
    duplicate_radius : float
        Arcsec; 0 keeps close rows.
    fields : sequence of str, optional
        ``run-camcol-field``; rows of other fields are rejected.

    Returns
    -------
    Catalogue

    Raises
    ------
    InputError
        If a required column is missing, or no row is left.
    """
    rows = _named(table.rows, schema, name)
    values, faults, cleared = _parsed(rows, schema)
    objects = rows.assign(**values)
    reason, detail = _first_fault(rows, faults, schema["required"])
    if fields is not None:
        frame = field_names(objects)
        outside = (reason == "") & ~np.isin(frame, list(fields))
        reason[outside] = "outside the fields asked for"
        detail[outside] = frame[outside]

    preferred = np.lexsort((np.arange(len(rows)), np.isnan(values["redshift"])))
    preferred = preferred[reason[preferred] == ""]
    twin = same_id(values["id"], preferred)
    _reject_twins(twin, "id of another row", rows.index, reason, detail)
    preferred = preferred[twin[preferred] < 0]
    twin = close_twins(values["ra"], values["dec"], duplicate_radius, preferred)
    _reject_twins(twin, "within duplicate_radius of another row", rows.index, reason, detail)

    bad = reason != ""
    listed = zip(rows.index[bad], rows["id"][bad], reason[bad], detail[bad], strict=True)
    ragged = [(line, "", "row cannot be read", why) for line, why in table.ragged]
    rejected = rejected_rows([*ragged, *listed]).sort_values("line", ignore_index=True)
    return sorted_catalogue(objects[~bad], rejected, cleared, name)


def columns_of(schema):
    """Return the columns of a catalogue and those of its magnitudes.

    Parameters
    ----------
    schema : Mapping
        JSON schema of a row: the properties after ``field`` are magnitudes.

    Returns
    -------
    columns, magnitudes : tuple of str
    """
    columns = tuple(schema["properties"])
    return columns, columns[columns.index("field") + 1 :]


def _named(rows, schema, name):
    """Return rows with the schema's column names; absent optional columns are empty."""
    columns, magnitudes = columns_of(schema)
    spelled = {column.lower(): column for column in columns if column not in magnitudes}
    names = [spelled.get(column.lower(), column) for column in rows.columns]
    double = [column for column in names if names.count(column) > 1]
    if double:
        raise InputError(f"{name}: more than one column is {double[0]!r}, upper or lower case")
    missing = [column for column in schema["required"] if column not in names]
    if missing:
        raise InputError(
            f"{name}: no column {', '.join(missing)}; it has {', '.join(names[:20])}; needed: "
            f"{', '.join(schema['required'])}"
        )
    others = [column for column in names if column not in columns]
    return rows.set_axis(names, axis=1).reindex(columns=[*columns, *others], fill_value="")


def _parsed(rows, schema):
    """Return the values of each column, the fault of each cell, the number of cleared magnitudes.

    An empty cell is unknown and has no fault: NaN, or 0 in a column of whole numbers.
    """
    rows["class"] = rows["class"].str.upper()
    values, faults, cleared = {}, {}, 0
    columns, magnitudes = columns_of(schema)
    for column in columns:
        rule = schema["properties"][column]
        if "enum" in rule:
            values[column] = rows[column].to_numpy()
            unknown = ~rows[column].isin(["", *rule["enum"]])
            faults[column] = np.where(unknown, "is unknown", "").astype(object)
        else:
            values[column], faults[column] = checked_numbers(rows[column].to_numpy(), rule)
        if column == "redshift":
            faults[column][(values[column] < 0) & (rows["class"] != "STAR")] = "is negative"
        if column in magnitudes:
            impossible = faults.pop(column) != ""
            values[column][impossible] = np.nan
            cleared += np.count_nonzero(impossible)
        elif not (faults[column] != "").any():  # one text for all rows bounds the memory
            faults[column] = np.broadcast_to(np.array("", object), len(rows))
    return values, faults, cleared


def _first_fault(rows, faults, required):
    """Return the first fault of each row, empty without one, and the cell at fault."""
    reason, detail = np.full((2, len(rows)), "", dtype=object)
    for column, fault in faults.items():
        text = rows[column].to_numpy()
        if column in required:
            fault = np.where(text == "", "is missing", fault)
        new = (reason == "") & (fault != "")
        reason[new] = f"{column} " + fault[new]
        detail[new] = [cell[:60] for cell in text[new]]
    return reason, detail


def _reject_twins(twin, why, lines, reason, detail):
    """Write reason and detail of the rows that have a twin."""
    late = twin >= 0
    reason[late], detail[late] = why, [f"line {lines[row]}" for row in twin[late]]


def field_names(objects):
    """Return the name of each row's field.

    Parameters
    ----------
    objects : DataFrame
        Columns run, camcol and field; field alone if fields have names.

    Returns
    -------
    ndarray of str, shape (n,)
        ``run-camcol-field``, or the name.
    """
    if "run" not in objects:
        return objects["field"].to_numpy(str)
    return np.array(["-".join(map(str, one)) for one in objects[_FRAME].itertuples(index=False)])


def frames_of(objects):
    """Return the distinct frames of the objects, sorted.

    Parameters
    ----------
    objects : DataFrame
        As for `field_names`.

    Returns
    -------
    DataFrame
        One row per frame: run, camcol, field.
    """
    frame = [column for column in _FRAME if column in objects]
    return objects[frame].drop_duplicates().sort_values(frame, ignore_index=True)


def sorted_catalogue(objects, rejected, cleared, name):
    """Return a catalogue in its order, with ids and frames as int64.

    Parameters
    ----------
    objects : DataFrame
        Objects in any order.
    rejected : DataFrame
        Rejected rows.
    cleared : int
        Number of impossible magnitudes.
    name : str
        Name of the table in messages.

    Returns
    -------
    Catalogue

    Raises
    ------
    InputError
        If the catalogue is empty.
    """
    if objects.empty:
        why = ""
        if len(rejected):
            reason = rejected["reason"].value_counts().index[0]
            first = rejected[rejected["reason"] == reason].iloc[0]
            why = f"; most often: {reason}, as in line {first['line']} ({first['detail']!r})"
        raise InputError(f"{name}: no object is left, {len(rejected)} rows rejected{why}")
    frame = [column for column in _FRAME if column in objects]
    whole = ["id", *frame] if "run" in frame else ["id"]
    objects = objects.astype(dict.fromkeys(whole, np.int64))
    objects = objects.sort_values([*frame, "id"], ignore_index=True)
    return Catalogue(objects, rejected, cleared)
