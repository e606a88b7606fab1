"""Columns and classes of an object catalogue as surveys and programs spell them."""

import re
from typing import NamedTuple

import numpy as np
import pandas as pd

from redpix.catalogue.positions import decimal_numbers
from redpix.core.exceptions import InputError
from redpix.io.table_values import shortened

#: spellings of a column in order of preference, in lower case without blanks, dots and underscores
#: (SDSS CasJobs and data model, VizieR, SExtractor, DESI, RAIL)
SPELLINGS = {
    "id": ("id", "objid", "bestobjid", "photoobjid", "objectid", "sourceid", "specobjid"),
    "ra": (
        "ra",
        "raj2000",
        "raicrs",
        "radeg",
        "radegrees",
        "rahour",
        "rahours",
        "rahms",
        "alphaj2000",
        "alphawinj2000",
        "rightascension",
        "targetra",
        "plugra",
        "alpha",
    ),
    "dec": (
        "dec",
        "dej2000",
        "decj2000",
        "deicrs",
        "decicrs",
        "decdeg",
        "dedeg",
        "decdegrees",
        "decdms",
        "deltaj2000",
        "deltawinj2000",
        "declination",
        "targetdec",
        "plugdec",
        "delta",
    ),
    "redshift": ("redshift", "zspec", "specz", "zsp", "zs", "ztrue", "redshiftspec", "spectroz"),
    "redshiftError": ("redshifterror", "redshifterr", "eredshift", "zspecerr", "zspecerror"),
    "class": ("class", "spectype", "objclass"),
    "run": ("run", "runid"),
    "camcol": ("camcol",),
    "field": ("field", "fieldid"),
}
#: errors of a redshift that is named z; beside magnitudes they may be those of the band z
_ERRORS_OF_Z = ("zerr", "zerror", "ez")
#: names of magnitudes, in order of preference; the band takes the place of the brackets
_MAGNITUDES = ("modelmag{}", "cmodelmag{}", "psfmag{}", "petromag{}", "mag{}", "{}mag")
_BANDS = ("u", "g", "r", "i", "z")
#: a median z above it is a magnitude, below it a redshift
_FAINTEST_REDSHIFT = 9.0
#: a whole number above it is an id: neither a redshift nor a magnitude
_SMALLEST_ID = 1000.0

_CLASSES = {
    "GALAXY": ("GALAXY", "GALAXIES", "GAL", "G"),
    "STAR": ("STAR", "STARS", "STELLAR", "S"),
    "QSO": ("QSO", "QSOS", "QUASAR", "QUASARS", "Q"),
}
_CLASS_OF = {spelling: name for name, all_of in _CLASSES.items() for spelling in all_of}
#: photometric types of SDSS
_TYPES = {"3": "GALAXY", "3.0": "GALAXY", "6": "STAR", "6.0": "STAR"}

_BRACKETED = re.compile(r"(.*\S)\s*[\[(]\s*([^\[\]()]*?)\s*[\])]")
_BYTES = re.compile(r"b?(['\"])(.*)\1")


class Spelled(NamedTuple):
    """Columns of a catalogue as redpix names them.

    Attributes
    ----------
    names : dict of str
        Standard name by the name of the table, for the columns that are renamed.
    units : dict of str
        Text in brackets behind a name, by the name of the table.
    assumed : list of str
        What was assumed, for the log.
    warnings : list of str
        Facts that a user should check.
    """

    names: dict
    units: dict
    assumed: list
    warnings: list


