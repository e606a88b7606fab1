"""Calibrate one image: dark, flat, masks, cosmic rays, background, noise."""

import numpy as np

from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.masks import mask_cards
from redpix.io.header_values import history_text
from redpix.photometry.calibrated_header import exposure_cards, kept_cards
from redpix.photometry.exposure_image import calibrate_frame, calibrate_image
from redpix.photometry.faulty_lines import mask_faulty_lines
from redpix.photometry.planes_file import write_planes, write_reason
from redpix.photometry.sky_noise import log_sky_model, mask_cosmic_rays, measure_sky
from redpix.photometry.spectrum_check import refuse_spectrum


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
        As for `calibrate_exposure`.
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


def calibrate_exposure(
    image,
    calibrated,
    row,
    settings,
    dark=None,
    flat=None,
    mask=None,
    errors=None,
    masks=None,
):
    """Calibrate one image and write SCI, ERR, MASK, BACKGROUND and GAIN.

    Parameters
    ----------
    image : str
        FITS file of the image.
    calibrated : str
        FITS file to write.
    row : mapping
        The image's row of the table of images. For an image of a camera, it says what is read.
    settings : mapping
        `camera`, `flat`, `scale_dark`, `background_mesh` in pixels, `cosmic_rays`.
    dark, flat, mask : str, optional
        Files that the row names; the workflow makes the job depend on them.
    errors, masks : str, optional
        Error map and survey masks of a frame of the survey.

    Raises
    ------
    InputError
        If a file cannot be read, or the image cannot be calibrated.
    """
    path = row["path"]
    if row["frame"]:
        exposure = calibrate_frame(row, image, errors, masks)
    else:
        exposure = calibrate_image(row, settings)
        refuse_spectrum(path, exposure.calibrated.image, exposure.calibrated.mask)
    cosmic_rays = settings["cosmic_rays"] and not row["frame"]
    try:
        exposure, subtracted = sky_without_lines(path, exposure, settings["background_mesh"])
        log_sky_model(path, subtracted.model, settings["background_mesh"])
        if cosmic_rays:
            mask_cosmic_rays(path, exposure, subtracted)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    log.info("%s: noise from %s", path, subtracted.origin)
    write_calibrated(calibrated, row, exposure, subtracted)


def sky_without_lines(path, exposure, mesh):
    """Mask the columns and rows that stand out from their neighbours, and subtract the sky.

    Parameters
    ----------
    path : str
        Name of the image in the log.
    exposure : redpix.photometry.exposure_image.ExposureImage
        Image free of dark and flat. Its mask is changed.
    mesh : int
        Side of the squares in which the sky is measured, pixels.

    Returns
    -------
    exposure : redpix.photometry.exposure_image.ExposureImage
        With a remark if lines stand out.
    subtracted : redpix.photometry.sky_noise.SkySubtracted

    Raises
    ------
    InputError
        If the image has no noise.
    """
    subtracted, mask = measure_sky(exposure, mesh), exposure.calibrated.mask
    masked = np.count_nonzero(mask)
    noise = float(np.sqrt(np.nanmedian(subtracted.variance)))
    remark = mask_faulty_lines(subtracted.image, mask, noise)
    if not remark:
        return exposure, subtracted
    log.warning("%s: %s", path, remark)
    if np.count_nonzero(mask) > masked:
        subtracted = measure_sky(exposure, mesh)
    camera = exposure.camera._replace(remarks=(*exposure.camera.remarks, remark))
    return exposure._replace(camera=camera), subtracted


def write_calibrated(calibrated, row, exposure, subtracted):
    """Write the planes and cards of a calibrated image.

    Parameters
    ----------
    calibrated : str
        FITS file to write.
    row : mapping
        The image's row of the table of images.
    exposure : redpix.photometry.exposure_image.ExposureImage
        The image with its mask.
    subtracted : redpix.photometry.sky_noise.SkySubtracted
        The image without its sky.
    """
    path, mask = row["path"], exposure.calibrated.mask
    error_map = np.sqrt(subtracted.variance)
    planes = {
        "SCI": subtracted.image,
        "ERR": error_map,
        "MASK": mask,
        "BACKGROUND": subtracted.sky.level,
        "GAIN": exposure.electrons,
    }
    cards = exposure_cards(row, exposure, subtracted.origin) + mask_cards()
    header = kept_cards(exposure.header, path)
    for remark in exposure.camera.remarks:
        header.add_history(history_text(remark))
    cards.append(("SKYDEGR", subtracted.model.degree, "degree of the polynomial of the sky"))
    cards.append(
        ("SKYPROF", subtracted.model.profile or "none", "profiles of the sky: axes, corner or none")
    )
    cards.append(("SKYMESH", subtracted.model.mesh, "[pixel] squares in which it is measured"))
    with atomic(calibrated) as temporary:
        write_planes(temporary, planes, header, cards)
    log.info(
        "%s -> %s: sky %.2f, noise %.3f, %.2f %% of the pixels masked",
        path,
        calibrated,
        np.median(subtracted.sky.level),
        np.nanmedian(error_map),
        100 * np.mean(mask != 0),
    )
