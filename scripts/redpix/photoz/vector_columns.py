"""Columns of vectors, one element per band, which the reader of tables splits into columns."""

import re

#: bands of the vectors of SDSS's catalogues (data model of photoObj and sweeps), in their order
SDSS_ORDER = ("u", "g", "r", "i", "z")

_ELEMENT = re.compile(r"(.+)_([1-9][0-9]?)")
#: bands of the vectors of the NASA-Sloan Atlas, in their order
NSA_ORDER = ("FUV", "NUV", *SDSS_ORDER)

_NSA = re.compile("((elpetro|sersic)_)?nmgy(_ivar)?", re.IGNORECASE)
_SDSS = re.compile(r"(c?model|psf|petro|fiber2?|dered|extinction)_?[a-z0-9_]*", re.IGNORECASE)


def vectors_of(header):
    """Return the columns of each vector.

    Parameters
    ----------
    header : sequence of str
        Names of columns; the elements of a vector ``X`` are ``X_1``, ``X_2`` and so on.

    Returns
    -------
    dict of str to list of str
        Columns of the elements, in their order, by the name of the vector.
    """
    elements = {}
    for name in header:
        found = _ELEMENT.fullmatch(name)
        if found:
            elements.setdefault(found[1], {})[int(found[2])] = name
    return {
        name: [places[number] for number in range(1, len(places) + 1)]
        for name, places in elements.items()
        if len(places) > 1 and set(places) == set(range(1, len(places) + 1))
    }


def expanded(names, header):
    """Return named columns, with the elements of a vector in place of its name.

    Parameters
    ----------
    names : sequence of str
        Columns that a user names.
    header : sequence of str
        Names of the columns of the table.

    Returns
    -------
    tuple of str
    """
    vectors = vectors_of(header)
    parts = [vectors.get(name, [name]) if name not in header else [name] for name in names]
    return tuple(name for part in parts for name in part)


def sdss_names(header):
    """Return names with the band in place of the number, for vectors of SDSS and of its atlas.

    Parameters
    ----------
    header : sequence of str
        Names of columns.

    Returns
    -------
    dict of str to str
        Such as ``modelMag_u`` for ``modelMag_1``; other columns are not in it.
    """
    return {
        column: f"{name}_{band}"
        for name, columns in vectors_of(header).items()
        for pattern, order in ((_SDSS, SDSS_ORDER), (_NSA, NSA_ORDER))
        if len(columns) == len(order) and pattern.fullmatch(name)
        for column, band in zip(columns, order, strict=True)
        if f"{name}_{band}" not in header
    }
