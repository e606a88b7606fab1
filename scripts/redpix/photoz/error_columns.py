"""Find the columns of errors of magnitudes and fluxes by their names."""

from redpix.photoz.column_families import (
    ERROR_NAMES,
    ERRORS_OF_BANDS,
    FLUXES,
    MAGNITUDES,
    band_of,
)
from redpix.photoz.column_names import find
from redpix.photoz.name_templates import errors_of, zero_point_by_name


def is_numbered_flux(column, header):
    """Return whether a column is EAZY's flux of a numbered filter, such as F205, or its error.

    Parameters
    ----------
    column : str
        Name of the column.
    header : redpix.photoz.column_names.ColumnNames
        Names of the columns of the table.

    Returns
    -------
    bool
    """
    pair = "F" + column[1:], "E" + column[1:]
    return column.upper() in pair and all(find(header, name) for name in pair)


def plain_error(column, header):
    """Return the column of errors that follows the usual rules, or None.

    Parameters
    ----------
    column : str
        Name of the column of magnitudes or fluxes.
    header : redpix.photoz.column_names.ColumnNames
        Names of the columns of the table.

    Returns
    -------
    str or None
    """
    names = [pattern.format(column) for pattern in ERROR_NAMES]
    exact = next((name for name in names if name in header), None)
    if exact or len(header.alike.get(column.lower(), ())) > 1:
        return exact
    return next(filter(None, (find(header, name) for name in names)), None)


def error_of(column, header):
    """Return the column of errors, or None, and the usual zero point, or None.

    Parameters
    ----------
    column : str
        Name of the column of magnitudes or fluxes.
    header : redpix.photoz.column_names.ColumnNames
        Names of the columns of the table.

    Returns
    -------
    error : str or None
    zero_point : float or None
        AB magnitude of a flux of 1; None for magnitudes.
    """
    families = FLUXES if is_numbered_flux(column, header) else (*MAGNITUDES, *FLUXES)
    for family in families:
        band = band_of(column, family, any_name=family.own_bands)
        if band is None:
            continue
        patterns = [
            p for p in (*family.errors, *family.ivar) if p != "d{b}" or _with_d(band, header)
        ]
        patterns += [] if family.zero_point else _of_bands(band, header)
        names = [name.format(b=band) for name in patterns]
        named = next(filter(None, (find(header, name) for name in names)), None)
        return named or _other_error(column, header), family.zero_point
    return _other_error(column, header), zero_point_by_name(column)


def _other_error(column, header):
    """Return the column of errors that no family names, or None."""
    error = errors_of(header).get(column)
    return plain_error(column, header) or (error if len(column) > 1 else None)


def _with_d(band, header):
    """Return whether d in front of a band means its error, not a difference such as dz."""
    return len(band) > 1 or any(len(other) > 1 and f"d{other}" in header for other in header)


def _of_bands(band, header):
    """Return the patterns of `ERRORS_OF_BANDS` that are errors of magnitudes with longer names."""
    if band not in header:
        return ERRORS_OF_BANDS
    others = [other for other in "ugri" if other not in header]
    return [p for p in ERRORS_OF_BANDS if any(p.format(b=other) in header for other in others)]