def spelled_columns(table):
    """Find the columns of an object catalogue by their spellings.

    Parameters
    ----------
    table : Table
        Table with any names of columns.

    Returns
    -------
    Spelled

    Raises
    ------
    InputError
        If two columns have one name.
    """
    bracketed = {name: match for name in table.names if (match := _BRACKETED.fullmatch(name))}
    units = {name: match[2] for name, match in bracketed.items()}
    plain = {name: bracketed[name][1] if name in bracketed else name for name in table.names}
    columns = {}
    for name in table.names:
        columns.setdefault(re.sub(r"[\s._-]", "", plain[name]).lower(), []).append(name)
    names, warnings = {}, []
    for column, spellings in SPELLINGS.items():
        alike = [name for name in table.names if name.lower() == column.lower()]
        name = _first_of(columns, spellings, column, table.name) if not alike else None
        if len(alike) == 1:
            name = alike[0]
        if name is None:
            continue  # two names in upper and lower case are refused with the check of the rows
        if not alike and column == "redshift" and _kind_of_z(table.text(name)) != "redshift":
            warnings.append(f"{name} does not hold redshifts: redshift is unknown")
            continue
        names[name] = column
    magnitudes = _magnitudes(table, columns)
    _choose_z(table, names, magnitudes, warnings)
    if "redshift" in (names.get("z"), names.get("Z")) and "redshiftError" not in names.values():
        error = _first_of(columns, _ERRORS_OF_Z, "redshiftError", table.name)
        names |= {error: "redshiftError"} if error else {}
    names |= magnitudes
    if list(names.values()).count("z") + ("z" in table.names and "z" not in names) > 1:
        names["z"] = "z_table"
    assumed = [f"{new} from {name}" for name, new in names.items() if name.lower() != new.lower()]
    return Spelled(names, units, assumed, warnings)


def _first_of(columns, spellings, column, table):
    """Return the table's column with the first of some spellings, or None."""
    for spelling in spellings:
        alike = columns.get(spelling, [])
        if len(alike) > 1:
            raise InputError(f"{table}: more than one column for {column}: {', '.join(alike)}")
        if alike:
            return alike[0]
    return None


def _magnitudes(table, columns):
    """Return the bands of the magnitudes that are named otherwise, by column."""
    if any(band in table.names for band in "ugri"):
        return {}
    for pattern in _MAGNITUDES:
        alike = {band: columns.get(pattern.format(band), []) for band in _BANDS}
        found = {names[0]: band for band, names in alike.items() if len(names) == 1}
        if found:
            return found
    return {}


def _choose_z(table, names, magnitudes, warnings):
    """Add z or Z to the names if it is the redshift; warn if it is neither of both."""
    has_redshift = "redshift" in names.values()
    for name in ("Z", "z"):
        if name not in table.names:
            continue
        kind = _kind_of_z(table.text(name))
        if kind == "ids" and (name == "z" or not has_redshift):
            warnings.append(f"{name} holds ids, neither redshifts nor magnitudes: unknown")
        if kind != "redshift" or has_redshift:
            continue
        if name == "z" and not magnitudes and any(band in table.names for band in "ugri"):
            warnings.append(
                "z is read as a magnitude beside the other bands, but its values are those of a "
                "redshift; if it is one, name it redshift"
            )
            continue
        names[name], has_redshift = "redshift", True


def _kind_of_z(cells):
    """Return what a column named z holds: redshift, magnitude, ids or text."""
    number = decimal_numbers(cells)
    number = number[np.isfinite(number) & (number >= -1)]  # without codes such as -9999
    if not len(number):
        return "text"
    middle = np.median(number)
    if middle > _SMALLEST_ID and np.all(number == np.floor(number)):
        return "ids"
    return "redshift" if middle < _FAINTEST_REDSHIFT else "magnitude"


def standard_classes(cells):
    """Return classes in the spelling of redpix.

    Parameters
    ----------
    cells : ndarray of str (dtype object), shape (n,)
        Classes in any spelling. 3 and 6 are SDSS's galaxies and stars if the column holds no other
        number.

    Returns
    -------
    classes : ndarray of str (dtype object), shape (n,)
        GALAXY, STAR or QSO; the cell where its spelling is unknown.
    assumed : list of str
        Spellings that were replaced, other than by upper case.
    """
    number, spelled = pd.factorize(cells)
    bare = [_bare(cell) for cell in spelled]
    numbers = {cell for cell in bare if re.fullmatch(r"-?[0-9.]+", cell)}
    known = _CLASS_OF | (_TYPES if numbers <= set(_TYPES) else {})
    new = np.array([known.get(b, cell) for b, cell in zip(bare, spelled, strict=True)], object)
    replaced = sorted(
        f"{shortened(cell, 20)} as {name}"
        for cell, name in zip(spelled, new, strict=True)
        if name != cell.upper()
    )
    return new[number], replaced


def _bare(cell):
    """Return a class in upper case, without blanks and without the marks of Python's bytes."""
    match = _BYTES.fullmatch(cell.strip())
    return (match[2] if match else cell).strip().upper()
