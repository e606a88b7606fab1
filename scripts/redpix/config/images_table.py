"""Table of images that a user writes: images to calibrate and measure, and their files."""

import re
from typing import NamedTuple

from jsonschema import Draft202012Validator

from redpix.config.file_paths import fault_of_file
from redpix.config.name_clashes import BESIDE_IMAGES, OF_IMAGE, clashes
from redpix.config.table_rows import fault_of, read_rows, typed_cells
from redpix.core.exceptions import InputError
from redpix.core.field_name import FIELD_PATTERN

#: columns that hold numbers, and columns that hold paths of files
NUMBERS = ("exposure", "gain", "read_noise", "saturation")
FILES = ("dark", "flat", "mask", "catalogue")

#: words of the column `catalogue` that name a survey; any other value is the path of a table
SURVEYS = ("gaia", "panstarrs", "skymapper", "apass", "sdss")

_FRAME = re.compile(rf"({FIELD_PATTERN})-([ugriz])")


class Image(NamedTuple):
    """One row; None if a cell is empty or its column is absent.

    Attributes
    ----------
    image : str
        Name of the image.
    path : str
        Path of a FITS file, or ``run-camcol-field-band`` of a frame of the survey.
    dark, flat, mask : str or None
        Paths of files.
    field : str or None
        Name of the field, whose images have common light curves.
    exposure : float or None
        Exposure time, seconds.
    gain, read_noise, saturation : float or None
        Electrons per count, electrons, counts.
    catalogue : str or None
        Path of a table of stars, or one of `SURVEYS`.
    magnitude : str or None
        Column of the catalogue.
    """

    image: str
    path: str
    dark: str | None = None
    flat: str | None = None
    mask: str | None = None
    field: str | None = None
    exposure: float | None = None
    gain: float | None = None
    read_noise: float | None = None
    saturation: float | None = None
    catalogue: str | None = None
    magnitude: str | None = None

    @property
    def survey(self):
        """Return the survey that the column catalogue names, or None."""
        return self.catalogue if self.catalogue in SURVEYS else None

    @property
    def frame(self):
        """Return field and band if the path names a frame of the survey, else None."""
        match = _FRAME.fullmatch(self.path)
        return match.groups() if match else None

    def within(self, folder):
        """Return the same row with its paths inside a folder.

        Parameters
        ----------
        folder : str
            Path of the folder.

        Returns
        -------
        Image
        """
        paths = {column: getattr(self, column) for column in ("path", *FILES)}
        if self.survey:
            del paths["catalogue"]
        return self._replace(**{c: path and f"{folder}/{path}" for c, path in paths.items()})


def read_images(source, schema, bands, exists, name=None):
    """Return the rows of a table of images.

    Parameters
    ----------
    source : str, path or bytes
        Path of the table, or its content.
    schema : Mapping
        JSON schema of a row.
    bands : sequence of str
        Bands of the run.
    exists : callable
        ``exists(path)`` returns whether a file exists.
    name : str, optional
        Name of the table in messages; the path by default.

    Returns
    -------
    list of Image

    Raises
    ------
    InputError
        One line per fault: line, column, value, what is allowed.
    """
    optional = Image._fields[2:]
    rows, problems = read_rows(source, ("image", "path"), optional, fill=True, name=name)
    if not rows and not problems:
        raise InputError(f"{name or source}: lists no image; allowed: one or more")
    validator, images, names = Draft202012Validator(schema), [], {}
    for where, cells in rows:
        given = typed_cells(cells, NUMBERS)
        faults = [f"{where}: {fault_of(error)}" for error in validator.iter_errors(given)]
        if not faults:
            images.append(Image(**given))
            faults = list(_contradictions(where, images[-1], names, bands, exists))
            names[images[-1].image] = None
        problems += faults
    problems += [
        f"{name or source}: image {image}: {fact}; allowed: another name"
        for image, fact in clashes(names, OF_IMAGE, BESIDE_IMAGES)
    ]
    if problems:
        raise InputError("\n".join(problems))
    return images


def fields(images):
    """Return the images of each field.

    Parameters
    ----------
    images : iterable of Image
        Rows of the table.

    Returns
    -------
    dict of list of Image
        Images without a field belong to the field ``all``.
    """
    named = {}
    for row in images:
        named.setdefault(row.field or "all", []).append(row)
    return named


def _contradictions(where, row, names, bands, exists):
    """Yield a message per fault of a row; `names` are those of the rows above it."""
    if row.image in names:
        yield f"{where}: image {row.image} is there twice; allowed: each name once"
    given = {column: getattr(row, column) for column in FILES}
    if row.survey:
        del given["catalogue"]
    if row.frame is None:
        given["path"] = row.path
    else:
        if row.frame[1] not in bands:
            yield f"{where}: {row.path}: allowed: a band of this run's, {', '.join(bands)}"
        if row.dark or row.flat:
            yield f"{where}: {row.path} is a frame of the survey; allowed with it: no dark, no flat"
    for column, path in given.items():
        fault = None if path is None else fault_of_file(path, exists)
        if fault:
            yield f"{where}: {column}: {path}: {fault}"
    if row.catalogue and not (row.survey or row.magnitude or row.frame):
        yield f"{where}: catalogue without magnitude; allowed: its column of magnitudes"
