"""Match detections with catalogue objects."""

import numpy as np

#: object_id of a detection that is not a catalogue object
NO_OBJECT = -1


def assoc_list(x, y, magnitude):
    """Return the rows of SExtractor's ASSOC list: number, x, y, magnitude.

    SExtractor keeps the list's values in single precision, which has too few digits for the
    identifier of an object. The 1-based number in the list represents the object.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        0-based pixel coordinates.
    magnitude : ndarray, shape (n,)
        NaN where unknown.

    Returns
    -------
    list of str
        One line per object; x and y are 1-based, as in SExtractor.
    """
    listed = np.where(np.isfinite(magnitude), magnitude, 99.0)  # as SExtractor writes unknown ones
    return [
        f"{number} {x_now + 1:.4f} {y_now + 1:.4f} {m:.4f}"
        for number, (x_now, y_now, m) in enumerate(zip(x, y, listed, strict=True), start=1)
    ]


def assigned_objects(vector_assoc, x, y, object_ids):
    """Return the catalogue object of each detection; each object has at most one detection.

    SExtractor gives each detection the nearest entry of the list. If two detections have the same
    entry, the detection nearest to the entry keeps it.

    Parameters
    ----------
    vector_assoc : ndarray, shape (n, 4)
        SExtractor's VECTOR_ASSOC: the columns of `assoc_list`; number 0 without an entry nearby.
    x, y : ndarray, shape (n,)
        Position of the detection, 1-based pixel coordinates, as in SExtractor.
    object_ids : ndarray of int64, shape (m,)
        Identifier of each entry of the list.

    Returns
    -------
    ndarray of int64, shape (n,)
        `NO_OBJECT` without an object.
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
