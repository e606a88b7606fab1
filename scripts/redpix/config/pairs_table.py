"""Tables of pairs and stacks that a user writes: exposures to subtract or to coadd."""

import os
import re
from typing import NamedTuple

from redpix.config.file_paths import fault_of_file
from redpix.config.name_clashes import clashes
from redpix.config.pair_names import cut_outs_of, expanded, pair_name, safe_stem
from redpix.config.table_rows import read_checked_rows
from redpix.core.exceptions import InputError
from redpix.core.field_name import FIELD_PATTERN
from redpix.io.image_path import is_packet, split_images

#: band of a pair of images for which no band is given
NO_BAND = "image"


#: columns that hold properties of the science image; those of the reference begin with REFERENCE
PROPERTIES = ("gain", "read_noise", "saturation", "zero_point", "psf", "fwhm")
REFERENCE = "reference_"

#: maximum number of characters of a name, which becomes a folder and a part of file names
LONGEST_NAME = 150

#: columns that a table of pairs must have
REQUIRED = ("pair", "science", "reference", "band")


class Pair(NamedTuple):
    """One row: `reference` is subtracted from `science` in one band.

    Attributes
    ----------
    pair : str
        Name of the pair.
    science : str
        Field of the survey, or path of an image.
    reference : str
        The same; several are separated by commas.
    band : str
        Name of the band.
    of_science, of_reference : dict
        Properties of the two images that the row gives, by `PROPERTIES`: gain in electrons per
        unit, read_noise in electrons, saturation in units, zero_point in magnitudes, psf as a path,
        fwhm in pixels.
    series : str
        Name of the row if its science image was a pattern of files; empty otherwise.
    """

    pair: str
    science: str
    reference: str
    band: str
    of_science: dict = {}
    of_reference: dict = {}
    series: str = ""

    @property
    def references(self):
        """Return the images of the reference: one, or several that are coadded first."""
        return split_images(self.reference)

    @property
    def images(self):
        """Return all images that the row names."""
        return [self.science, *self.references]


class StackRow(NamedTuple):
    """One row: `image` is coadded with the other images of the stack in one band."""

    stack: str
    image: str
    band: str


def is_field(image):
    """Return whether a name is that of a field of the survey; any other name is a path.

    Parameters
    ----------
    image : str
        Cell of a table.

    Returns
    -------
    bool
    """
    return re.fullmatch(FIELD_PATTERN, image) is not None


def pair_of_files(science, reference):
    """Return the pair of two images that the configuration names.

    Parameters
    ----------
    science, reference : str
        Paths of FITS images; `reference` may hold several, separated by commas. An alert packet
        as `science` is both images; `reference` may then be None.

    Returns
    -------
    Pair

    Raises
    ------
    InputError
        If a file does not exist.
    """
    if is_packet(science) and reference in (None, science):
        name, (science, reference) = safe_stem(science), cut_outs_of(science)
    else:
        name = pair_name(science, reference)
    pair = Pair(name, science, reference, NO_BAND)
    for key, images in (("science", [pair.science]), ("reference", pair.references)):
        for path in images:
            fault = fault_of_file(
                path,
                os.path.isfile,
                "the path of a FITS image, for the reference also several joined by commas",
            )
            if fault:
                raise InputError(f"{key}: {path}: {fault}")
    return pair


def read_pairs(source, schema, bands, exists, name=None):
    """Return the rows of a table of pairs.

    Parameters
    ----------
    source : str, path or bytes
        Path of the table, or its content.
    schema : Mapping
        JSON schema of a row.
    bands : sequence of str
        Bands of the run.
    exists : callable
        ``exists(path)`` returns whether a file exists, or whether this run makes it.
    name : str, optional
        Name of the table in messages; the path by default.

    Returns
    -------
    list of Pair

    Raises
    ------
    InputError
        One line per fault: line, column, value, what is allowed.
    """
    optional = [prefix + column for prefix in ("", REFERENCE) for column in PROPERTIES]
    rows, problems = [], []
    for row in read_checked_rows(source, schema, REQUIRED, name, optional):
        pairs = expanded(_pair(row.cells))
        rows += [(row.where, pair) for pair in pairs]
        if not pairs:
            problems.append(
                f"{row.where}: science: {row.cells['science']!r}: no file matches; allowed: a "
                "pattern such as night/*.fits that matches files"
            )
    problems += _wrong_pairs(rows, bands, exists)
    if problems:
        raise InputError("\n".join(problems))
    return [pair for _, pair in rows]


