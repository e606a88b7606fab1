"""Read from the record of a job which contents its inputs had when it last ran."""

import json

from redpix.core.provenance import name_in_record, record_path, results_folder


def recorded_input(path, rule, wildcards, product):
    """Return the checksum that an input had when its job last ran.

    Parameters
    ----------
    path : str
        Path of the input.
    rule : str
        Name of the rule.
    wildcards : iterable of str
        Values of the job's wildcards, in order.
    product : str
        A product of the job.

    Returns
    -------
    str or None
        SHA-256 in hexadecimal digits; None without a readable record.
    """
    results = results_folder(product)
    if results is None:
        return None
    try:
        text = record_path(results, rule, wildcards).read_text(encoding="utf-8")
        return json.loads(text)["inputs"].get(name_in_record(path))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # an edited record
        return None
