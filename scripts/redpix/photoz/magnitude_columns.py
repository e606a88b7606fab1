"""Choose the columns of magnitudes or fluxes of a table, and those of their errors, by name."""

import re
from typing import NamedTuple

from redpix.core.exceptions import InputError
from redpix.io.table_values import shortened
from redpix.photoz.attributes import WAVELENGTH_ORDER
from redpix.photoz.band_names import wavelength
from redpix.photoz.column_families import (
    ERROR_NAMES,
    ERRORS_OF_BANDS,
    FLUXES,
    MAGNITUDES,
    band_of,
    looks_like_magnitude,
)
from redpix.photoz.column_names import REDSHIFTS, ColumnNames, Names, find, find_roles
from redpix.photoz.flux_units import zero_points_of
from redpix.photoz.vector_columns import expanded, sdss_names, vectors_of

#: names of columns with errors that are not magnitudes, such as redshifts and proper motions
NO_MAGNITUDE = re.compile(
    r"z_?(?!mag|psf|(c?model)|petro|auto|aper|iso|kron|fiber|tot)[a-z]|(phot|photo|spec)_?z"
    r"|.*redshift|parallax|pm(_?(ra|de)|$)|radial_velocity|rv($|_)",
    re.IGNORECASE,
)

#: names of columns that are refused as magnitudes, because they are the truth
TRUTH = re.compile("redshift|z_?spec", re.IGNORECASE)

#: names of quantities that are computed with the distance, so that they give the redshift away
DERIVED = re.compile(
    r"(log_?|l)?m(ass|_?star|_?stellar|_?halo)|logm$|.*stellar_?mass|lum(inosity)?|abs|.*abs_?mag|.*mag_?abs"
    r"|(log_?)?s?sfr|dist_?mod|(d|r)_?kpc",
    re.IGNORECASE,
)


class Columns(NamedTuple):
    """The columns of magnitudes or fluxes that are used.

    Attributes
    ----------
    magnitudes : tuple of str
        Names, by increasing wavelength.
    errors : tuple of str
        Names of the columns of their errors, "" where there is none; empty without any error.
    ivar : tuple of str
        Those of `errors` that hold inverse variances.
    zero_points : tuple of float
        Zero points of the fluxes in AB magnitudes; empty for magnitudes.
    softening : tuple of float
        Softening of the asinh magnitudes of fluxes, in the unit of the flux.
    bands : tuple of str
        Bands that are assumed for the elements of a vector; empty for columns with names of bands.
    """

    magnitudes: tuple
    errors: tuple
    ivar: tuple = ()
    zero_points: tuple = ()
    softening: tuple = ()
    bands: tuple = ()


def choose_columns(header, magnitudes, name, warn, *, errors=(), roles=None, units=None):
    """Return the columns of magnitudes, or fluxes, and of their errors.

    Parameters
    ----------
    header : sequence of str
        Names of the columns of the table.
    magnitudes : sequence of str
        Columns of magnitudes or fluxes. If it is empty, they are found by name.
    name : str
        Name of the file, for messages.
    warn : callable
        Called with one line of text if columns are ignored because of their names.
    errors : sequence of str, optional
        Columns of the errors of `magnitudes`, "" where there is none.
    roles : Roles, optional
        Columns that are not magnitudes.
    units : dict of str, optional
        Units by column.

    Returns
    -------
    Columns

    Raises
    ------
    InputError
        If a column is missing or the truth, or if there are fewer than two magnitudes.
    """
    header = ColumnNames(header)
    magnitudes, errors = expanded(magnitudes, header), expanded(errors, header)
    if not magnitudes and sdss_names(header):
        found = _of_vectors(header, name, warn, roles, units or {})
        if found:
            return found
    roles = roles or find_roles(header, Names(tuple(magnitudes)), name)
    chosen = tuple(magnitudes) or _by_name(header, roles, name, warn)
    for column in [*chosen, *filter(None, errors)]:
        if column not in header:
            raise InputError(f"{name}: no column {column}; there are {_listed(header)}")
    if len(chosen) < 2:
        raise InputError(
            f"{name}: columns of at least two magnitudes are needed, such as u, g, r, i, z; "
            f"there are {_listed(header)}{_vectors_in_words(header)}"
        )
    _refuse_truth(chosen, roles, name)
    return _with_errors(chosen, tuple(errors), header, units or {}, name, warn)


