"""Fluxes and their errors in other units than those that are assumed: each in its own."""

import re

from redpix.io.table_values import shortened
from redpix.photoz.band_names import zero_point_of

#: names of fluxes, and the zero point of those without a unit whose survey is not known
_FLUX, NANOMAGGIES = re.compile("flux(?!.*mag)", re.IGNORECASE), 22.5

#: units of inverse variances: ``1 / u2``, ``1/(u)^2`` and ``u-2``, ``u**-2``, ``u(-2)``
_INVERSE = (
    re.compile(r"1\s*/\s*\(?\s*([^()^*]+?)\s*\)?\s*(?:\^|\*\*)?\s*\(?2\)?"),
    re.compile(r"\(?\s*([^()^*]+?)\s*\)?\s*(?:\^|\*\*)?\s*\(?-2\)?"),
)

#: difference of zero points below which two units are one, mag
_ALIKE = 1e-3


def zero_points_of(columns, usual, units, name, warn):
    """Return the zero points of fluxes from their units, or the usual ones; None for magnitudes.

    Parameters
    ----------
    columns : sequence of str
        Columns of magnitudes or fluxes.
    usual : sequence of float or None
        Zero points of the surveys that name fluxes so.
    units : dict of str to str
        Units by column, as the table gives them.
    name : str
        Name of the file, for messages.
    warn : callable
        Called with one line of text if the unit of a flux is assumed.

    Returns
    -------
    tuple of float or None
    """
    given = [zero_point_of(units.get(column, "").strip()) for column in columns]
    points = tuple(old if new is None else new for old, new in zip(usual, given, strict=True))
    pairs = zip(columns, points, strict=True)
    assumed = [column for column, point in pairs if point is None and _FLUX.search(column)]
    if assumed:
        warn(
            f"{name}: {shortened(', '.join(assumed), 150)}: taken as fluxes in nanomaggies, zero "
            f"point {NANOMAGGIES:g}, because no unit is known; a unit in the header, such as uJy, "
            "names another"
        )
    pairs = zip(columns, points, strict=True)
    return tuple(NANOMAGGIES if column in assumed else point for column, point in pairs)


def in_units(columns, units):
    """Return columns with the zero points that the units of a table give to its fluxes.

    Parameters
    ----------
    columns : redpix.photoz.magnitude_columns.Columns
        Columns of this table, or of another one with fluxes in other units.
    units : dict of str to str
        Units by column, as the table gives them.

    Returns
    -------
    redpix.photoz.magnitude_columns.Columns
        Zero points and softening are in the units of the table.
    """
    if not columns.zero_points:
        return columns
    given = [zero_point_of(units.get(column, "").strip()) for column in columns.magnitudes]
    points = tuple(
        old if new is None else new for old, new in zip(columns.zero_points, given, strict=True)
    )
    softening = tuple(
        soft * 10 ** (0.4 * (new - old))
        for soft, old, new in zip(columns.softening, columns.zero_points, points, strict=False)
    )
    return columns._replace(zero_points=points, softening=softening)


def converted_errors(columns, units):
    """Return the factors that convert errors to the units of the fluxes or magnitudes.

    Parameters
    ----------
    columns : redpix.photoz.magnitude_columns.Columns
        Columns of magnitudes or fluxes, from `in_units`.
    units : dict of str to str
        Units by column, as the table gives them.

    Returns
    -------
    dict of str to float
        By the column of errors, for errors in another unit. The factors of inverse variances are
        those of their 1-sigma errors.
    """
    if not columns.zero_points:
        thousandths = [e for e in columns.errors if units.get(e, "").strip().lower() == "mmag"]
        return dict.fromkeys(thousandths, 1e-3)
    factors = {}
    for error, point in zip(columns.errors, columns.zero_points, strict=False):
        unit = units.get(error, "").strip()
        own = zero_point_of(_root(unit) if error in columns.ivar else unit)
        if own is not None and abs(own - point) > _ALIKE:
            factors[error] = 10 ** (0.4 * (point - own))
    return factors


def _root(unit):
    """Return the unit of the 1-sigma errors from that of inverse variances, or an empty one."""
    found = next(filter(None, (pattern.fullmatch(unit) for pattern in _INVERSE)), None)
    return found[1] if found else ""
