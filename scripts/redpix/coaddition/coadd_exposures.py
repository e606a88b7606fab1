"""Coadd exposures of the same sky in one band, on the pixels of the first of them."""

import functools

import numpy as np
from astropy.io import fits

from redpix.astrometry.exposures import check_exposure_units, exposure_reader
from redpix.coaddition.combine_masks import combined, patched
from redpix.coaddition.register_exposures import register_exposures
from redpix.coaddition.reject import LEAST_IMAGES, rejected_pixels, with_rejected
from redpix.coaddition.stack import stack
from redpix.coaddition.stack_noise import noise_on_sky, with_measured_noise
from redpix.core.atomic_files import atomic
from redpix.core.backend import arrays as backend
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.exposure_cards import fits_unit, stack_cards
from redpix.image.mapped_image import keeper, planes_folder
from redpix.image.masks import bit_value, mask_cards
from redpix.image.wcs import wcs_cards
from redpix.io.camera import check_units
from redpix.io.fits_writing import write_fits

#: number of files of a field of the survey without PSFs: frame, error map, masks
MOST_WITHOUT_PSF = 3


def coadd_exposures(
    coadd,
    method,
    reject,
    images,
    camera,
    arrays,
    registration,
    background_mesh,
    band,
    *,
    config,
    parameters,
    filter,
    psfex,
    **files,
):
    """Coadd exposures and write the coadd.

    Parameters
    ----------
    coadd : str
        FITS file to write, with the HDUs SCI, PSF, VARIANCE and MASK.
    method : {"proper", "mean", "median"}
        As in `redpix.coaddition.stack.stack`.
    reject : bool
        Whether to reject pixels that the others contradict, from three exposures.
    images : list of str
        Names of the exposures as the table of stacks has them.
    camera : dict
        Keys gain, read_noise, saturation, zero_point; None if the header gives the value.
    arrays : {"numpy", "torch", "cupy"}
        Backend of the arrays.
    registration : {"wcs", "sources"}
        As in `redpix.astrometry.align_pair.align`.
    background_mesh : int
        Side of the squares of the background, pixels.
    band : str
        Name of the band.
    config, parameters, filter, psfex : str
        Settings files of SExtractor and PSFEx.
    **files : list of str
        Files of each exposure, named image_1, image_2, ...

    Raises
    ------
    InputError
        If a file cannot be used, or the exposures cannot be registered or coadded.
    """
    groups = [files[f"image_{number}"] for number in range(1, len(images) + 1)]
    reading = {**camera, "background_mesh": background_mesh}
    programs = {"config": config, "parameters": parameters, "filter": filter, "psfex": psfex}
    exposures = []
    reader = _reader(groups, band, reading, images, registration, exposures)
    with planes_folder(coadd, f".{band}.planes") as folder:
        keeps = functools.partial(keeper, folder, len(groups))
        options = {"registration": registration, "background_mesh": background_mesh}
        registered = register_exposures(reader, images, programs, keep=keeps, **options)
        keep = keeps(exposures[0].image.shape)
        _coadd_registered(coadd, registered, exposures, images, reject, method, arrays, keep)


def _reader(groups, band, reading, names, registration, exposures):
    """Return exposures to iterate over; each is appended to a list once it is read."""
    reader = exposure_reader(groups, band, reading, names, registration)
    reader = _patched_exposures(reader, exposures)
    # PSFs of the survey are used if all exposures bring one: then all are read first
    return list(reader) if all(len(group) > MOST_WITHOUT_PSF for group in groups) else reader


def _coadd_registered(path, registered, exposures, names, reject, method, arrays, keep):
    """Reject outliers, measure the noise, stack, and write the coadd."""
    check_exposure_units(exposures)
    rejected = None
    if reject:
        registered, rejected = _without_outliers(registered, names, path, keep)
    registered = with_measured_noise(registered, names)
    stacked = _write_stack(path, registered, rejected, exposures, method, backend(arrays), keep)
    log.info("%s: %d images, noise %.5g", path, len(exposures), stacked.noise)


def _patched_exposures(reader, exposures):
    """Yield exposures whose useless pixels are replaced, and append each to a list."""
    for exposure in reader:
        exposure.mask[~np.isfinite(exposure.image)] |= bit_value("BAD")
        exposure.image = patched(exposure.image, exposure.mask)
        exposures.append(exposure)
        check_units((one.path, one.unit) for one in (exposures[0], exposure))
        yield exposure


