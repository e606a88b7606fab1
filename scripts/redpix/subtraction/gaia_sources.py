"""Stars of Gaia DR3 and its variables in the fields of differences, from VizieR."""

import numpy as np
from astropy.io import fits
from astropy.table import Table, unique, vstack

from redpix.catalogue.cones import cones_of
from redpix.catalogue.vizier import ROWS, ask_vizier, named_columns, numbers_of
from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.job import log

#: tables of sources (Gaia Collaboration 2023, A&A 674, A1) and of the classes of variables (Eyer et
#: al. 2023, A&A 674, A13) in VizieR
SOURCES, VARIABLES = "I/355/gaiadr3", "I/358/vclassre"

#: Julian epoch of the positions
EPOCH = 2016.0

#: columns that are requested
COLUMNS = ("Source", "RA_ICRS", "DE_ICRS", "pmRA", "pmDE", "Gmag", "VarFlag", "PQSO", "PGal")

#: probability from which a source is a quasar or a galaxy
SURE = 0.9


def fetch_gaia(differences, sources):
    """Fetch the sources of Gaia DR3 in the field of a pair or series and write their table.

    Without an answer the table is empty, and its header says why. The next run asks again.

    Parameters
    ----------
    differences : list of str
        FITS files of the differences.
    sources : str
        ECSV to write: source (id), ra, dec (degrees at 2016.0), pmra, pmdec (mas per year), G and
        kind.
    """
    cones = cones_of((path, fits.getheader(path, "D")) for path in differences)
    tables, state, failed = [], "complete", "" if cones else "no image has a WCS"
    try:
        for centre, radius in cones:
            answer = ask_vizier([SOURCES, VARIABLES], [*COLUMNS, "Class"], centre, radius)
            tables.append(gaia_table(answer))
    except InputError as error:
        tables, state, failed = [], "unanswered", str(error)
    if failed:
        log.warning("subtraction.identify.gaia: %s; columns of Gaia stay empty", failed)
    if any(len(table) >= ROWS for table in tables):
        log.warning("subtraction.identify.gaia: only %d sources of a dense field came", ROWS)
    made = unique(vstack(tables), keys="source") if tables else gaia_table([])
    made.meta |= {"service": "Gaia DR3", "state": state, "failed": failed}
    with atomic(sources) as temporary:
        made.write(temporary, format="ascii.ecsv", overwrite=True)
    log.info("%s: %d sources of Gaia DR3 in %d cones", sources, len(made), len(cones))


def gaia_table(answer):
    """Return the sources in an answer of VizieR.

    Parameters
    ----------
    answer : list of astropy.table.Table
        Tables of sources and of variables; either may be missing.

    Returns
    -------
    astropy.table.Table
        As `fetch_gaia` writes it.

    Raises
    ------
    InputError
        If a table of the answer lacks the column Source.
    """
    classes, sources = {}, Table(names=COLUMNS, dtype=[int, *[float] * 5, str, float, float])
    for table in answer:
        columns = named_columns(table)
        if "source" not in columns:
            raise InputError(f"the answer lacks Source; it has {', '.join(table.colnames)}")
        if "class" in columns:
            ids = np.asarray(table[columns["source"]])
            classes |= dict(zip(ids.tolist(), _texts(table, "Class"), strict=True))
        else:
            sources = table
    ids = np.asarray(sources[named_columns(sources)["source"]], np.int64)
    made = Table({"source": ids})
    for name, column in (("ra", "RA_ICRS"), ("dec", "DE_ICRS"), ("G", "Gmag")):
        made[name] = numbers_of(sources, column)
    for name, column in (("pmra", "pmRA"), ("pmdec", "pmDE")):
        made[name] = np.nan_to_num(numbers_of(sources, column))
    made["kind"] = np.array(_kinds(sources, [classes.get(one, "") for one in ids.tolist()]), "U40")
    return made


def _kinds(sources, classes):
    """Return the kind of each source: quasar, galaxy, variable star with its class, or star."""
    quasar, galaxy = (numbers_of(sources, name) > SURE for name in ("PQSO", "PGal"))
    varies = [flag.upper() == "VARIABLE" for flag in _texts(sources, "VarFlag")]
    kinds = []
    for row, name in enumerate(classes):
        if quasar[row] or name == "AGN":
            kinds.append("quasar")
        elif galaxy[row] or name == "GALAXY":
            kinds.append("galaxy")
        elif name:
            kinds.append(f"variable star ({name})")
        else:
            kinds.append("variable star" if varies[row] else "star")
    return kinds


def _texts(table, name):
    """Return a column as text; empty where it is missing."""
    column = named_columns(table).get(name.lower())
    if column is None:
        return [""] * len(table)
    return [str(cell).strip() for cell in np.ma.filled(np.ma.asarray(table[column], str), "")]
