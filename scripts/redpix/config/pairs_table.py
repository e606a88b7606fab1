"""The tables of pairs and stacks that a user writes: which exposures are worked together."""

import re
from pathlib import PurePath
from typing import NamedTuple

from redpix.core.exceptions import InputError
from redpix.core.field_name import FIELD_PATTERN
from redpix.io.image_path import image_file, split_images
from redpix.io.tsv_rows import read_rows

#: the band of two images of which nothing else is known
NO_BAND = "image"


class Pair(NamedTuple):
    """One row: `reference` is subtracted from `science` in one band."""

    pair: str
    science: str
    reference: str
    band: str

    @property
    def references(self):
        """Images of the reference: one, or several that are coadded first."""
        return split_images(self.reference)

    @property
    def images(self):
        """All images that the row names."""
        return [self.science, *self.references]


class Stack(NamedTuple):
    """One row: `image` is one of those that are coadded to the stack in one band."""

    stack: str
    image: str
    band: str


def is_field(image):
    """Whether an image is named as a field of the survey; else it is a path."""
    return re.fullmatch(FIELD_PATTERN, image) is not None


def pair_name(science, reference):
    """A name for a pair of files, safe as the name of a folder.

    Parameters
    ----------
    science, reference : str
        Paths; the reference may be several, joined by commas.

    Returns
    -------
    str
        Letters, digits, ``_ . -``; a letter or digit first.
    """
    stems = [PurePath(path).name.split(".fit")[0] for path in (science, *split_images(reference))]
    more = f"_and_{len(stems) - 2}" if len(stems) > 2 else ""
    words = [re.sub(r"[^A-Za-z0-9_.-]+", "_", stem).strip("_.-")[:60] or "x" for stem in stems[:2]]
    return f"{words[0]}_minus_{words[1]}{more}"


def read_pairs(lines, name, schema, bands, exists):
    """Rows of a table of pairs.

    Parameters
    ----------
    lines : iterable of str
        As for `redpix.io.tsv_rows.read_rows`.
    name : str
        What messages call it.
    schema : Mapping
        JSON schema of a row.
    bands : sequence of str
        Of the run.
    exists : callable
        ``exists(path)``: whether there is or will be such a file.

    Returns
    -------
    list of Pair

    Raises
    ------
    InputError
        A line for each thing wrong: line, column, value, what is allowed.
    """
    rows = [(where, Pair(**row)) for where, row in read_rows(lines, name, schema, Pair._fields)]
    problems = list(_wrong_pairs(rows, bands, exists))
    if problems:
        raise InputError("\n".join(problems))
    return [pair for _, pair in rows]


def _wrong_pairs(rows, bands, exists):
    known, seen = {}, set()
    for where, row in rows:
        yield from _absent(where, "science", [row.science], exists)
        yield from _absent(where, "reference", row.references, exists)
        yield from _wrong_images(where, row.images, row.band, bands)
        if (row.pair, row.band) in seen:
            yield f"{where}: pair {row.pair} has band {row.band} twice"
        seen.add((row.pair, row.band))
        # a field has files of all bands, a path is one band's
        fields = [image for image in row.images if is_field(image)]
        if known.setdefault(row.pair, fields) != fields:
            yield f"{where}: pair {row.pair} has other exposures above; allowed: the same ones"


def _wrong_images(where, images, band, bands):
    if any(map(is_field, images)) and band not in bands:
        yield f"{where}: band {band!r}; allowed: one of this run's, {', '.join(bands)}"
    if len(set(images)) < len(images):
        yield f"{where}: names an image twice; allowed: different ones"


def _absent(where, column, images, exists):
    for image in images:
        if not is_field(image) and not exists(image_file(image)):
            yield (
                f"{where}: {column}: {image!r}: there is no such file; allowed: a field of the "
                "survey, run-camcol-field, or the path of a FITS image"
            )


def read_stacks(lines, name, schema, bands, exists):
    """Rows of a table of stacks; parameters and errors as in `read_pairs`.

    Returns
    -------
    list of Stack
    """
    rows = [(where, Stack(**row)) for where, row in read_rows(lines, name, schema, Stack._fields)]
    stacks, problems = {}, []
    for where, row in rows:
        stacks.setdefault((row.stack, row.band), []).append(row.image)
        problems += _absent(where, "image", [row.image], exists)
    problems += [
        line
        for (stack, band), images in stacks.items()
        for line in _wrong_images(f"{name}: stack {stack}, {band}", images, band, bands)
    ]
    problems += [
        f"{name}: stack {stack}, {band}: one image; allowed: two or more"
        for (stack, band), images in stacks.items()
        if len(images) == 1
    ]
    if problems:
        raise InputError("\n".join(problems))
    return [row for _, row in rows]
