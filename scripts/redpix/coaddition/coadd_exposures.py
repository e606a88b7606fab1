"""Coadd exposures of one sky in one band, on the pixels of the first of them."""

import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits

from redpix.astrometry.align_pair import align, compare_stars, registration_error, sources_of
from redpix.astrometry.exposures import read_exposure
from redpix.coaddition.stack import combined, patched, stack
from redpix.core.atomic_files import atomic
from redpix.core.backend import arrays
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.background import smooth_background
from redpix.image.masks import bit_value, mask_cards
from redpix.image.resample import noise_correlation
from redpix.image.wcs import wcs_cards
from redpix.io.camera import check_units
from redpix.psf.psf_model import MovedPsf
from redpix.psf.psfex import find_sources, fit_psf
from redpix.psf.sextractor import copied_settings
from redpix.subtraction.zogy import Epoch


class Registered(NamedTuple):
    """Exposures on the pixels of the first of them.

    A value an exposure: epochs (brought to the background of the first; their psf is not set),
    masks, psfs and correlations, callables as `redpix.coaddition.stack.stack` takes them; and
    header cards that tell of all.
    """

    epochs: list
    masks: list
    psfs: list
    correlations: list
    cards: list


def register_all(exposures, params, inputs):
    """Put exposures on the pixels of the first, and compare them with it."""
    first = exposures[0]
    made = Registered([], [], [], [], [])
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        settings = copied_settings(inputs, folder)
        psfex = shutil.copy(inputs.psfex, folder / "psfex")
        stars = sources_of(first, "first", folder, settings)
        aligned = []
        for number, exposure in enumerate(exposures[1:], start=2):
            found = sources_of(exposure, f"raw{number}", folder, settings)
            aligned.append(align(first, exposure, stars, found, params.registration))
        psf, places = fit_psf(stars, psfex, first.path)
        surveys = all(exposure.psf for exposure in exposures)
        psf = first.psf if surveys else psf
        made.epochs.append(Epoch(first.image, None, variance=first.variance))
        made.masks.append(first.mask)
        made.psfs.append(psf.at)
        made.correlations.append(None)
        made.cards.extend(facts_of(1, params.images[0], 1.0, 0.0, (0.0, 0.0), psf.fwhm))
        for number, (moved, place, change) in enumerate(aligned, start=2):
            path, own = exposures[number - 1].path, exposures[number - 1].psf
            if surveys:
                moved_psf = MovedPsf(own, place)
            else:
                found = find_sources(f"moved{number}", *moved, folder, settings, path)
                moved_psf, _ = fit_psf(found, psfex, path)
            compared = first, moved, (psf.at, moved_psf.at)
            names = f"{first.path}, {path}"
            ratio, scatter, _ = compare_stars(*compared, places, names)
            rms = registration_error(*compared, stars.places(), change, names)
            difference = first.image * np.float32(ratio) - moved.image
            image = moved.image + smooth_background(difference, params.background_mesh)
            made.epochs.append(Epoch(image, None, flux=ratio, variance=moved.variance))
            made.masks.append(moved.mask)
            made.psfs.append(moved_psf.at)
            made.correlations.append(partial(noise_correlation, place))
            facts = params.images[number - 1], ratio, scatter, rms, moved_psf.fwhm
            made.cards.extend(facts_of(number, *facts))
    return made


def facts_of(number, name, ratio, scatter, rms, fwhm):
    """Header cards of one image."""
    return [
        (f"IMAGE{number}", name),
        (f"FLXR{number}", ratio, "its flux / flux in the first"),
        (f"FLXS{number}", scatter, "its scatter beyond noise"),
        (f"REGX{number}", float(rms[0]), "[pix] registration, x"),
        (f"REGY{number}", float(rms[1]), "[pix] registration, y"),
        (f"FWHM{number}", fwhm, "[pix] of its PSF"),
    ]


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
    # matched by their sources, all but the first need no WCS
    others = {**settings, "needs_wcs": params.registration == "wcs"}
    exposures = [
        read_exposure(paths, band, others if number else settings, name)
        for number, (paths, name) in enumerate(zip(groups, params.images, strict=True))
    ]
    for exposure in exposures:
        exposure.mask[~np.isfinite(exposure.image)] |= bit_value("BAD")
        exposure.image = patched(exposure.image, exposure.mask)
    check_units((exposure.path, exposure.unit) for exposure in exposures)
    first = exposures[0]
    registered = register_all(exposures, params, inputs)
    epochs, mask = combined(registered.epochs, registered.masks)
    covered = np.mean([(m & bit_value("NO_DATA")) == 0 for m in registered.masks])
    filled = np.mean((mask & bit_value("INTERPOLATED")) != 0)
    try:
        made = stack(
            *(epochs, registered.psfs, params.method, registered.correlations),
            arrays=arrays(params.arrays),
        )
    except InputError as error:
        raise InputError(f"{first.path} and others: {error}") from None
    facts = [
        ("METHOD", params.method, "of coaddition"),
        ("NIMAGES", len(exposures), "images coadded"),
        ("F_C", 1 / made.noise, "zero point of C; SCI is C / F_C"),
        ("NOISE", made.noise, "1-sigma, blank sky, all images"),
        ("COVERED", float(covered), "by its images, mean share"),
        ("FILLED", float(filled), "share of INTERPOLATED"),
    ]
    if first.unit:
        facts.append(("BUNIT", first.unit))
    if first.zero_point is not None:
        facts.append(("MAGZERO", first.zero_point, "magnitude of unit flux"))
    write_coadd(snakemake.output[0], made, mask, first, facts + registered.cards)
    log.info("%s: %d images, noise %.5g", snakemake.output[0], len(exposures), made.noise)
