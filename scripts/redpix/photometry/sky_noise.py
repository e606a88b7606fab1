"""The sky of an image, the noise of the empty sky, and cosmic rays."""

from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.noise import BELIEVED, noise_scale
from redpix.photometry import ccd
from redpix.photometry.sky_choice import SkyModel, choose_sky
from redpix.photometry.source_extraction import typical_width

#: origin of the noise if gain and read noise do not give it
MEASURED = "blank sky"

#: deviation of the sky of small squares from its model that needs a warning, noise of a pixel
WRONG = 0.3

#: largest share of pixels that cosmic rays can hit; with more, the noise or the PSF is not right
MOST_COSMIC_RAYS = 0.02


class SkySubtracted(NamedTuple):
    """An image without its sky.

    Attributes
    ----------
    image : ndarray, shape (ny, nx)
        Counts.
    sky : redpix.photometry.ccd.Background
    variance : ndarray, shape (ny, nx)
        Variance of the empty sky, counts squared.
    origin : str
        Origin of the variance.
    model : redpix.photometry.sky_choice.SkyModel
        How the sky was measured.
    """

    image: np.ndarray
    sky: ccd.Background
    variance: np.ndarray
    origin: str
    model: SkyModel


def measure_sky(exposure, mesh):
    """Return an image without its sky, with the noise of its empty sky.

    Parameters
    ----------
    exposure : redpix.photometry.exposure_image.ExposureImage
        Image free of dark and flat.
    mesh : int
        Side of the squares in which the sky is measured, pixels.

    Returns
    -------
    SkySubtracted

    Raises
    ------
    InputError
        If the image has no noise.
    """
    calibrated = exposure.calibrated
    sky, model = choose_sky(calibrated.image, calibrated.mask, mesh)
    image = (calibrated.image - sky.level).astype(np.float32)
    variance, origin = sky_variance(
        calibrated, sky, exposure.electrons, exposure.read_noise, exposure.total
    )
    return SkySubtracted(image, sky, variance.astype(np.float32), origin, model)


def log_sky_model(path, model, mesh):
    """Log how the sky was measured if the configured mesh does not follow it.

    Parameters
    ----------
    path : str
        Name of the image in the log.
    model : redpix.photometry.sky_choice.SkyModel
        How the sky was measured.
    mesh : int
        Configured side of the squares, pixels.
    """
    if model[:2] != (0, mesh):
        log.warning(
            "%s: squares of %d pixels do not follow the sky: %s are used, off by %.2f of the noise",
            path,
            mesh,
            model,
            model.deviation,
        )
    if model.deviation > WRONG:
        log.warning(
            "%s: the sky of small squares is off by %.2f of the noise, so faint stars may be false",
            path,
            model.deviation,
        )


def sky_variance(made, sky, electrons, read_noise, total):
    """Return the variance of the empty sky and its origin.

    Parameters
    ----------
    made : redpix.photometry.ccd.CalibratedImage
        Image free of dark and flat.
    sky : redpix.photometry.ccd.Background
        Sky of the image.
    electrons : ndarray, shape (ny, nx)
        Electrons per count.
    read_noise : float or None
        Electrons; None if unknown.
    total : ndarray, shape (ny, nx), or None
        Variance of the pixels with the photons of the stars, counts squared, if known.

    Returns
    -------
    variance : ndarray, shape (ny, nx)
        Counts squared.
    origin : str
    """
    if total is not None:
        # without the photon noise of the stars, which the fit adds from its model
        variance = np.maximum(total - (made.image - sky.level) / electrons, 0.5 * total)
        return variance, "the error map"
    if read_noise is None:
        return np.square(sky.rms), MEASURED
    variance = np.maximum(sky.level, 0) / electrons + np.square(read_noise / electrons)
    try:
        scale = noise_scale(made.image - sky.level, variance, made.mask)
    except InputError:
        scale = np.nan
    if abs(scale - 1) < BELIEVED:
        return variance, "gain and read noise"
    return np.square(sky.rms), (
        f"{MEASURED}: it is {scale:.3f} times the noise from gain and read noise, so these are "
        "wrong or the counts include a level without photons, such as a bias without a dark"
    )


def mask_cosmic_rays(path, exposure, subtracted):
    """Give pixels hit by cosmic rays the bit COSMIC_RAY in the mask of an exposure, in place.

    Parameters
    ----------
    path : str
        Name of the image in the log.
    exposure : redpix.photometry.exposure_image.ExposureImage
        Image whose mask is changed.
    subtracted : SkySubtracted
        The same image without its sky.

    Raises
    ------
    InputError
        If the image is too crowded to measure the width of its stars.
    """
    image, mask = subtracted.image, exposure.calibrated.mask
    width = typical_width(image, subtracted.sky.rms, mask)
    gain = float(np.nanmedian(exposure.electrons))
    read_noise = exposure.read_noise or 0.0
    # the level of sky whose photons, with the read noise, have the noise of blank sky
    level = np.maximum(subtracted.variance * gain - read_noise**2 / gain, 0)
    marked = mask.copy()
    number = ccd.mark_cosmic_rays(image, marked, level, gain, read_noise, width)
    if number > MOST_COSMIC_RAYS * mask.size:
        log.warning(
            "%s: %.1f %% of the pixels look like cosmic rays (stars %.2f px wide, gain %.3g): none "
            "are masked; photometry.cosmic_rays false avoids the search",
            path,
            100 * number / mask.size,
            width,
            gain,
        )
        return
    mask[:] = marked
    log.info("%s: stars %.2f px wide, %d cosmic-ray pixels", path, width, number)
