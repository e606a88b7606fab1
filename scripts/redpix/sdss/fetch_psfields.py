"""Fetch the survey's own PSFs of one field (its psField file).

A frame is useful without it. If the file cannot be fetched, a file without tables replaces it.
"""

from pathlib import Path

from astropy.io import fits

from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.field_name import parse_field
from redpix.core.job import log
from redpix.io.fits_writing import write_fits
from redpix.io.whole_fits import open_whole
from redpix.sdss.archive import archive_of
from redpix.sdss.frames import SHAPE
from redpix.sdss.psfield import FILTERS, psfield_model, psfield_path


def fetch_survey_psfs(psfs, source, release, field, retries, timeout):
    """Fetch the survey's PSFs of a field.

    Parameters
    ----------
    psfs : str
        FITS file to write: the psField file, or a file without tables if it cannot be fetched.
    source : str
        Archive: a URL, or the path of a folder.
    release : str
        Data release, such as ``dr17``.
    field : str
        Name of the field, ``run-camcol-field``.
    retries : int
        Number of attempts after the first one fails.
    timeout : float
        Seconds without a byte after which an attempt fails.

    Raises
    ------
    InputError
        If the name of the field is invalid.
    """
    archive, number, target = archive_of(source, retries, timeout), parse_field(field), Path(psfs)
    try:
        archive.fetch(archive.locate(psfield_path(release, number)), target, check_psfield)
    except InputError as error:
        log.warning("%s: the survey's PSF is missing, PSFEx measures it: %s", field, error)
        with atomic(target) as temporary:
            write_fits(temporary, fits.PrimaryHDU())


def check_psfield(path):
    """Refuse a file that is not a psField file.

    Parameters
    ----------
    path : Path
        The unpacked file.

    Raises
    ------
    InputError
        If a band's PSF cannot be read from the file.
    """
    try:
        with open_whole(path, "a psField file", name=False) as hdus:
            for number, band in enumerate(FILTERS, start=1):
                if number >= len(hdus):
                    raise InputError(f"the table of band {band} is missing")
                psfield_model(hdus[number].data, SHAPE)
    except InputError as error:
        raise InputError(f"psField: {error}") from None
