"""The table of pairs that a user writes: which exposure is subtracted from which."""

import csv
from typing import NamedTuple

from jsonschema import Draft202012Validator

from redpix.exceptions import InputError


class Pair(NamedTuple):
    """One row: `reference` is subtracted from `science` in one band."""

    pair: str
    science: str
    reference: str
    band: str


def read_pairs(lines, name, schema, bands):
    """Rows of a table of pairs.

    Parameters
    ----------
    lines : iterable of str
        A header and rows, cells separated by tabs; empty lines and lines that begin with # are
        passed over.
    name : str
        What messages call it.
    schema : Mapping
        JSON schema of a row.
    bands : sequence of str
        Of the run.

    Returns
    -------
    list of Pair

    Raises
    ------
    InputError
        A line for each thing wrong: line, column, value, what is allowed.
    """
    numbered = [
        (number, line.rstrip("\r\n"))
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.startswith("#")
    ]
    if not numbered:
        raise InputError(f"{name}: empty; allowed: a header {', '.join(Pair._fields)} and rows")
    reader = list(csv.reader((line for _, line in numbered), delimiter="\t"))
    header = [cell.strip() for cell in reader[0]]
    if sorted(header) != sorted(Pair._fields):
        raise InputError(
            f"{name}: columns {', '.join(header)}; allowed: {', '.join(Pair._fields)}, "
            "separated by tabs"
        )
    rows, problems = [], []
    for (number, _), cells in zip(numbered[1:], reader[1:], strict=True):
        where = f"{name}: line {number}"
        if len(cells) != len(header):
            problems.append(f"{where}: {len(cells)} cells; allowed: {len(header)}, tabs between")
            continue
        row = dict(zip(header, map(str.strip, cells), strict=True))
        problems += [
            f"{where}: {'.'.join(map(str, error.path))}: {error.instance!r}; allowed: "
            f"{error.schema['description']}"
            for error in Draft202012Validator(schema).iter_errors(row)
        ]
        rows.append((where, Pair(**row)))
    problems = problems or list(_contradictions(rows, bands))
    if problems:
        raise InputError("\n".join(problems))
    return [pair for _, pair in rows]


def _contradictions(rows, bands):
    known, seen = {}, set()
    for where, row in rows:
        if row.science == row.reference:
            yield f"{where}: science and reference are both {row.science}; allowed: two exposures"
        if row.band not in bands:
            yield f"{where}: band {row.band!r}; allowed: one of this run's, {', '.join(bands)}"
        if (row.pair, row.band) in seen:
            yield f"{where}: pair {row.pair} has band {row.band} twice"
        seen.add((row.pair, row.band))
        exposures = (row.science, row.reference)
        if known.setdefault(row.pair, exposures) != exposures:
            yield f"{where}: pair {row.pair} has other exposures above; allowed: the same ones"
