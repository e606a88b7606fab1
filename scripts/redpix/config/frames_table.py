"""Table of multi-band images that a user writes: the frames of any survey, by field and band."""

import os
from typing import NamedTuple

from jsonschema import Draft202012Validator

from redpix.config.file_paths import fault_of_path, located
from redpix.config.given_frame import FILES, GivenFrame
from redpix.config.name_clashes import BESIDE_FIELDS, OF_FIELD, clashes
from redpix.config.table_rows import fault_of, read_rows, typed_cells
from redpix.core.exceptions import InputError
from redpix.io.image_path import image_file

#: columns that hold numbers
NUMBERS = ("zero_point", "gain", "read_noise", "wavelength")

#: maximum number of bands
MOST_BANDS = 32

#: columns of objects.csv that a band's magnitude must not replace
_RESERVED = ("id", "ra", "dec", "redshift", "redshiftError", "class", "run", "camcol", "field")


class FramesTable(NamedTuple):
    """The fields and bands of a table.

    Attributes
    ----------
    bands : tuple of str
        In the order of wavelength if each band has one, else in that of the table.
    wavelengths : dict of str to float
        Angstrom, by band; bands without one are missing.
    fields : dict of str to dict of str to GivenFrame
        Rows by field and band.
    faults : dict of str to str
        The first fault of each field that is left out.
    """

    bands: tuple
    wavelengths: dict
    fields: dict
    faults: dict

    def only(self, bands):
        """Return the table of some of its bands; a field that lacks one of them has a fault.

        Parameters
        ----------
        bands : sequence of str
            Bands of the run.

        Returns
        -------
        FramesTable
        """
        chosen = tuple(band for band in self.bands if band in bands)
        faults = dict(self.faults)
        for field, rows in self.fields.items():
            missing = [band for band in chosen if band not in rows]
            if missing:
                faults.setdefault(field, f"band {', '.join(missing)}: not in the table")
        return self._replace(bands=chosen, faults=faults)


def read_frames_table(path, schema):
    """Return the fields and bands of a table of images.

    Parameters
    ----------
    path : str
        Path of the table.
    schema : Mapping
        JSON schema of a row.

    Returns
    -------
    FramesTable

    Raises
    ------
    InputError
        If the table cannot be read, or a name, the number of bands or the names of files do not
        allow any run. A fault of one field is in `FramesTable.faults`.
    """
    if not isinstance(path, str) or not os.path.isfile(path):
        raise InputError(
            f"frames: {path}: the file does not exist; allowed: null, or the path of a table with "
            "the columns field, band, image"
        )
    optional = GivenFrame._fields[3:]
    try:
        rows, problems = read_rows(path, GivenFrame._fields[:3], optional, fill=True)
    except InputError as error:
        raise InputError(f"frames: {error}") from None
    validator = Draft202012Validator(schema)
    fields, faults = {}, {}
    for where, cells in rows:
        given = typed_cells(cells, NUMBERS)
        errors = sorted(validator.iter_errors(given), key=lambda error: list(error.path))
        unnamed = [error for error in errors if _concerns_names(error)]
        if unnamed:
            problems += [f"{where}: {fault_of(error)}" for error in unnamed]
            continue
        row, absent = _row(given, path)
        problems += [
            f"{where}: {file}: {fault}" for file in row.files() if (fault := fault_of_path(file))
        ]
        lines = [fault_of(error) for error in errors] or absent or _contradictions(row, fields)
        if lines:
            faults.setdefault(row.field, f"{where}: {lines[0]}")
        fields.setdefault(row.field, {}).setdefault(row.band, row)
    bands, wavelengths = _bands(fields, faults)
    problems = problems or list(_impossible(path, fields, bands))
    if problems:
        raise InputError("\n".join(f"frames: {line}" for line in problems))
    if wavelengths.keys() == set(bands):
        bands = tuple(sorted(bands, key=wavelengths.get))
    return FramesTable(bands, wavelengths, fields, faults).only(bands)


def _row(given, path):
    """Return a row with the paths of its files as they are found, and a line per fault."""
    row, faults = GivenFrame(**{name: given.get(name) for name in GivenFrame._fields}), []
    for column in FILES:
        listed = getattr(row, column)
        if listed is None:
            continue
        try:
            row = row._replace(**{column: located(listed, path)})
        except InputError as error:
            faults.append(f"{column}: {error}")
    return row, faults


def _concerns_names(error):
    """Return whether an error leaves the field or the band of a row unknown."""
    if error.validator == "required":
        return any(name not in error.instance for name in ("field", "band"))
    return list(error.path) in (["field"], ["band"])


def _contradictions(row, fields):
    """Return a message per contradiction of a row to itself and to earlier ones."""
    lines, earlier = [], fields.get(row.field, {})
    if row.band in earlier:
        lines.append(
            f"band {row.band} of field {row.field} is there twice; allowed: each band once"
        )
    lines += [
        f"image: {row.image}: that of band {band}, too; allowed: an image for each band, or its "
        f"HDU or plane in brackets, such as {image_file(row.image)}[{row.band}]"
        for band, other in earlier.items()
        if band != row.band and other.image == row.image
    ]
    given = [name for name in ("error", "variance", "weight") if getattr(row, name) is not None]
    if len(given) > 1:
        lines.append(
            f"{' and '.join(given)} are both given; allowed: one of error, variance, weight"
        )
    return lines


def _bands(fields, faults):
    """Return the bands in the order of the table and their wavelengths."""
    wavelengths, bands = {}, {}
    for field, rows in fields.items():
        for band, row in rows.items():
            bands[band] = True
            if not isinstance(row.wavelength, int | float):  # not given, or a fault of the row
                continue
            first = wavelengths.setdefault(band, row.wavelength)
            if row.wavelength != first:
                faults.setdefault(
                    field,
                    f"band {band}: wavelength {row.wavelength:g}, and {first:g} in an earlier row; "
                    "allowed: one wavelength for a band",
                )
    return tuple(bands), wavelengths


def _impossible(path, fields, bands):
    """Yield a line per property of the whole table that allows no run."""
    if not 2 <= len(bands) <= MOST_BANDS:
        yield f"{path}: {len(bands)} bands; allowed: 2 to {MOST_BANDS}"
    for band in bands:
        if band in _RESERVED:
            yield f"{path}: band {band}: the name of another column; allowed: another name"
    for field, fact in clashes(fields, OF_FIELD, BESIDE_FIELDS):
        yield f"{path}: field {field}: {fact}; allowed: another name"
    names = {}
    for field, rows in fields.items():
        for band in rows:
            other = names.setdefault(f"{field}-{band}", (field, band))
            if other != (field, band):
                yield (
                    f"{path}: field {field} with band {band} and field {other[0]} with band "
                    f"{other[1]} would share the file {field}-{band}.fits; allowed: other names"
                )