def _of_vectors(header, name, warn, roles, units):
    """Return the columns of SDSS's vectors; None if other columns are magnitudes."""
    bands = sdss_names(header)
    vectors = {band: column for column, band in bands.items()}
    renamed = [bands.get(column, column) for column in header]
    units = {bands.get(column, column): unit for column, unit in units.items()}
    found = choose_columns(renamed, (), name, warn, roles=roles, units=units)
    if not set(found.magnitudes) <= set(vectors):
        return None
    return found._replace(
        magnitudes=tuple(vectors[column] for column in found.magnitudes),
        errors=tuple(vectors.get(column, column) for column in found.errors),
        ivar=tuple(vectors.get(column, column) for column in found.ivar),
        bands=tuple(column.rpartition("_")[2] for column in found.magnitudes),
    )


def _vectors_in_words(header):
    """Return how vectors can be used, for a message; empty without vectors."""
    vectors = vectors_of(header)
    if not vectors:
        return ""
    return (
        f"; {shortened(', '.join(vectors), 100)}: vectors whose bands are unknown; name one in the "
        "listing's column magnitudes if its elements are in the order of wavelength, else its "
        "elements, such as " + next(iter(vectors.values()))[0]
    )


def _listed(header):
    """Return the names of columns for a message, at most 300 characters."""
    return shortened(", ".join(header), 300)


def _refuse_truth(chosen, roles, name):
    """Raise InputError if a magnitude is the redshift, or computed with the distance."""
    for column in chosen:
        if TRUTH.match(column) or column == roles.redshift:
            raise InputError(f"{name}: {column} is the truth and cannot be a magnitude")
        if DERIVED.match(column):
            raise InputError(
                f"{name}: {column} is computed with the distance, so it gives the redshift away; "
                "allowed: measured magnitudes and fluxes"
            )


def _by_name(header, roles, name, warn):
    """Return the columns of magnitudes or fluxes, found by name."""
    survey = [b for b in WAVELENGTH_ORDER if b in header and b not in roles]
    if survey == ["z"] or (len(survey) == 1 and not _plain_error(survey[0], header)):
        survey = []  # a lone z may be a redshift
    reserved = {*filter(None, roles), "ra", "dec", *survey}
    named = [c for c in header if _plain_error(c, header) and c not in reserved]
    named = [c for c in named if not any(band_of(c, family) for family in FLUXES)]
    others = [c for c in named if not _may_be_magnitude(c)]
    if others:
        warn(
            f"{name}: ignored, because the names do not look like magnitudes: "
            f"{shortened(', '.join(others), 300)}; the listing's column magnitudes selects columns"
        )
        ignored = set(others)
        named = [column for column in named if column not in ignored]
    if survey or any(TRUTH.match(column) for column in named):
        return tuple(survey + named)
    reserved.update(others)
    rest = ColumnNames(c for c in header if c not in reserved)
    return _of_families(rest, MAGNITUDES) or _of_families(rest, FLUXES) or tuple(named)


def _may_be_magnitude(column):
    """Return whether a column with errors is used as a magnitude, or refused as the truth."""
    if any(band_of(column, family) for family in MAGNITUDES):
        return True
    if TRUTH.match(column):
        return column.lower() not in REDSHIFTS
    if NO_MAGNITUDE.match(column) or DERIVED.match(column):
        return False
    return looks_like_magnitude(column)


