"""The object catalogue: rows from anywhere, checked, each object once, and the frames they need."""

import math
from string import Template
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from redpix.core.exceptions import InputError
from redpix.io.number_tables import checked_numbers

#: columns of objects.csv, in order; any others follow
COLUMNS = (
    *("id", "ra", "dec", "redshift", "redshiftError", "class"),
    *("run", "camcol", "field", "u", "g", "r", "i", "z"),
)

#: columns of rejected.csv; `detail` is the value at fault, or where the row's double is
REJECTED_COLUMNS = ("line", "id", "reason", "detail")

#: SkyServer cuts an answer off at this many rows
SKYSERVER_ROWS = 500_000

# error given to a redshift of the demo sky, which is exact: about the survey's own
_DEMO_REDSHIFT_ERROR = "0.0001"

_MAGNITUDES = ("u", "g", "r", "i", "z")
_FRAME = ["run", "camcol", "field"]


class Catalogue(NamedTuple):
    """Objects to work on, and what was left out.

    Attributes
    ----------
    objects : DataFrame
        `COLUMNS`, then any others, sorted by run, camcol, field and id. NaN or empty: unknown.
    rejected : DataFrame
        `REJECTED_COLUMNS`, sorted by line.
    cleared : int
        Magnitudes that could not be one and were made unknown.
    """

    objects: pd.DataFrame
    rejected: pd.DataFrame
    cleared: int


def _rejected(rows):
    return pd.DataFrame(rows, columns=list(REJECTED_COLUMNS))


def demo_table(table):
    """Rows of the demo's truth that a spectroscopic survey would know, in columns of objects.csv.

    Parameters
    ----------
    table : Table
        The truth; its column ``catalogued`` holds True or False.
    """
    rows = table.rows[table.rows["catalogued"] == "True"]
    rows = rows[[column for column in COLUMNS if column in rows]].copy()
    rows["redshiftError"] = np.where(rows["redshift"] == "", "", _DEMO_REDSHIFT_ERROR)
    return table._replace(rows=rows)


def of_shard(catalogue, shard):
    """The part of a catalogue that lies in one run and camcol.

    Parameters
    ----------
    catalogue : Catalogue
        Of all shards: which of two close rows is kept is settled before it is cut up.
    shard : str
        ``run-camcol``.

    Returns
    -------
    Catalogue
        Its objects; rows that were left out stand in the catalogue of the whole.

    Raises
    ------
    InputError
        If it holds no object.
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
    """Check every row, keep each object once.

    A row is left out for the first thing wrong with it. Of rows with one id, and of rows closer
    to each other than `duplicate_radius`, one with a redshift is kept before one without, then
    the first of the file.

    Parameters
    ----------
    table : Table
        As from `redpix.io.number_tables.read_table`.
    schema : Mapping
        JSON schema of a row (objects.schema.yaml): required columns, types, limits, classes.
    name : str
        What a message calls the table.
    duplicate_radius : float
        Arcsec; 0 leaves close rows alone.
    fields : sequence of str, optional
        ``run-camcol-field``; rows of other fields are left out.

    Raises
    ------
    InputError
        If a required column is missing, or no row is left.
    """
    rows = _named(table.rows, schema, name)
    values, flaws, cleared = _parsed(rows, schema)
    objects = rows.assign(**values)
    reason, detail = _first_flaw(rows, flaws, schema["required"])
    if fields is not None:
        frame = field_names(objects)
        outside = (reason == "") & ~np.isin(frame, list(fields))
        reason[outside] = "outside the fields asked for"
        detail[outside] = frame[outside]

    preferred = np.lexsort((np.arange(len(rows)), np.isnan(values["redshift"])))
    preferred = preferred[reason[preferred] == ""]
    twin = _same_id(values["id"], preferred)
    _leave_out(twin, "id of another row", rows.index, reason, detail)
    preferred = preferred[twin[preferred] < 0]
    twin = close_twins(values["ra"], values["dec"], duplicate_radius, preferred)
    _leave_out(twin, "within duplicate_radius of another row", rows.index, reason, detail)

    bad = reason != ""
    listed = zip(rows.index[bad], rows["id"][bad], reason[bad], detail[bad], strict=True)
    ragged = [(line, "", "row cannot be read", why) for line, why in table.ragged]
    rejected = _rejected([*ragged, *listed])
    rejected = rejected.sort_values("line", ignore_index=True)
    return _finished(objects[~bad], rejected, cleared, name)


def _named(rows, schema, name):
    """Rows under the schema's names of columns, with empty columns for the optional ones."""
    known = {column.lower(): column for column in COLUMNS if column not in _MAGNITUDES}
    names = [known.get(column.lower(), column) for column in rows.columns]
    double = [column for column in names if names.count(column) > 1]
    if double:
        raise InputError(f"{name}: more than one column is {double[0]!r}, upper or lower case")
    missing = [column for column in schema["required"] if column not in names]
    if missing:
        raise InputError(
            f"{name}: no column {', '.join(missing)}; it has {', '.join(names[:20])}; needed: "
            f"{', '.join(schema['required'])}"
        )
    rows = rows.set_axis(names, axis=1)
    others = [column for column in names if column not in COLUMNS]
    return rows.reindex(columns=[*COLUMNS, *others], fill_value="")


