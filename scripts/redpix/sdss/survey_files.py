"""Tell frames of the survey from other images, by their content."""

import contextlib
import tempfile
from pathlib import Path

from redpix.core.atomic_files import NO_ROOM
from redpix.core.damaged_files import DAMAGE
from redpix.core.exceptions import InputError
from redpix.core.field_name import Field
from redpix.io.compression import unpacked
from redpix.io.whole_fits import open_whole
from redpix.sdss.error_map import BANDS
from redpix.sdss.frames import check_frame

# bytes in which the header of a frame names its camera column
_HEADER = 28800

#: bytes of an unpacked file from which on it is not a frame; a frame has 13 million
_LONGEST = 2**26


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
        copy = Path(folder) / "frame.fits"
        try:
            start = stream.read(_HEADER)
            found = b"CAMCOL  =" in start
            if found and compressed:
                found = _copied(start, stream, copy)
        except DAMAGE as error:
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                raise
            found = False
        if not found:
            yield None
            return
        yield str(copy) if compressed else path


def _copied(start, stream, copy):
    """Write a beginning and the rest of a stream to a file; return False if it is too long."""
    with open(copy, "wb") as file:
        file.write(start)
        while part := stream.read(2**20):
            file.write(part)
            if file.tell() > _LONGEST:
                return False
    return True


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
    known = 1 <= field.camcol <= 6 and band in BANDS
    return (field, band) if known else None
