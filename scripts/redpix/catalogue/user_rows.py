"""Rows of a user's table of objects in the names, units and spellings of redpix."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from redpix.catalogue.build import CatalogueRows, field_names
from redpix.catalogue.lost_ids import refuse_merged, whole_ids
from redpix.catalogue.positions import decimal_numbers, degrees, far_from_their_frame, unit_of
from redpix.catalogue.redshifts import standard_redshifts
from redpix.catalogue.spellings import spelled_columns, standard_classes
from redpix.core.job import log

_FRAME = ("run", "camcol", "field")
_DOTTED = r"^[0-9]+\.0*$"
#: unit by the end of a column's name
_UNIT_OF_NAME = {
    "hms": "hour",
    "hour": "hour",
    "hours": "hour",
    "deg": "deg",
    "degrees": "deg",
    "dms": "deg",
}
_LIMITS = {"ra": (0, 360), "dec": (-90, 90)}


def user_rows(table):
    """Return the rows of a user's table as redpix names and spells them.

    Cells that are not understood stay as they are, so that the check of the rows rejects them.
    The log has one line with everything that was assumed.

    Parameters
    ----------
    table : Table
        Table with any names of columns.

    Returns
    -------
    CatalogueRows

    Raises
    ------
    InputError
        If two columns have one name, a coordinate has an unknown unit, or an id that lost digits
        stands for more than one object.
    """
    spelled = spelled_columns(table)
    given = {name: table.units.get(name) or spelled.units.get(name, "") for name in table.names}
    rows = table.frame().rename(columns=spelled.names)
    assumed, warnings = list(spelled.assumed), list(spelled.warnings)
    for name, column in ({name: name for name in table.names} | spelled.names).items():
        if column in ("ra", "dec"):
            unit = unit_of(given[name], column, table.name) or _unit_in(name)
            cells, said = degrees(rows[column].to_numpy(), column, unit)
            _write(rows, column, cells)
            assumed += said
    assumed += [*_whole_frames(rows), *_classes(rows), *standard_redshifts(rows)]
    warnings += [*_ids(rows, table), *_far(rows, table)]
    if assumed:
        log.info("%s: assumed: %s", table.name, "; ".join(assumed))
    for warning in warnings:
        log.warning("%s: %s", table.name, warning)
    return CatalogueRows(rows, table.ragged)


def _unit_in(name):
    """Return the unit at the end of a coordinate's name, or an empty text."""
    return next((unit for end, unit in _UNIT_OF_NAME.items() if name.lower().endswith(end)), "")


def _whole_frames(rows):
    """Write whole numbers for frames such as 752.0; return what was assumed."""
    changed = []
    for column in [name for name in _FRAME if name in rows]:
        cells = pa.array(rows[column].to_numpy(), pa.string())
        dotted = pc.match_substring_regex(cells, _DOTTED)
        if pc.any(dotted).as_py():
            whole = pc.replace_substring_regex(cells, r"\.0*$", "")
            cells = pc.if_else(dotted, whole, cells).to_numpy(zero_copy_only=False)
            _write(rows, column, cells)
            changed.append(column)
    return [f"{', '.join(changed)} without the decimal point"] if changed else []


def _classes(rows):
    """Write classes as redpix spells them; return what was assumed."""
    if "class" not in rows:
        return []
    classes, replaced = standard_classes(rows["class"].to_numpy())
    _write(rows, "class", classes)
    return [f"class: {', '.join(replaced)}"] if replaced else []


def _ids(rows, table):
    """Write whole numbers for ids; return a warning if they lost digits."""
    if "id" not in rows:
        return []
    ids, lost = whole_ids(rows["id"].to_numpy())
    _write(rows, "id", ids)
    if not lost.any():
        return []
    refuse_merged(ids, lost, *_positions(rows), table)
    return [
        f"id: {np.count_nonzero(lost)} of {len(rows)} ids look as if they had lost their last "
        "digits as floating-point numbers; they differ and are used as names, but they are not the "
        "ids of the archive"
    ]


def _far(rows, table):
    """Return a warning if objects of one frame lie far apart."""
    if not {"ra", "dec", *_FRAME} <= set(rows):
        return []
    far = far_from_their_frame(*_positions(rows), field_names(rows))
    if not len(far):
        return []
    row = far[0]
    place = table.where(row).removeprefix(f"{table.name}: ")
    position = f"ra {rows['ra'].iloc[row]}, dec {rows['dec'].iloc[row]}"
    return [
        f"{len(far)} objects lie more than 1 degree from the others of their field, first that of "
        f"{place} ({position}); if ra is in hours, name the column 'ra [hour]'"
    ]


def _positions(rows):
    """Return right ascension and declination, degrees; NaN where they are unknown or impossible."""
    positions = []
    for column, (lower, upper) in _LIMITS.items():
        cells = rows[column].to_numpy() if column in rows else np.full(len(rows), "", object)
        number = decimal_numbers(cells)
        positions.append(np.where((number >= lower) & (number <= upper), number, np.nan))
    return positions


def _write(rows, column, cells):
    """Replace a column of text, if it has changed, without a change of its type."""
    if not np.array_equal(rows[column].to_numpy(), cells):
        rows[column] = pd.Series(cells, index=rows.index, dtype="str")