def _parsed(rows, schema):
    """Values of every column, what is wrong with each cell, and how many magnitudes were cleared.

    An empty cell is unknown, and nothing is wrong with it: NaN, or 0 where numbers are whole.
    """
    rows["class"] = rows["class"].str.upper()
    values, flaws, cleared = {}, {}, 0
    for column in COLUMNS:
        rule = schema["properties"][column]
        if "enum" in rule:
            values[column] = rows[column].to_numpy()
            known = rows[column].isin(["", *rule["enum"]])
            flaws[column] = np.where(known, "", "is unknown").astype(object)
        else:
            values[column], flaws[column] = checked_numbers(rows[column].to_numpy(), rule)
    flaws["redshift"][(values["redshift"] < 0) & (rows["class"] != "STAR")] = "is negative"
    for band in _MAGNITUDES:
        impossible = flaws.pop(band) != ""
        values[band][impossible] = np.nan
        cleared += np.count_nonzero(impossible)
    return values, flaws, cleared


def _first_flaw(rows, flaws, required):
    """The first thing wrong with each row ("" where nothing is), and the cell at fault."""
    reason = np.full(len(rows), "", dtype=object)
    detail = reason.copy()
    for column, flaw in flaws.items():
        text = rows[column].to_numpy()
        if column in required:
            flaw = np.where(text == "", "is missing", flaw)
        new = (reason == "") & (flaw != "")
        reason[new] = f"{column} " + flaw[new]
        detail[new] = [cell[:60] for cell in text[new]]
    return reason, detail


def _same_id(ids, preferred):
    """For each row the preferred row with its id, -1 where it is that row."""
    twin = np.full(len(ids), -1)
    first = {}
    for row in preferred:
        kept = first.setdefault(ids[row], row)
        twin[row] = kept if kept != row else -1
    return twin


def close_twins(ra, dec, radius, preferred, group=None):
    """Rows that stand for an object which another row stands for already.

    Rows are taken in order of preference; each that has no twin yet is kept and becomes the twin
    of all later ones within the radius.

    Parameters
    ----------
    ra, dec : ndarray, shape (n,)
        Degrees.
    radius : float
        Arcsec; 0: no row has a twin.
    preferred : ndarray of int
        The rows that take part, most preferred first.
    group : ndarray, shape (n,), optional
        Rows of one group are never twins.

    Returns
    -------
    ndarray of int, shape (n,)
        The kept row that is a row's twin; -1 for kept rows and those that take no part.
    """
    twin = np.full(len(ra), -1)
    if radius == 0 or not len(preferred):
        return twin
    ra, dec = np.deg2rad(ra[preferred]), np.deg2rad(dec[preferred])
    # on the unit sphere neither RA 0 nor a pole is an edge
    points = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
    chord = 2 * math.sin(math.radians(radius / 3600) / 2)
    tree = cKDTree(points)
    crowded = tree.query_ball_point(points, chord, return_length=True) > 1
    for place in np.flatnonzero(crowded):
        row = preferred[place]
        if twin[row] >= 0:
            continue
        near = preferred[tree.query_ball_point(points[place], chord)]
        near = near[(near != row) & (twin[near] < 0)]
        twin[near if group is None else near[group[near] != group[row]]] = row
    return twin


