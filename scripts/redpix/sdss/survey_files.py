"""Tell frames of the survey from other images, by their content."""

import contextlib
import shutil
import tempfile
from pathlib import Path

from redpix.core.exceptions import InputError
from redpix.core.field_name import Field
from redpix.io.fits_structure import unpacked
from redpix.io.whole_fits import open_whole
from redpix.sdss.frames import check_frame

# bytes in which the header of a frame names its camera column
_HEADER = 28800


@contextlib.contextmanager
def plain_survey_file(path):
    """Yield the path of an uncompressed file if its first header may be that of a frame.

    Parameters
    ----------
    path : str
        FITS file, plain or compressed.

    Yields
    ------
    str or None
        The path itself, or that of a temporary copy; None for any other file.
    """
    try:
        stream, compressed = unpacked(path)
    except (InputError, OSError):
        yield None
        return
    with contextlib.closing(stream), tempfile.TemporaryDirectory() as folder:
        try:
            start = stream.read(_HEADER)
            if b"CAMCOL  =" not in start:
                yield None
                return
            if compressed:
                copy = Path(folder) / "frame.fits"
                with open(copy, "wb") as file:
                    file.write(start)
                    shutil.copyfileobj(stream, file)
        except (OSError, EOFError):
            yield None
            return
        yield str(copy) if compressed else path


def identified_frame(path):
    """Return which frame of the survey a file is.

    Parameters
    ----------
    path : str
        FITS file.

    Returns
    -------
    (redpix.core.field_name.Field, str) or None
        Field and band by the header; None for any other file.
    """
    try:
        with open_whole(path, "a frame", name=False) as hdus:
            header = hdus[0].header
            if len(hdus) != 4 or not {"RUN", "CAMCOL", "FILTER"} <= set(header):
                return None
            number = header.get("FIELD")
            number = number if isinstance(number, int) else 1  # often missing or 'NA'
            field = Field(int(header["RUN"]), int(header["CAMCOL"]), number)
            band = str(header["FILTER"]).strip()
            check_frame(hdus, field, band)
    except (InputError, ValueError, TypeError, AttributeError):
        return None
    known = 1 <= field.camcol <= 6 and band in ("u", "g", "r", "i", "z")
    return (field, band) if known else None
