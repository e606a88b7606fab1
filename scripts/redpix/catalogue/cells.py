"""Cells of a column of the catalogue as numbers, checked by the schema of a row."""

import re

import numpy as np

_WHOLE = re.compile(r"[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def checked_numbers(text, rule):
    """Return the numbers of a column of text, and the fault of each cell.

    Parameters
    ----------
    text : ndarray of str (dtype object), shape (n,)
        Cells; an empty one is unknown and has no fault.
    rule : Mapping
        JSON schema of a cell: type integer (not negative) or number, minimum, and optionally
        maximum or exclusiveMaximum.

    Returns
    -------
    number : ndarray of uint64 or float64, shape (n,)
        0 or NaN if unknown or not readable.
    fault : ndarray of str (dtype object), shape (n,)
        A predicate, such as "is not a whole number"; empty without a fault.
    """
    if rule["type"] == "integer":
        pattern, convert, kind = _WHOLE, int, "whole"
        number = np.zeros(len(text), np.uint64)
    else:
        pattern, convert, kind = _NUMBER, float, "finite"
        number = np.full(len(text), np.nan)
    given = text != ""
    readable = np.array([pattern.fullmatch(cell) is not None for cell in text], bool)
    number[readable] = [convert(cell) for cell in text[readable]]
    fault = np.full(len(text), "", dtype=object)
    fault[given & ~(readable & np.isfinite(number))] = f"is not a {kind} number"
    allowed = number >= rule["minimum"]
    if "maximum" in rule:
        allowed &= number <= rule["maximum"]
    if "exclusiveMaximum" in rule:
        allowed &= number < rule["exclusiveMaximum"]
    fault[given & (fault == "") & ~allowed] = f"is outside {_interval(rule)}"
    return number, fault


def _interval(rule):
    """Return the limits of a rule as an interval."""
    if "exclusiveMaximum" in rule:
        return f"[{rule['minimum']}, {rule['exclusiveMaximum']})"
    return f"[{rule['minimum']}, {rule['maximum']}]" if "maximum" in rule else "[0, inf)"