def _leave_out(twin, why, lines, reason, detail):
    """Enter the rows that have a twin among the rejected."""
    late = np.flatnonzero(twin >= 0)
    reason[late] = why
    detail[late] = [f"line {lines[row]}" for row in twin[late]]


def field_names(objects):
    """``run-camcol-field`` of every row, an array of str."""
    frame = (objects[column] for column in _FRAME)
    return np.array([f"{run}-{camcol}-{field}" for run, camcol, field in zip(*frame, strict=True)])


def frames(objects):
    """The distinct run, camcol, field of the objects, sorted."""
    return objects[_FRAME].drop_duplicates().sort_values(_FRAME, ignore_index=True)


def merge_detections(lists, schema, band, duplicate_radius):
    """Objects of no known redshift from the sources detected in each field.

    A source that two fields show is kept in the field where it lies farther from the image's
    edge; if equally far, in the field given first. Two sources of one field are two objects,
    however close.

    Parameters
    ----------
    lists : dict of DataFrame
        By field, (run, camcol, field): columns ``number`` (from 1, up to 99999), ``ra``, ``dec``
        (degrees), ``mag`` and ``edge_distance`` (pixels); index: line of the file.
    schema : Mapping
        JSON schema of a row (objects.schema.yaml), for the limits of magnitudes.
    band : str
        Band of ``mag``.
    duplicate_radius : float
        Arcsec.

    Returns
    -------
    Catalogue
        An id is made of run (6 digits), camcol, field (4) and number (5).
    """
    if not lists:
        raise InputError("detections: none of the fields came; allowed: at least one")
    parts = []
    for (run, camcol, field), sources in lists.items():
        if (sources["number"] > 99_999).any():
            raise InputError(
                f"field {run}-{camcol}-{field}: {len(sources)} sources; allowed: 99999, raise "
                "sources.threshold"
            )
        first = int(f"{run:06d}{camcol}{field:04d}{0:05d}")
        frame = {"run": run, "camcol": camcol, "field": field}
        part = sources[["ra", "dec", "mag", "edge_distance"]].astype(float)
        parts.append(part.assign(line=part.index, id=first + sources["number"], **frame))
    rows = pd.concat(parts, ignore_index=True)
    position = np.repeat(np.arange(len(parts)), [len(part) for part in parts])

    preferred = np.lexsort((np.arange(len(rows)), position, -rows["edge_distance"]))
    ra, dec = rows["ra"].to_numpy(), rows["dec"].to_numpy()
    twin = close_twins(ra, dec, duplicate_radius, preferred, group=position)
    late = np.flatnonzero(twin >= 0)
    rejected = _rejected(
        [
            (rows["line"][row], rows["id"][row], "seen in another field", rows["id"][twin[row]])
            for row in late
        ]
    )
    rule = schema["properties"][band]
    possible = rows["mag"].between(rule["minimum"], rule["maximum"])
    rows[band] = rows["mag"].where(possible)
    objects = rows[twin < 0].reindex(columns=COLUMNS)
    objects["class"] = ""
    return _finished(objects, rejected, np.count_nonzero(~possible), "detections")


def _finished(objects, rejected, cleared, name):
    if objects.empty:
        why = ""
        if len(rejected):
            reason = rejected["reason"].value_counts().index[0]
            first = rejected[rejected["reason"] == reason].iloc[0]
            why = f"; most often: {reason}, as in line {first['line']} ({first['detail']!r})"
        raise InputError(f"{name}: no object is left, {len(rejected)} rows rejected{why}")
    objects = objects.astype({"id": np.int64} | dict.fromkeys(_FRAME, np.int64))
    objects = objects.sort_values([*_FRAME, "id"], ignore_index=True)
    return Catalogue(objects, rejected, cleared)


def skyserver_query(template, ra, dec, limit=None):
    """SQL for the objects of a region; nothing but numbers gets into it.

    Parameters
    ----------
    template : str
        SQL with ``$top``, ``$ra_min``, ``$ra_max``, ``$dec_min`` and ``$dec_max``.
    ra, dec : sequence of two floats
        Smallest and largest, degrees.
    limit : int, optional
        Most rows to return.
    """
    corners = [repr(float(number)) for number in (*ra, *dec)]
    names = ("ra_min", "ra_max", "dec_min", "dec_max")
    top = "" if limit is None else f"TOP {int(limit)}"
    return Template(template).substitute(dict(zip(names, corners, strict=True)), top=top)
