"""Leave out an image that cannot be calibrated or measured, so that the other images go on."""

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.io.described_table import STARS, write_described
from redpix.photometry.calibrate import calibrate_exposure
from redpix.photometry.measure import measure_stars
from redpix.photometry.planes_file import reason_left_out, write_reason
from redpix.photometry.star_table import MORE, SEVEN
from redpix.photometry.table_file import write_table


def calibrate_or_leave_out(image, calibrated, row, settings, others, **files):
    """Calibrate an image; if it cannot be used and the run has other images, leave it out.

    Parameters
    ----------
    image : str
        FITS file of the image.
    calibrated : str
        FITS file to write. For an image that is left out, it has a header only, with the card
        LEFTOUT.
    row : mapping
        The image's row of the table of images.
    settings : mapping
        As for `redpix.photometry.calibrate.calibrate_exposure`.
    others : bool
        Whether the run has other images.
    **files : str
        Dark, flat, mask, errors and masks of the image.

    Raises
    ------
    InputError
        If the fault is not in the image itself, or if the run has only this image.
    """
    try:
        calibrate_exposure(image, calibrated, row, settings, **files)
    except InputError as error:
        if not (others and str(error).startswith((row["path"], image))):
            raise
        log.warning("%s: left out: %s", row["image"], error)
        write_reason(calibrated, str(error))


def measure_or_leave_out(image, stars, rejected, residual, row, settings, others, catalogue=None):
    """Measure the stars of an image; write empty tables for an image that is left out.

    Parameters
    ----------
    image : str
        FITS file of the calibrated image.
    stars, rejected, residual : str
        Files to write, as for `redpix.photometry.measure.measure_stars`.
    row : mapping
        The image's row of the table of images.
    settings : mapping
        The section `photometry` of the configuration.
    others : bool
        Whether the run has other images.
    catalogue : str, optional
        Table of stars of known magnitude.

    Raises
    ------
    InputError
        If the fault is not in the image itself, or if the run has only this image.
    """
    reason = reason_left_out(image)
    if reason is None:
        try:
            measure_stars(image, stars, rejected, residual, row, settings, catalogue)
            return
        except InputError as error:
            if not (others and str(error).startswith(image)):
                raise
            reason = str(error)
            log.warning("%s: left out: %s", row["image"], reason)
    columns = SEVEN if settings["mode"] == "simple" else (*SEVEN, *MORE)
    write_table(stars, {column: [] for column in columns})
    write_described(stars, STARS)
    write_table(rejected, {"peak_x": [], "peak_y": [], "reason": []})
    write_reason(residual, reason)
