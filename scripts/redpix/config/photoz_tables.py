"""The list of object tables that a user gives: names, and where their catalogues are."""

import csv
import re
from pathlib import Path
from typing import NamedTuple

from redpix.core.exceptions import InputError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class Entry(NamedTuple):
    """A table of objects."""

    train: str  #: path of the catalogue that is learnt from
    test: str  #: path of the catalogue that is predicted; empty: a part of the first is
    magnitudes: tuple  #: names of the columns to use, by wavelength; empty: found in the header


def read_listing(path):
    """Tables by name from a TSV with the columns name, train, test and, if wanted, magnitudes.

    Parameters
    ----------
    path : str or None
        None lists nothing. Paths in the file are relative to the working folder. Lines that are
        empty or begin with # are passed over.

    Returns
    -------
    dict of str to Entry

    Raises
    ------
    InputError
        A line for the first thing wrong.
    """
    if path is None:
        return {}
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"photoz.tables: {path}: cannot be read as text: {error}") from None
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    rows = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    header = [name.strip() for name in rows[0]] if rows else []
    if not {"name", "train", "test"} <= set(header) <= {"name", "train", "test", "magnitudes"}:
        raise InputError(
            f"photoz.tables: {path}: the header is {' '.join(header) or 'absent'}; allowed: name, "
            "train, test and magnitudes, parted by tabs"
        )
    tables = {}
    for row in rows[1:]:
        cells = dict.fromkeys(header, "") | {
            name: cell.strip() for name, cell in zip(header, row, strict=False)
        }
        name = cells["name"]
        if not _NAME.fullmatch(name) or name in tables:
            raise InputError(
                f"photoz.tables: {path}: name {name!r} cannot be used; allowed: letters, digits, "
                "_ . - with a letter or digit first, each name once"
            )
        for part in ("train", "test"):
            given = cells[part] or part == "test"
            if not given or (cells[part] and not Path(cells[part]).is_file()):
                raise InputError(
                    f"photoz.tables: {path}: {name}: {part} {cells[part]!r}: there is no such "
                    "file; allowed: the path of a CSV (for test also nothing)"
                )
        magnitudes = tuple(m.strip() for m in cells.get("magnitudes", "").split(",") if m.strip())
        tables[name] = Entry(cells["train"], cells["test"], magnitudes)
    if not tables:
        raise InputError(f"photoz.tables: {path}: lists no table; allowed: one or more")
    return tables
