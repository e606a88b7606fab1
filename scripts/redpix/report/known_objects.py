"""Known objects that transients may be, in the report."""

import pandas as pd
from astropy.table import Table


def read_transients(path):
    """Return the transients of a pair.

    Parameters
    ----------
    path : str
        CSV file.

    Returns
    -------
    DataFrame
        Names of known objects are empty where a transient is unknown.
    """
    names = ("known_as", "known_kind", "host_id", "features")
    rows = pd.read_csv(path, dtype={"band": str, **dict.fromkeys(names, str)})
    texts = [name for name in names if name in rows]
    rows[texts] = rows[texts].fillna("")
    return rows


def unanswered(catalogues):
    """Return why tables of known objects are empty.

    Parameters
    ----------
    catalogues : sequence of str
        ECSV files of known objects.

    Returns
    -------
    list of str
        Service and reason, each once.
    """
    metas = [Table.read(path, format="ascii.ecsv").meta for path in catalogues]
    reasons = [(one["service"], one["failed"]) for one in metas if one["failed"]]
    words = [why if why.startswith(name) else f"{name}: {why}" for name, why in reasons]
    return list(dict.fromkeys(words))