def _without_outliers(registered, names, path, keep):
    """Return registered images whose outliers are COSMIC_RAY and counted, and the outliers."""
    if len(registered) < LEAST_IMAGES:
        log.info("%s: coaddition.reject: not applied to fewer than %d images", path, LEAST_IMAGES)
        return registered, None
    masks = [image.mask for image in registered]
    rejected = rejected_pixels(
        [image.epoch for image in registered],
        masks,
        [image.psf for image in registered],
        [image.registration_error for image in registered],
        keep,
    )
    counts = [int(np.count_nonzero(np.asarray(plane))) for plane in rejected]
    for name, count in zip(names, counts, strict=True):
        log.info("%s: %s: %d pixels rejected", path, name, count)
    masked = [
        image._replace(mask=mask, cards=[*image.cards, (f"REJ{number}", count, "[pix] rejected")])
        for number, (image, mask, count) in enumerate(
            zip(registered, with_rejected(masks, rejected, keep), counts, strict=True), start=1
        )
    ]
    return masked, rejected


def _write_stack(path, registered, rejected, exposures, method, arrays, keep):
    """Stack registered exposures, write the coadd and return the stack."""
    first, masks = exposures[0], [image.mask for image in registered]
    epochs, mask = combined([image.epoch for image in registered], masks, keep)
    stacked = _stacked(epochs, registered, rejected, method, arrays, first.path)
    noise = stacked.noise
    if any(image.measured for image in registered):
        noise = noise_on_sky(stacked, mask, path)
    cards = facts_of_coadd(stacked, noise, method, masks, mask, first)
    cards += [card for image in registered for card in image.cards]
    cards += stack_cards(exposures)
    write_coadd(path, stacked, mask, first, cards)
    return stacked


def _stacked(epochs, registered, rejected, method, arrays, path):
    """Return the stack of registered exposures; name the first in an error."""
    psfs = [image.psf for image in registered]
    correlations = [image.correlation for image in registered]
    try:
        return stack(epochs, psfs, method, correlations, arrays=arrays, rejected=rejected)
    except InputError as error:
        raise InputError(f"{path} and others: {error}") from None


def facts_of_coadd(stacked, noise, method, masks, mask, first):
    """Return the FITS cards that describe a coadd.

    Parameters
    ----------
    stacked : redpix.coaddition.stack.StackedImage
        The coadd.
    noise : float
        Noise of its blank sky.
    method : str
        Method of the coaddition.
    masks : list of ndarray of int
        Masks of the exposures.
    mask : ndarray of int
        Mask of the coadd.
    first : redpix.image.exposure_file.Exposure
        The first exposure, which gives unit and zero point.

    Returns
    -------
    list of tuple
        Keyword, value and, if needed, comment.
    """
    shares = [np.mean((np.asarray(m) & bit_value("NO_DATA")) == 0) for m in masks]
    filled = np.mean((mask & bit_value("INTERPOLATED")) != 0)
    facts = [
        ("METHOD", method, "of coaddition"),
        ("NIMAGES", len(masks), "images coadded"),
        ("F_C", 1 / stacked.noise, "zero point of C; SCI is C / F_C"),
        ("NOISE", noise, "1-sigma, blank sky, all images"),
        ("COVERED", float(np.mean(shares)), "by its images, mean share"),
        ("FILLED", float(filled), "share of INTERPOLATED"),
    ]
    if first.unit:
        facts.append(("BUNIT", fits_unit(first.unit)))
    if first.zero_point is not None:
        facts.append(("MAGZERO", first.zero_point, "magnitude of unit flux"))
    return facts


def write_coadd(path, stacked, mask, first, cards):
    """Write the HDUs SCI, PSF, VARIANCE and MASK of a coadd.

    Parameters
    ----------
    path : str
        FITS file to write.
    stacked : redpix.coaddition.stack.StackedImage
        The coadd.
    mask : ndarray of int16
        Bits of `redpix.image.masks`.
    first : redpix.image.exposure_file.Exposure
        The first exposure, whose WCS the coadd has.
    cards : list of tuple
        FITS cards of SCI.
    """
    header = wcs_cards(first.wcs)
    science = fits.PrimaryHDU(stacked.image, header)
    science.header["EXTNAME"] = "SCI"
    science.header.extend(cards)
    hdus = fits.HDUList([science, fits.ImageHDU(stacked.psf.astype(np.float32), name="PSF")])
    hdus.append(fits.ImageHDU(stacked.variance, header, name="VARIANCE"))
    hdus.append(fits.ImageHDU(mask, header, name="MASK"))
    hdus["VARIANCE"].header["UTYPE"] = "VarianceUncertainty"  # as astropy names it
    if first.unit:
        hdus["VARIANCE"].header["BUNIT"] = fits_unit(first.unit, power=2)
    hdus["MASK"].header.extend(mask_cards())
    with atomic(path) as temporary:
        write_fits(temporary, hdus)
