"""Say how a table of magnitudes was understood: for metrics.json, and in one line of the log."""

from pathlib import Path

import numpy as np

from redpix.photoz.column_families import (
    FLUXES,
    MAGNITUDES,
    band_of,
)
from redpix.photoz.name_templates import band_in, wavelength_among

#: what is done to cells that are not plain numbers, by the way in which they are written
_WRITTEN = {
    "limits": "limits, taken as not measured",
    "errors": "errors in the cell, used as {error}",
    "last digits": "errors that count the last digits, used as {error}",
    "doubtful": "doubtful numbers, used",
    "units": "the unit is left out",
    "quotes": "the quotation marks are left out",
    "missing": "missing values",
}


def describe_input(path, roles, columns, objects, found):
    """Return how a table was understood.

    Parameters
    ----------
    path : str
        Path of the table.
    roles : redpix.photoz.column_names.Roles
        Columns of redshift, identifier and class.
    columns : redpix.photoz.magnitude_columns.Columns
        Columns of magnitudes and errors.
    objects : redpix.photoz.catalogues.GalaxyTable
        Objects of the table.
    found : dict
        What was done to the values, from `redpix.photoz.catalogues.read_objects`.

    Returns
    -------
    dict
        Values that JSON can hold.
    """
    return {
        "file": Path(path).name,
        "redshift": roles.redshift,
        "id": roles.id,
        "class": roles.label,
        "magnitudes": list(columns.magnitudes),
        "bands": list(columns.bands),
        "wavelengths": _wavelengths(columns),
        "errors": [error or None for error in columns.errors],
        "inverse_variances": list(columns.ivar),
        "zero_points": list(columns.zero_points),
        "softening": list(columns.softening),
        "rows": len(objects.id),
        "with_redshift": int(np.isfinite(objects.redshift).sum()),
        **found,
    }


def _wavelengths(columns):
    """Return the approximate wavelengths of bands in nm, None where they are unknown."""
    bands = columns.bands or [_band(column) for column in columns.magnitudes]
    lengths = [wavelength_among(band, bands) for band in bands]
    return [length if length < float("inf") else None for length in lengths]


def _band(column):
    """Return the band of a column; its name if that is not known."""
    bands = (band_of(column, family) for family in (*MAGNITUDES, *FLUXES))
    return next(filter(None, (*bands, *band_in(column).values())), column)


def in_words(path, understood):
    """Return how a table was understood, in one line.

    Parameters
    ----------
    path : str
        Path of the table.
    understood : dict
        From `describe_input`.

    Returns
    -------
    str
    """
    parts = [
        f"redshift from {understood['redshift']}" if understood["redshift"] else "no redshift",
        _photometry(understood),
        *_bands(understood),
        _errors(understood),
        f"id from {understood['id']}" if understood["id"] else "id: the number of the line",
        f"class from {understood['class']}" if understood["class"] else "class: all galaxies",
    ]
    if understood["classes"]:
        pairs = (f"{cell!r} as {name}" for cell, name in understood["classes"].items())
        parts.append(f"read {', '.join(pairs)}")
    if understood["negative_redshifts"]:
        count = understood["negative_redshifts"]
        parts.append(f"redshifts from -0.01 to 0 of galaxies and quasars set to 0: {count} rows")
    parts += written_in_words(understood)
    parts += [
        f"missing values of {column}: {_counts(codes)}"
        for column, codes in understood["missing"].items()
    ]
    return f"{path}: {'; '.join(parts)}"


def written_in_words(understood):
    """Return what was done to cells that are limits or not plain numbers.

    Parameters
    ----------
    understood : dict
        From `describe_input`.

    Returns
    -------
    list of str
        One text per column and kind.
    """
    words = []
    for column, found in understood.get("written", {}).items():
        for kind, count in found["counts"].items():
            meaning = _WRITTEN[kind].format(error=found.get("column", "nothing"))
            words.append(f"{column}: {count} cells such as {found['examples'][kind]!r}: {meaning}")
    words += [
        f"{column}: {count} limits by their flag, or without an error and fainter than 90 % of the "
        "others: taken as not measured"
        for column, count in understood.get("limits", {}).items()
    ]
    return words


def _photometry(understood):
    """Return the columns of magnitudes or fluxes in words."""
    named = " ".join(understood["magnitudes"])
    if not understood["zero_points"]:
        return f"magnitudes {named}"
    points = dict.fromkeys(f"{point:g}" for point in understood["zero_points"])
    scale = "asinh" if all(understood["softening"]) else "AB"
    return f"{scale} magnitudes from fluxes {named}, zero point {', '.join(points)}"


def _bands(understood):
    """Return what was assumed of the bands of a vector in words."""
    if not understood["bands"]:
        return []
    return [f"their elements taken as {' '.join(understood['bands'])}, the order of SDSS"]


def _errors(understood):
    """Return the columns of errors in words."""
    if not understood["errors"]:
        return "no errors"
    words = "errors " + " ".join(error or "-" for error in understood["errors"])
    if understood["inverse_variances"]:
        words += " (inverse variances)"
    if understood["errors_converted"]:
        pairs = (f"{column} from {unit}" for column, unit in understood["errors_converted"].items())
        words += f", converted to the units of the photometry: {', '.join(pairs)}"
    if understood["errors_filled"]:
        words += (
            f", missing ones taken as the median of the object's other bands: "
            f"{_counts(understood['errors_filled'])}"
        )
    return words


def _counts(numbers):
    """Return numbers of rows in words."""
    return ", ".join(f"{name} (rows: {count})" for name, count in numbers.items())
