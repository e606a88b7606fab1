"""Choose the columns of magnitudes or fluxes of a table, and those of their errors, by name."""

import re
from typing import NamedTuple

from redpix.core.exceptions import InputError
from redpix.io.table_values import shortened
from redpix.photoz.attributes import WAVELENGTH_ORDER
from redpix.photoz.column_families import (
    FLUXES,
    MAGNITUDES,
    band_of,
    looks_like_magnitude,
)
from redpix.photoz.column_names import REDSHIFTS, ColumnNames, Names, find, find_roles
from redpix.photoz.error_columns import error_of, is_numbered_flux, plain_error
from redpix.photoz.flux_units import zero_points_of
from redpix.photoz.name_templates import band_in, groups_of, in_order, lone_bands, wavelength_among
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

    def take(self, kept):
        """Return some of the columns.

        Parameters
        ----------
        kept : ndarray of bool, shape (bands,)
            Which of them.

        Returns
        -------
        Columns
        """
        some = [
            tuple(value for value, yes in zip(values, kept, strict=True) if yes) if values else ()
            for values in self._replace(ivar=())
        ]
        ivar = tuple(column for column in self.ivar if column in some[1])
        return Columns(*some)._replace(ivar=ivar)


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
    if survey == ["z"] or (len(survey) == 1 and not plain_error(survey[0], header)):
        survey = []  # a lone z may be a redshift
    reserved = {*filter(None, roles), "ra", "dec", *survey}
    named = [c for c in header if plain_error(c, header) and c not in reserved]
    named = [c for c in named if not any(band_of(c, family) for family in FLUXES)]
    likely = [c for c in named if _may_be_magnitude(c)]
    if survey or any(TRUTH.match(column) for column in likely):
        chosen = tuple(survey + in_order(likely))
    else:
        rest = ColumnNames(c for c in header if c not in {*reserved, *named} or c in likely)
        chosen = _of_kinds(rest, header, reserved) or tuple(likely)
    others = [column for column in named if column not in {*likely, *chosen}]
    if others:
        warn(
            f"{name}: ignored, because the names do not look like magnitudes: "
            f"{shortened(', '.join(others), 300)}; the listing's column magnitudes selects columns"
        )
    return chosen


def _of_kinds(rest, header, reserved):
    """Return columns of one kind: magnitudes of surveys, their fluxes, or names that are alike.

    Fluxes with errors are preferred to magnitudes without, if they have as many bands.
    """
    magnitudes, fluxes = _of_families(rest, MAGNITUDES), _of_families(rest, FLUXES)
    with_errors = [any(error_of(c, header)[0] for c in chosen) for chosen in (magnitudes, fluxes)]
    if with_errors == [False, True] and len(fluxes) >= len(magnitudes):
        magnitudes = ()
    chosen = magnitudes or fluxes
    groups = groups_of(header, reserved)
    if not chosen:
        return tuple(groups[0]) if groups else ()
    larger = [
        g for g in groups if len(g) > len(chosen) and 2 * len({*g} & {*chosen}) >= len(chosen)
    ]
    if not larger:
        return chosen
    bands = {column: next(iter(band_in(column).values()), column) for column in chosen} | larger[0]
    lengths = {column: wavelength_among(bands[column], bands.values()) for column in bands}
    return tuple(sorted(bands, key=lengths.get))


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
        members = {b: c for b, c in members.items() if b not in lone_bands(members)}
        if len(members) > 1 or bands:
            taken = set(bands.values())
            bands |= {b: c for b, c in members.items() if b not in bands and c not in taken}
    return tuple(bands[band] for band in in_order(list(bands)))


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
    paired = {band: column for band, column in members.items() if error_of(column, header)[0]}
    if paired or found or family.name != "{b}":
        return paired
    bare = {b: c for b, c in members.items() if b != "y" and not is_numbered_flux(b, header)}
    return bare if len(bare) > 2 else {}


def _with_errors(chosen, given, header, units, name, warn):
    """Return the columns with those of their errors."""
    if given and len(given) != len(chosen):
        raise InputError(
            f"{name}: {len(given)} errors of {len(chosen)} magnitudes are named; allowed: one per "
            "magnitude, empty where there is none"
        )
    found = [error_of(column, header) for column in chosen]
    errors = given or tuple(error or "" for error, _ in found)
    usual = tuple(point for _, point in found)
    zero_points = zero_points_of(chosen, usual, units, name, warn)
    fluxes = [point is not None for point in zero_points]
    if any(fluxes) and not all(fluxes):
        raise InputError(f"{name}: {', '.join(chosen)} mix magnitudes and fluxes; allowed: one")
    ivar = tuple(error for error in errors if "ivar" in error.lower())
    return Columns(chosen, errors if any(errors) else (), ivar, zero_points if any(fluxes) else ())
