"""Put exposures onto the pixels of the first of them and compare them with it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from redpix.astrometry.align_pair import align, sources_of, star_programs
from redpix.astrometry.star_comparison import ComparedImages, ImageComparison, compare_images
from redpix.image.background import smooth_background
from redpix.io.header_values import card_text
from redpix.psf.psf_choice import fit_psf
from redpix.psf.psf_model import MovedPsf
from redpix.psf.psfex import find_sources
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
    registration_error : (float, float)
        rms error along x and y, pixels.
    cards : list of tuple
        FITS cards that describe the exposure.
    measured : bool
        Whether the correlation was measured on blank sky.
    """

    epoch: Epoch
    mask: np.ndarray
    psf: Callable
    correlation: Callable | None
    registration_error: tuple
    cards: list
    measured: bool = False


def register_exposures(exposures, names, programs, registration, background_mesh, keep):
    """Put exposures onto the pixels of the first.

    Parameters
    ----------
    exposures : iterable of redpix.image.exposure_file.Exposure
        Without invalid pixels. All except the first lose their arrays.
    names : list of str
        Names of the exposures for the header.
    programs : dict of str to str
        Settings files: keywords of `redpix.astrometry.align_pair.star_programs`.
    registration : {"wcs", "sources"}
        As in `redpix.astrometry.align_pair.align`.
    background_mesh : int
        Side of the squares of the background, pixels.
    keep : callable
        ``keep(shape)`` returns how planes are kept, as `redpix.image.mapped_image.keeper` does.

    Returns
    -------
    list of RegisteredImage
        In the order of the exposures.
    """
    from_survey = isinstance(exposures, list) and all(exposure.psf for exposure in exposures)
    exposures = iter(exposures)
    first = next(exposures)
    keep = keep(first.image.shape)
    with star_programs(**programs) as settings:
        stars = sources_of(first, "first", settings)
        psf, positions = fit_psf(stars, settings.psfex, first.path)
        psf = first.psf if from_survey else psf
        same = ImageComparison(1.0, 0.0, 0, (0.0, 0.0))
        cards = facts_of(1, names[0], same, psf.fwhm)
        epoch = Epoch(first.image, None, variance=first.variance)
        registered = [RegisteredImage(epoch, first.mask, psf.at, None, (0.0, 0.0), cards)]
        for number, exposure in enumerate(exposures, start=2):
            sources = sources_of(exposure, f"raw{number}", settings)
            alignment = align(first, exposure, stars, sources, registration)
            if from_survey:
                moved_psf = MovedPsf(exposure.psf, alignment.transform)
            else:
                moved_psf = _psf_of_moved(alignment.image, f"moved{number}", exposure, settings)
            comparison = _compare(first, exposure, alignment, psf, moved_psf, stars, positions)
            cards = facts_of(number, names[number - 1], comparison, moved_psf.fwhm)
            epoch = _matched(first, alignment.image, comparison.ratio, background_mesh, keep)
            correlation = alignment._replace(image=None).noise_correlation
            mask = keep(alignment.image.mask)
            exposure.image = exposure.variance = exposure.mask = None
            error = comparison.registration_error
            registered.append(RegisteredImage(epoch, mask, moved_psf.at, correlation, error, cards))
    return registered


def _psf_of_moved(moved, name, exposure, settings):
    """Return the PSF of a resampled exposure."""
    sources = find_sources(name, *moved, settings.folder, settings.sextractor, exposure.path)
    return fit_psf(sources, settings.psfex, exposure.path)[0]


def _compare(first, exposure, alignment, psf, moved_psf, stars, positions):
    """Return the comparison of an exposure with the first."""
    moved = alignment.image
    images = ComparedImages(
        first.image, moved.image, first.variance, moved.variance, psf.at, moved_psf.at
    )
    names = f"{first.path}, {exposure.path}"
    return compare_images(images, positions, stars.places(), alignment.left_out, names)


def _matched(first, moved, ratio, mesh, keep):
    """Return the epoch of a resampled image, with the background of the first."""
    difference = first.image * np.float32(ratio) - moved.image
    image = moved.image + smooth_background(difference, mesh)
    return Epoch(keep(image), None, flux=ratio, variance=keep(moved.variance))


def facts_of(number, name, comparison, fwhm):
    """Return the FITS cards of one exposure.

    Parameters
    ----------
    number : int
        Position of the exposure in the stack, from 1.
    name : str
        Name of the exposure.
    comparison : redpix.astrometry.star_comparison.ImageComparison
        With the first exposure.
    fwhm : float
        FWHM of the PSF, pixels.

    Returns
    -------
    list of tuple
    """
    return [
        (f"IMAGE{number}", card_text(name)),
        (f"FLXR{number}", comparison.ratio, "its flux / flux in the first"),
        (f"FLXS{number}", comparison.scatter, "its scatter beyond noise"),
        (f"REGX{number}", float(comparison.registration_error[0]), "[pix] registration, x"),
        (f"REGY{number}", float(comparison.registration_error[1]), "[pix] registration, y"),
        (f"FWHM{number}", fwhm, "[pix] of its PSF"),
    ]
