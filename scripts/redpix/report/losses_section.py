"""Section of the report on losses: fields, catalogue rows, objects and pixels, with reasons."""

import numpy as np

from redpix.report import files, tables

#: maximum number of rows of a list; the products have the rest
LONGEST = 50


def left_out(paths, exposed_by):
    """Return the pairs and coadds of which a field was not delivered.

    Parameters
    ----------
    paths : str or list of str
        CSV with the columns field, delivered and reason.
    exposed_by : list of (str, list of str)
        Description of each pair and coadd, and the names of its fields.

    Returns
    -------
    list of (str, str)
        Description, and the field with its reason.
    """
    reasons = {}
    for path in [paths] if isinstance(paths, str) else paths:
        rows = files.read_text_table(path)
        reasons |= rows[rows["delivered"] != "yes"].set_index("field")["reason"].to_dict()
    missing = [
        (exposed, name) for exposed, fields in exposed_by for name in fields if name in reasons
    ]
    return [(exposed, f"field {name}: {reasons[name]}") for exposed, name in missing]


def show_rejected(path):
    """Return the number of rejected catalogue rows, the number per reason, and the first rows.

    Parameters
    ----------
    path : str
        CSV with the columns line, id, reason and detail.

    Returns
    -------
    dict
    """
    rows = files.read_text_table(path)
    reasons = rows.groupby("reason").size().sort_values(ascending=False, kind="stable")
    first = rows.head(LONGEST).to_dict("records")
    return {"n": len(rows), "reasons": list(reasons.items()), "rows": first}


def show_lost(objects, delivered):
    """Return the brightest objects without a pixel in a delivered field.

    Parameters
    ----------
    objects : DataFrame
        Columns id, field, magnitude and pixels.
    delivered : list of str
        Names of the fields that were delivered.

    Returns
    -------
    list of dict
    """
    lost = objects[objects["field"].isin(delivered) & (objects["pixels"] == 0)]
    lost = lost.sort_values(["magnitude", "id"]).head(LONGEST)
    magnitude = [f"{m:.2f}" if np.isfinite(m) else tables.DASH for m in lost["magnitude"]]
    return lost.assign(magnitude=magnitude).to_dict("records")


def show_counts(paths):
    """Return the number of pixels by fate, in total and per field.

    Parameters
    ----------
    paths : list of str
        CSV of each field.

    Returns
    -------
    dict
        ``rows``: (fate, number); ``fields``: (field, numbers).
    """
    counts = files.read_counts(paths)
    return {
        "rows": list(counts.sum().items()),
        "fields": [(name, list(row)) for name, row in counts.head(LONGEST).iterrows()],
    }
