"""Make the object catalogue: from a table, SkyServer, the demo's truth or detections."""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from redpix.catalogue.build import (
    COLUMNS,
    build,
    field_names,
    frames_of,
    of_shard,
)
from redpix.catalogue.given_fields import (
    named_schema,
    placed_rows,
    read_footprints,
    with_reason_outside,
)
from redpix.catalogue.merge import merge_detections
from redpix.catalogue.sfd_maps import with_reddening
from redpix.catalogue.skyserver import skyserver_rows
from redpix.catalogue.user_rows import user_rows
from redpix.core.atomic_files import atomic
from redpix.core.job import log
from redpix.io.described_table import write_described
from redpix.io.tables import read_table

# redshift error of objects of the demo sky, close to that of the survey: true redshifts are exact
_DEMO_REDSHIFT_ERROR = "0.0001"


def make_catalogue(
    source,
    schema,
    objects,
    frames,
    rejected,
    origin,
    duplicate_radius,
    fields,
    shard,
    sfd_maps=(),
    **query,
):
    """Write the catalogue of objects, the frames that hold them, and the rejected rows.

    Parameters
    ----------
    source : str or list of str
        Path of the table, of the query for SkyServer, or of the detections of each field.
    schema : str
        Path of the JSON schema of a row (objects.schema.yaml).
    objects, frames, rejected : str
        Paths of the CSVs to write.
    origin : str
        ``demo``, ``skyserver``, ``detections``, or the path of a table of objects.
    duplicate_radius : float
        Rows closer than this are one object, arcsec; 0: each row is an object.
    fields : sequence of str or None
        ``run-camcol-field``; rows of other fields are left out.
    shard : str or None
        ``run-camcol`` to which the catalogue is cut after the duplicates are removed.
    sfd_maps : list of str, optional
        Maps of dust of SFD; E(B-V) at each object becomes the column ebv_sfd.
    **query : dict
        For SkyServer: area, limit and release, as for `skyserver_rows`. For detections:
        reference_band, the band of their magnitudes. For the fields of a user's table of images:
        its bands, and statuses, the JSON files of the fields.

    Raises
    ------
    InputError
        If the source cannot be read, or no object is left.
    """
    rules = yaml.safe_load(Path(schema).read_text(encoding="utf-8"))
    result = _checked_objects(source, rules, origin, duplicate_radius, fields, query)
    if shard is not None:
        result = of_shard(result, shard)
    result = result._replace(objects=with_reddening(result.objects, sfd_maps))
    _log_result(result, fields)
    if len(result.rejected) and origin not in ("demo", "detections"):
        log.warning("%d rows left out, listed in %s", len(result.rejected), rejected)
    tables = {objects: result.objects, frames: frames_of(result.objects), rejected: result.rejected}
    for path, table in tables.items():
        _write(path, table)
    write_described(objects, "one row per object of the catalogue")


def _checked_objects(source, rules, origin, duplicate_radius, fields, query):
    """Return the catalogue of all shards."""
    bands = query.get("bands")
    if bands is not None:
        rules = named_schema(rules, fields, bands)
    if origin == "detections":
        lists = read_detections(source, None if bands is None else fields)
        log.info("%d detections in %d fields", sum(map(len, lists.values())), len(lists))
        return merge_detections(lists, rules, query["reference_band"], duplicate_radius)
    log.info("catalogue from %s: %s", origin, source)
    rows = _rows_from(origin, source, query)
    if bands is None:
        return build(rows, rules, source, duplicate_radius, fields)
    rows = placed_rows(rows, read_footprints(query["statuses"]))
    return with_reason_outside(build(rows, rules, source, duplicate_radius))


def _rows_from(origin, source, query):
    """Return the rows of SkyServer, of the demo's truth or of a user's table."""
    if origin == "skyserver":
        template = Path(source).read_text(encoding="utf-8")
        return skyserver_rows(template, query["area"], query["limit"], query["release"])
    return demo_rows(read_rows(source)) if origin == "demo" else read_rows(source)


def read_rows(path):
    """Return the rows of a user's table of objects, all cells as text.

    Parameters
    ----------
    path : str or path
        Table in any format of `redpix.io.tables.read_table`.

    Returns
    -------
    CatalogueRows
        With the names, units and spellings of redpix.

    Raises
    ------
    InputError
        If the file cannot be read, is not a table, or has ids that stand for several objects.
    """
    table = read_table(path, keep_ragged=True, allow_empty=True)
    log.info("%s", table.understood)
    return user_rows(table)


def demo_rows(truth):
    """Return the rows of the demo's truth that a spectroscopic survey would have.

    Parameters
    ----------
    truth : CatalogueRows
        The column ``catalogued`` holds True or False.

    Returns
    -------
    CatalogueRows
        Rows with the columns of objects.csv, and the extinction in each band, as of SkyServer.
    """
    rows = truth.rows[truth.rows["catalogued"] == "True"]
    extinction = [column for column in rows if column.startswith("extinction_")]
    rows = rows[[column for column in COLUMNS if column in rows] + extinction].copy()
    rows["redshiftError"] = np.where(rows["redshift"] == "", "", _DEMO_REDSHIFT_ERROR)
    return truth._replace(rows=rows)


def read_detections(paths, fields=None):
    """Return the detections of each field.

    Parameters
    ----------
    paths : iterable of str
        CSVs of the rule detections; the field is in the file's name.
    fields : sequence of str, optional
        Names of the fields of a table of images, in its order.

    Returns
    -------
    dict of DataFrame
        By run, camcol and field, or by place in the table from 1 and name; the index is the 1-based
        line of the file.
    """
    lists = {}
    for path in map(Path, paths):
        name = path.name.removesuffix(".detections.csv")
        if fields is None:
            field = tuple(map(int, name.split("-")))
        else:
            field = (list(fields).index(name) + 1, name)
        sources = pd.read_csv(path)
        lists[field] = sources.set_axis(sources.index + 2)  # line 1 is the header
    return lists


def _log_result(result, fields):
    """Log the numbers of kept and rejected rows."""
    objects, rejected, cleared = result
    with_redshift = objects["redshift"].notna().sum()
    frames = frames_of(objects)
    log.info(
        "%d objects, %d with a redshift, in %d frames", len(objects), with_redshift, len(frames)
    )
    for reason, count in rejected["reason"].value_counts(sort=False).sort_index().items():
        log.info("left out: %d rows: %s", count, reason)
    if cleared:
        log.info("%d magnitudes are impossible (such as -9999) and count as unknown", cleared)
    if fields is not None:
        empty = [field for field in fields if field not in set(field_names(frames))]
        if empty:
            log.warning("fields without an object: %s", ", ".join(empty))


def _write(path, table):
    """Write a table as CSV."""
    with atomic(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    log.info("%s: %d rows", path, len(table))