def _pair(cells):
    """Return a pair from the cells of its row."""
    return Pair(
        **{column: cells[column] for column in REQUIRED},
        of_science={column: cells[column] for column in PROPERTIES if column in cells},
        of_reference={
            column: cells[REFERENCE + column]
            for column in PROPERTIES
            if REFERENCE + column in cells
        },
    )


def wrong_properties(properties, exists):
    """Yield what is wrong with the properties of an image.

    Parameters
    ----------
    properties : Mapping
        Values by the names of `PROPERTIES`.
    exists : callable
        ``exists(path)`` returns whether a file exists.

    Yields
    ------
    str
        ``name: value: fact``
    """
    psf = properties.get("psf")
    fault = None if psf is None else fault_of_file(psf, exists, "the path of a FITS image")
    if fault:
        yield f"psf: {psf}: {fault}"
    if psf is not None and properties.get("fwhm") is not None:
        yield f"fwhm: {properties['fwhm']}: given with psf; allowed: one of the two"


def _wrong_pairs(rows, bands, exists):
    """Yield a message per fault of a pair."""
    fields_of_pair, seen = {}, set()
    for where, row in rows:
        if len(row.pair) > LONGEST_NAME:
            yield (
                f"{where}: pair {row.pair}: {len(row.pair)} characters; allowed: at most "
                f"{LONGEST_NAME}, with the name of a series' file"
            )
        for prefix, properties in (("", row.of_science), (REFERENCE, row.of_reference)):
            yield from (f"{where}: {prefix}{why}" for why in wrong_properties(properties, exists))
        yield from _absent(where, "science", [row.science], exists)
        yield from _absent(where, "reference", row.references, exists)
        yield from _wrong_images(where, row.images, row.band, bands)
        if (row.pair, row.band) in seen:
            yield f"{where}: pair {row.pair} has band {row.band} twice"
        seen.add((row.pair, row.band))
        # a field has files of all bands; a path is the file of one band
        fields = [image for image in row.images if is_field(image)]
        if fields_of_pair.setdefault(row.pair, fields) != fields:
            yield f"{where}: pair {row.pair} has other exposures above; allowed: the same ones"
    yield from _one_folder("pair", [(row.pair, row.band) for _, row in rows])


def _one_folder(kind, names):
    """Yield a message per pair or stack that would share a folder with an earlier one."""
    folders = dict.fromkeys(f"{name}/{band}" for name, band in names)
    for folder, fact in clashes(folders, ("{}",)):
        yield f"{kind} {folder.replace('/', ', ')}: {fact}; allowed: another name"


def _wrong_images(where, images, band, bands):
    """Yield a message if a band is not one of the run, or if an image is named twice."""
    if any(map(is_field, images)) and band not in bands:
        yield f"{where}: band {band!r}; allowed: one of this run's, {', '.join(bands)}"
    if len(set(images)) < len(images):
        yield f"{where}: names an image twice; allowed: different ones"


def _absent(where, column, images, exists):
    """Yield a message per file that does not exist."""
    for image in images:
        if is_field(image):
            continue
        allowed = "a field of the survey, run-camcol-field, or the path of a FITS image"
        fault = fault_of_file(image, exists, allowed)
        if fault:
            yield f"{where}: {column}: {image!r}: {fault}"


def read_stacks(source, schema, bands, exists, name=None):
    """Return the rows of a table of stacks.

    Parameters
    ----------
    source : str, path or bytes
        Path of the table, or its content.
    schema : Mapping
        JSON schema of a row.
    bands : sequence of str
        Bands of the run.
    exists : callable
        ``exists(path)`` returns whether a file exists, or whether this run makes it.
    name : str, optional
        Name of the table in messages; the path by default.

    Returns
    -------
    list of StackRow

    Raises
    ------
    InputError
        One line per fault: line, column, value, what is allowed.
    """
    rows = [
        (row.where, StackRow(**row.cells))
        for row in read_checked_rows(source, schema, StackRow._fields, name)
    ]
    stacks, problems = {}, []
    for where, row in rows:
        stacks.setdefault((row.stack, row.band), []).append(row.image)
        problems += _absent(where, "image", [row.image], exists)
    for (stack, band), images in stacks.items():
        where = f"{name or source}: stack {stack}, {band}"
        problems += _wrong_images(where, images, band, bands)
        if len(images) == 1:
            problems.append(f"{where}: one image; allowed: two or more")
    problems += [f"{name or source}: {line}" for line in _one_folder("stack", stacks)]
    if problems:
        raise InputError("\n".join(problems))
    return [row for _, row in rows]
