"""Which detection is which catalogue object."""

import numpy as np

#: object_id of a detection that is no catalogue object
NO_OBJECT = -1


def assoc_list(x, y, magnitude):
    """Rows of SExtractor's ASSOC list: number, x, y, magnitude.

    SExtractor carries the list's values as single-precision numbers, which a survey's object
    identifier does not survive; the number, counted from 1, stands for the object.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        0-based pixel coordinates.
    magnitude : ndarray, shape (n,)
        NaN where unknown.

    Returns
    -------
    list of str
        One line an object; x and y 1-based, as SExtractor counts.
    """
    known = np.where(np.isfinite(magnitude), magnitude, 99.0)
    return [
        f"{number} {x_now + 1:.4f} {y_now + 1:.4f} {m:.4f}"
        for number, (x_now, y_now, m) in enumerate(zip(x, y, known, strict=True), start=1)
    ]


def assigned_objects(vector_assoc, x, y, object_ids):
    """The catalogue object of each detection, each object at most once.

    SExtractor asks for every detection which list entry is near; two detections may name the
    same entry. The detection nearest to the entry keeps it.

    Parameters
    ----------
    vector_assoc : ndarray, shape (n, 4)
        SExtractor's VECTOR_ASSOC: the columns of `assoc_list`; number 0 if nothing was near.
    x, y : ndarray, shape (n,)
        Position of the detection, 1-based, as SExtractor counts.
    object_ids : ndarray of int64, shape (m,)
        Identifier of each entry of the list.

    Returns
    -------
    ndarray of int64, shape (n,)
        `NO_OBJECT` where there is none.
    """
    number = np.rint(vector_assoc[:, 0]).astype(int)
    distance = np.hypot(vector_assoc[:, 1] - x, vector_assoc[:, 2] - y)
    result = np.full(len(number), NO_OBJECT, np.int64)
    order = np.lexsort((distance, number))
    order = order[number[order] > 0]
    first = np.unique(number[order], return_index=True)[1]
    nearest = order[first]
    result[nearest] = np.asarray(object_ids, np.int64)[number[nearest] - 1]
    return result
