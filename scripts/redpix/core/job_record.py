"""Read the record of a job, which a person may have edited."""

import json

from redpix.core.damaged_files import readable
from redpix.core.exceptions import InputError

# keys of a record that are read, and the kinds of their values
_FORM = {"rule": str, "wildcards": dict, "outputs": dict, "inputs": dict, "code": dict}
_FORM |= {"parameters": dict, "threads": int}

# what older records lack
_ABSENT = {"code": {}, "threads": 1}


def read_record(path):
    """Return the record of a job.

    Parameters
    ----------
    path : Path
        Path of the record.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        One line that names the record.
    """
    try:
        with readable(path, "a record of provenance"):
            entry = json.loads(path.read_text(encoding="utf-8"))
            for key, kind in _FORM.items():
                if key in _ABSENT:
                    entry.setdefault(key, _ABSENT[key])
                if not isinstance(entry[key], kind):
                    raise InputError(f"{key} is not of the form that redpix writes")
            _check_sums(entry)
    except InputError as error:
        raise InputError(f"{error}; remove it and the products of its job") from None
    return entry


def _check_sums(entry):
    """Refuse a record whose products, inputs and code do not have checksums."""
    for product in entry["outputs"].values():
        if not isinstance(product["sha256"], str) or not isinstance(product["bytes"], int):
            raise InputError("a product lacks its checksum or size")
    for group in ("inputs", "code"):
        if not all(isinstance(one, str) for one in entry[group].values()):
            raise InputError(f"{group}: a checksum is missing")
