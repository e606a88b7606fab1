"""Merge the detections of overlapping fields into a catalogue of objects."""

import numpy as np
import pandas as pd

from redpix.catalogue.build import columns_of, rejected_rows, sorted_catalogue
from redpix.catalogue.twins import close_twins, covered_twins
from redpix.core.exceptions import InputError

#: largest number of sources in a field: an id has five digits for the source
MOST_SOURCES = 99_999


def first_id(field):
    """Return the number from which the ids of a field's sources count.

    Parameters
    ----------
    field : (int, int, int) or (int, str)
        Run, camera column and number; or place in the table of images, from 1, and name.

    Returns
    -------
    int
        An id adds the number of the source, 1 to `MOST_SOURCES`, and fits into an int64.
    """
    if len(field) == 2:
        return field[0] * (MOST_SOURCES + 1)
    run, camcol, number = field
    return int(f"{run:06d}{camcol}{number:04d}{0:05d}")


def merge_detections(lists, schema, band, duplicate_radius):
    """Return a catalogue of the sources that are detected in each field; redshifts are unknown.

    A source that two fields show is kept in the field where it is farther from the image's
    edge; if equally far, in the field given first. A source inside the segment of an object that
    another field keeps is not an object. Two sources of one field are two objects, however close.

    Parameters
    ----------
    lists : dict of DataFrame
        By field, (run, camcol, field) or (place in the table of images, name): columns ``number``
        (1-based, at most `MOST_SOURCES`), ``ra``, ``dec`` (degrees), ``mag`` and
        ``edge_distance`` (pixels); index: line of the file.
    schema : Mapping
        JSON schema of a row (objects.schema.yaml), for the limits of magnitudes.
    band : str
        Band of ``mag``.
    duplicate_radius : float
        Largest separation of one source in two fields, arcsec.

    Returns
    -------
    Catalogue
        An id is made of run (6 digits), camcol, field (4 digits) and number (5 digits); or of the
        place of the field in its table, from 1, and number (5 digits).

    Raises
    ------
    InputError
        If fields or sources are missing, or if a field has too many sources.
    """
    if not lists:
        raise InputError("detections: none of the fields came; allowed: at least one")
    parts = [_numbered(field, sources) for field, sources in lists.items()]
    rows = pd.concat(parts, ignore_index=True)
    position = np.repeat(np.arange(len(parts)), [len(part) for part in parts])

    preferred = np.lexsort((np.arange(len(rows)), position, -rows["edge_distance"]))
    ra, dec = rows["ra"].to_numpy(), rows["dec"].to_numpy()
    twin = close_twins(ra, dec, duplicate_radius, preferred, group=position)
    if "radius" in rows and duplicate_radius > 0:
        # a source inside the segment of another field's object would count its pixels again
        alone = preferred[twin[preferred] < 0]
        inside = covered_twins(ra, dec, rows["radius"].to_numpy(), alone, position)
        twin = np.where(inside >= 0, inside, twin)
    late = np.flatnonzero(twin >= 0)
    rejected = rejected_rows(
        [
            (rows["line"][row], rows["id"][row], "seen in another field", rows["id"][twin[row]])
            for row in late
        ]
    )
    rule = schema["properties"][band]
    possible = rows["mag"].between(rule["minimum"], rule["maximum"])
    rows[band] = rows["mag"].where(possible)
    objects = rows[twin < 0].reindex(columns=columns_of(schema)[0])
    objects["class"] = ""
    return sorted_catalogue(objects, rejected, np.count_nonzero(~possible), "detections")


def _numbered(field, sources):
    """Return the sources of a field with their ids and the line of each."""
    name = "-".join(map(str, field)) if len(field) == 3 else field[1]
    if (sources["number"] > MOST_SOURCES).any():
        raise InputError(
            f"field {name}: {len(sources)} sources; allowed: {MOST_SOURCES}, "
            "raise sources.threshold"
        )
    columns = ["ra", "dec", "mag", "edge_distance"] + ["radius"] * ("radius" in sources)
    rows = sources[columns].astype(float).assign(line=sources.index)
    rows = rows.assign(id=first_id(field) + sources["number"])
    if len(field) == 2:
        return rows.assign(field=name)
    run, camcol, number = field
    return rows.assign(run=run, camcol=camcol, field=number)
