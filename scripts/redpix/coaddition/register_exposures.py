"""Put exposures onto the pixels of the first of them and compare them with it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from redpix.astrometry.align_pair import align, sources_of, star_programs
from redpix.astrometry.star_comparison import ComparedImages, compare_stars, registration_error
from redpix.image.background import smooth_background
from redpix.psf.psf_model import MovedPsf
from redpix.psf.psfex import find_sources, fit_psf
from redpix.subtraction.epoch import Epoch


class RegisteredImage(NamedTuple):
    """An exposure on the pixels of the first, with the background of the first.

    Attributes
    ----------
    epoch : redpix.subtraction.epoch.Epoch
        Without its psf.
    mask : ndarray of int
    psf : callable
        ``psf(x, y)``: the stamp at a position.
    correlation : callable or None
        ``correlation(rows, columns)``: covariance of the noise in a region; None for white noise.
    cards : list of tuple
        FITS cards that describe the exposure.
    """

    epoch: Epoch
    mask: np.ndarray
    psf: Callable
    correlation: Callable | None
    cards: list


def register_exposures(exposures, names, programs, registration, background_mesh):
    """Put exposures onto the pixels of the first.

    Parameters
    ----------
    exposures : list of redpix.astrometry.exposures.Exposure
        Without invalid pixels.
    names : list of str
        Names of the exposures for the header.
    programs : dict of str to str
        Settings files: keywords of `redpix.astrometry.align_pair.star_programs`.
    registration : {"wcs", "sources"}
        As in `redpix.astrometry.align_pair.align`.
    background_mesh : int
        Side of the squares of the background, pixels.

    Returns
    -------
    list of RegisteredImage
        In the order of the exposures.
    """
    first, from_survey = exposures[0], all(exposure.psf for exposure in exposures)
    with star_programs(**programs) as settings:
        stars = sources_of(first, "first", settings)
        psf, positions = fit_psf(stars, settings.psfex, first.path)
        psf = first.psf if from_survey else psf
        epoch = Epoch(first.image, None, variance=first.variance)
        cards = facts_of(1, names[0], 1.0, 0.0, (0.0, 0.0), psf.fwhm)
        registered = [RegisteredImage(epoch, first.mask, psf.at, None, cards)]
        for number, exposure in enumerate(exposures[1:], start=2):
            sources = sources_of(exposure, f"raw{number}", settings)
            alignment = align(first, exposure, stars, sources, registration)
            if from_survey:
                moved_psf = MovedPsf(exposure.psf, alignment.transform)
            else:
                moved_psf = _psf_of_moved(alignment.image, f"moved{number}", exposure, settings)
            compared = _compare(first, exposure, alignment, psf, moved_psf, stars, positions)
            image = _with_background_of(first, alignment.image, compared["ratio"], background_mesh)
            variance, mask = alignment.image.variance, alignment.image.mask
            registered.append(
                RegisteredImage(
                    epoch=Epoch(image, None, flux=compared["ratio"], variance=variance),
                    mask=mask,
                    psf=moved_psf.at,
                    correlation=alignment._replace(image=None).noise_correlation,
                    cards=facts_of(number, names[number - 1], **compared, fwhm=moved_psf.fwhm),
                )
            )
    return registered


def _psf_of_moved(moved, name, exposure, settings):
    """Return the PSF of a resampled exposure."""
    sources = find_sources(name, *moved, settings.folder, settings.sextractor, exposure.path)
    return fit_psf(sources, settings.psfex, exposure.path)[0]


def _compare(first, exposure, alignment, psf, moved_psf, stars, positions):
    """Return flux ratio, scatter and registration error of an exposure, by their names."""
    moved = alignment.image
    images = ComparedImages(
        first.image, moved.image, first.variance, moved.variance, psf.at, moved_psf.at
    )
    names = f"{first.path}, {exposure.path}"
    ratio, scatter, _ = compare_stars(images, positions, names)
    rms = registration_error(images, stars.places(), alignment.left_out, names)
    return {"ratio": ratio, "scatter": scatter, "rms": rms}


def _with_background_of(first, moved, ratio, mesh):
    """Return a resampled image with the background of the first."""
    difference = first.image * np.float32(ratio) - moved.image
    return moved.image + smooth_background(difference, mesh)


def facts_of(number, name, ratio, scatter, rms, fwhm):
    """Return the FITS cards of one exposure.

    Parameters
    ----------
    number : int
        Position of the exposure in the stack, from 1.
    name : str
    ratio, scatter : float
        Flux ratio to the first exposure and its relative scatter.
    rms : (float, float)
        Registration error along x and y, pixels.
    fwhm : float
        FWHM of the PSF, pixels.

    Returns
    -------
    list of tuple
    """
    return [
        (f"IMAGE{number}", name),
        (f"FLXR{number}", ratio, "its flux / flux in the first"),
        (f"FLXS{number}", scatter, "its scatter beyond noise"),
        (f"REGX{number}", float(rms[0]), "[pix] registration, x"),
        (f"REGY{number}", float(rms[1]), "[pix] registration, y"),
        (f"FWHM{number}", fwhm, "[pix] of its PSF"),
    ]