def _of_families(header, families):
    """Return the columns of the preferred family, and of other families in further bands."""
    bands = {}
    for family in families:
        members = {band_of(column, family): column for column in header}
        members.pop(None, None)
        if family.name in ("{b}", "f_{b}", "F{b}"):
            members = _of_short_names(members, header, family, bool(bands))
        else:
            members |= _of_own_bands(header, family, members)
        if len(members) > 1 or bands:
            taken = set(bands.values())
            bands |= {b: c for b, c in members.items() if b not in bands and c not in taken}
    known = all(wavelength(band) < float("inf") for band in bands)
    order = sorted(bands, key=wavelength) if known else list(bands)
    return tuple(bands[band] for band in order)


def _of_own_bands(header, family, members):
    """Return the columns of a family with errors in bands of unknown names, such as ``ip``."""
    if len(members) < 2 or not family.own_bands:
        return {}
    named = {band_of(column, family, any_name=True): column for column in header}
    return {
        band: column
        for band, column in named.items()
        if band and any(find(header, name.format(b=band)) for name in family.errors)
    }


def _of_short_names(members, header, family, found):
    """Return the members with errors; without any, three or more bare names of bands."""
    paired = {band: column for band, column in members.items() if _error(column, header)[0]}
    if paired or found or family.name != "{b}":
        return paired
    bare = {b: c for b, c in members.items() if b != "y" and not _is_numbered_flux(b, header)}
    return bare if len(bare) > 2 else {}


def _is_numbered_flux(column, header):
    """Return whether a column is EAZY's flux of a numbered filter, such as F205, or its error."""
    pair = "F" + column[1:], "E" + column[1:]
    return column.upper() in pair and all(find(header, name) for name in pair)


def _plain_error(column, header):
    """Return the column of errors that follows the usual rules, or None."""
    names = [pattern.format(column) for pattern in ERROR_NAMES]
    exact = next((name for name in names if name in header), None)
    if exact or len(header.alike.get(column.lower(), ())) > 1:
        return exact
    return next(filter(None, (find(header, name) for name in names)), None)


def _error(column, header):
    """Return the column of errors, or None, and the usual zero point, or None."""
    families = FLUXES if _is_numbered_flux(column, header) else (*MAGNITUDES, *FLUXES)
    for family in families:
        band = band_of(column, family, any_name=family.own_bands)
        if band is None:
            continue
        patterns = [p for p in (*family.errors, *family.ivar) if len(band) > 1 or p != "d{b}"]
        patterns += [] if family.zero_point else _of_bands(band, header)
        names = [name.format(b=band) for name in patterns]
        named = next(filter(None, (find(header, name) for name in names)), None)
        return named or _plain_error(column, header), family.zero_point
    return _plain_error(column, header), None


def _of_bands(band, header):
    """Return the patterns of `ERRORS_OF_BANDS` that are errors of magnitudes with longer names."""
    if band not in header:
        return ERRORS_OF_BANDS
    others = [other for other in "ugri" if other not in header]
    return [p for p in ERRORS_OF_BANDS if any(p.format(b=other) in header for other in others)]


def _with_errors(chosen, given, header, units, name, warn):
    """Return the columns with those of their errors."""
    if given and len(given) != len(chosen):
        raise InputError(
            f"{name}: {len(given)} errors of {len(chosen)} magnitudes are named; allowed: one per "
            "magnitude, empty where there is none"
        )
    found = [_error(column, header) for column in chosen]
    errors = given or tuple(error or "" for error, _ in found)
    usual = tuple(point for _, point in found)
    zero_points = zero_points_of(chosen, usual, units, name, warn)
    fluxes = [point is not None for point in zero_points]
    if any(fluxes) and not all(fluxes):
        raise InputError(f"{name}: {', '.join(chosen)} mix magnitudes and fluxes; allowed: one")
    ivar = tuple(error for error in errors if "ivar" in error.lower())
    return Columns(chosen, errors if any(errors) else (), ivar, zero_points if any(fluxes) else ())
