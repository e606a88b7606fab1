"""Coadd exposures of one sky in one band, on the pixels of the first of them."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
from alignment import align, compare_stars, registration_error, sources_of
from astropy.io import fits
from exposures import read_exposure
from files import atomic
from job import job, log
from psfex import find_sources, fit_psf
from redpix.alignment import smooth_background
from redpix.cameras import check_units, wcs_cards
from redpix.coaddition import stack
from redpix.exceptions import InputError
from redpix.masks import DTYPE, bit_value, mask_cards
from redpix.resampling import Resampled
from redpix.subtraction import Epoch
from sextractor import copied_settings

#: pixels with one of these bits hold nothing: the other images stand in
USELESS = bit_value("NO_DATA", "EDGE", "SATURATED", "COSMIC_RAY", "BAD")


def register_all(exposures, params, inputs):
    """Every exposure on the pixels of the first, brought to its background; facts of each.

    Returns
    -------
    epochs : list of redpix.subtraction.Epoch
    masks : list of ndarray
    psfs : list of callable
    cards : list of (str, object, str)
    """
    first = exposures[0]
    epochs, masks, psfs, cards = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        settings = copied_settings(inputs, folder)
        psfex = shutil.copy(inputs.psfex, folder / "psfex")
        stars = sources_of(first, "first", folder, settings)
        first_psf, places = fit_psf(stars, psfex, first.path)
        for number, exposure in enumerate(exposures, start=1):
            if exposure is first:
                moved, psf = Resampled(first.image, first.variance, first.mask), first_psf
                ratio, scatter, rms = 1.0, 0.0, np.zeros(2)
                background = np.float32(0)
            else:
                moved, _, change = align(first, exposure, stars, folder, settings, f"raw{number}")
                planes = (f"moved{number}", *moved, folder, settings, exposure.path)
                psf, _ = fit_psf(find_sources(*planes), psfex, exposure.path)
                compared = first, moved, (first_psf.at, psf.at)
                ratio, scatter, _ = compare_stars(
                    *compared, places, f"{first.path}, {exposure.path}"
                )
                rms = registration_error(*compared, stars.places(), change)
                difference = first.image * np.float32(ratio) - moved.image
                background = smooth_background(difference, params.background_mesh)
            epochs.append(
                Epoch(moved.image + background, None, flux=ratio, variance=moved.variance)
            )
            masks.append(moved.mask)
            psfs.append(psf.at)
            cards += [
                (f"IMAGE{number}", params.images[number - 1], "name of an image"),
                (f"FLXR{number}", ratio, "its flux / flux in the first"),
                (f"FLXS{number}", scatter, "its scatter beyond noise"),
                (f"REGX{number}", float(rms[0]), "[pix] registration, x"),
                (f"REGY{number}", float(rms[1]), "[pix] registration, y"),
                (f"FWHM{number}", psf.fwhm, "[pix] of its PSF"),
            ]
    return epochs, masks, psfs, cards


def combined_mask(epochs, masks):
    """Images without what holds nothing in them, and the mask of their coadd.

    A useless pixel of an image is left out of it where another has a good one; then the coadd's
    is INTERPOLATED. Where no image has a good one all stay, with their bits.
    """
    useless = [
        ((mask & USELESS) != 0) | ~np.isfinite(epoch.image)
        for epoch, mask in zip(epochs, masks, strict=True)
    ]
    all_useless = np.logical_and.reduce(useless)
    result = np.zeros(all_useless.shape, DTYPE)
    cut = []
    for epoch, mask, bad in zip(epochs, masks, useless, strict=True):
        result |= np.where(bad & ~all_useless, DTYPE(bit_value("INTERPOLATED")), mask)
        cut.append(epoch._replace(image=np.where(bad & ~all_useless, np.nan, epoch.image)))
    known = np.logical_or.reduce([np.isfinite(epoch.image) for epoch in cut])
    # beyond one image's border another may still have what is not good
    result[known] &= ~DTYPE(bit_value("NO_DATA"))
    return cut, result


def write_coadd(path, made, mask, first, cards):
    """SCI, PSF, VARIANCE and MASK."""
    header = wcs_cards(first.wcs)
    science = fits.PrimaryHDU(made.image, header)
    science.header["EXTNAME"] = "SCI"
    science.header.extend(cards)
    hdus = fits.HDUList([science, fits.ImageHDU(made.psf.astype(np.float32), name="PSF")])
    hdus.append(fits.ImageHDU(made.variance, header, name="VARIANCE"))
    hdus.append(fits.ImageHDU(mask, header, name="MASK"))
    hdus["MASK"].header.extend(mask_cards())
    with atomic(path) as temporary:
        hdus.writeto(temporary)


def main(snakemake):
    inputs, params, band = snakemake.input, snakemake.params, snakemake.wildcards.band
    settings = {**params.camera, "background_mesh": params.background_mesh}
    groups = [inputs[f"image_{number}"] for number in range(1, len(params.images) + 1)]
    exposures = [read_exposure(paths, band, settings) for paths in groups]
    check_units((exposure.path, exposure.unit) for exposure in exposures)
    first = exposures[0]
    epochs, masks, psfs, cards = register_all(exposures, params, inputs)
    epochs, mask = combined_mask(epochs, masks)
    try:
        made = stack(epochs, psfs, params.method)
    except InputError as error:
        raise InputError(f"{first.path} and others: {error}") from None
    facts = [
        ("METHOD", params.method, "of coaddition"),
        ("NIMAGES", len(exposures), "images coadded"),
        ("F_C", 1 / made.noise, "zero point of C; SCI is C / F_C"),
        ("NOISE", made.noise, "1-sigma, blank sky, all images"),
        (
            "FILLED",
            float(np.mean((mask & bit_value("INTERPOLATED")) != 0)),
            "share of INTERPOLATED",
        ),
    ]
    if first.unit:
        facts.append(("BUNIT", first.unit))
    if first.zero_point is not None:
        facts.append(("MAGZERO", first.zero_point, "magnitude of unit flux"))
    write_coadd(snakemake.output[0], made, mask, first, facts + cards)
    log.info("%s: %d images, noise %.5g", snakemake.output[0], len(exposures), made.noise)


if "snakemake" in globals():
    with job(snakemake):
        main(snakemake)
