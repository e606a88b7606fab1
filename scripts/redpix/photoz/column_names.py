"""Find the columns of redshifts, identifiers and classes of a table by their names."""

from typing import NamedTuple

from redpix.core.exceptions import InputError
from redpix.io.table_values import shortened

#: names of a column of spectroscopic redshifts, upper or lower case; the first of them wins
REDSHIFTS = (
    "redshift",
    "z_spec",
    "zspec",
    "specz",
    "spec_z",
    "z_sp",
    "zsp",
    "z_s",
    "zs",
    "redshift_spec",
    "spec_redshift",
    "specredshift",
    "specz_redshift",
    "redshift_specz",
    "spe_z",
    "z_helio",
    "zhelio",
    "z_cmb",
    "zcmb",
    "redshift_true",
    "true_redshift",
    "z_true",
    "ztrue",
    "z_cosmo",
    "redshift_truth",
    "truth_redshift",
    "z_truth",
    "z_vi",
    "observed_redshift_gal",
)

#: names of a column of identifiers besides ``id``, upper or lower case, in order of preference
IDS = (
    "object_id",
    "objectid",
    "objid",
    "bestobjid",
    "specobjid",
    "coadd_object_id",
    "targetid",
    "source_id",
    "galaxy_id",
    "ls_id",
    "obj_id",
    "cataid",
    "uberid",
    "designation",
    "number",
    "ident",
    "unique_gal_id",
    "thing_id",
    "ref_id",
)

#: names of a column of classes, upper or lower case, in order of preference
LABELS = ("class", "spectype")


class Names(NamedTuple):
    """Columns that a user names; an empty one is found by its name.

    Attributes
    ----------
    magnitudes, errors : tuple of str
        By wavelength. An empty error is unknown.
    redshift, id, label : str
        Columns of redshifts, identifiers and classes.
    """

    magnitudes: tuple = ()
    errors: tuple = ()
    redshift: str = ""
    id: str = ""
    label: str = ""


class Roles(NamedTuple):
    """Columns that describe an object, and are never attributes; None where there is none."""

    redshift: str = None
    id: str = None
    label: str = None


class ColumnNames(tuple):
    """Names of columns, in which a name is found in constant time.

    Parameters
    ----------
    names : sequence of str
        Names of the columns of a table.
    """

    def __new__(cls, names):
        """Return the names, with an index."""
        header = super().__new__(cls, names)
        header.exact, header.alike = frozenset(header), {}
        for name in header:
            header.alike.setdefault(name.lower(), []).append(name)
        return header

    def __contains__(self, name):
        """Return whether a column has a name, in the same case."""
        return name in self.exact


def find(header, name):
    """Return the column of a name, the same case first, else upper or lower case, or None.

    Parameters
    ----------
    header : ColumnNames
        Names of the columns.
    name : str
        Wanted name.

    Returns
    -------
    str or None
    """
    return name if name in header else next(iter(header.alike.get(name.lower(), ())), None)


def find_roles(header, names, where, needed=True):
    """Return the columns of redshift, identifier and class.

    The column ``redshift`` wins. Without it, one of the other `REDSHIFTS` is the redshift. Without
    these, ``z`` is, but only if no magnitude is named u, g, r or i.

    Parameters
    ----------
    header : sequence of str
        Names of the columns of the table.
    names : Names
        What the user names.
    where : str
        Name of the file, for messages.
    needed : bool
        Whether the table must have the named columns.

    Returns
    -------
    Roles

    Raises
    ------
    InputError
        If a needed column is missing, or if more than one column may be the redshift.
    """
    header = ColumnNames(header)
    for key, column in (("redshift", names.redshift), ("id", names.id), ("class", names.label)):
        if needed and column and column not in header:
            raise InputError(
                f"{where}: no column {column}, which the listing's column {key} names; there are "
                f"{shortened(', '.join(header), 300)}"
            )
    names = names._replace(
        redshift=names.redshift if names.redshift in header else "",
        id=names.id if names.id in header else "",
        label=names.label if names.label in header else "",
    )
    identifier = names.id or find(header, "id")
    if not identifier:
        identifier = next(filter(None, (find(header, name) for name in IDS)), None)
    label = names.label or next(filter(None, (find(header, name) for name in LABELS)), None)
    return Roles(names.redshift or _redshift(header, names, where), identifier, label)


def _redshift(header, names, where):
    """Return the column of redshifts, or None; raise InputError if there are several."""
    if find(header, "redshift"):
        return find(header, "redshift")
    found = [column for column in header if column.lower() in REDSHIFTS]
    if len(found) > 1:
        raise InputError(
            f"{where}: columns {', '.join(found)} may all be the redshift; allowed: one of them, "
            "or the listing's column redshift, which names it"
        )
    if found:
        return found[0]
    z = find(header, "z")
    if z is None or z in names.magnitudes or any(find(header, band) for band in "ugri"):
        return None
    return z
