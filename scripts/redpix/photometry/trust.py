"""Find out whether the PSF describes the stars and the model of the sky follows the sky."""

import numpy as np

from redpix.core.job import log
from redpix.photometry.quality import CORE, FLAGS
from redpix.photometry.sky_cells import CELL, cell_means
from redpix.psf.star_stamps import STAMP

#: error of the PSF, relative to the light of a star, from which fluxes of the PSF are not trusted
MOST_PSF_ERROR = 0.06

#: deviation of the sky of a square, noise of a pixel, from which stars in it are not trusted
MOST_SKY_ERROR = 1.0

#: minimum signal-to-noise ratio and number of stars that tell of the PSF
_BRIGHT, _LEAST = 50.0, 3

#: pixels in which the model of the stars is below this fraction of the noise are sky
_SKY = 0.5

#: minimum significance of the deviation of a square
_SIGMAS = 5.0


def psf_error(result, quality):
    """Return the error of the PSF, relative to the light of a star.

    Parameters
    ----------
    result : redpix.photometry.crowded.Result
        Fitted stars of the image.
    quality : redpix.photometry.quality.Quality
        Quality of the stars.

    Returns
    -------
    float
        Median over bright stars that stand alone; NaN if there are fewer than three.
    """
    ratio = result.stars.flux / result.errors.flux
    good = ((quality.flags & ~FLAGS["MISFIT"]) == 0) & (ratio > _BRIGHT)
    if good.sum() < _LEAST:
        return float("nan")
    pixels = np.pi * (CORE * result.psf.fwhm) ** 2
    excess = np.maximum(quality.chi2[good] - 1, 0) * pixels
    return float(np.median(np.sqrt(excess) / ratio[good]))


def on_wrong_sky(result):
    """Find the stars in squares whose sky the model does not follow.

    Parameters
    ----------
    result : redpix.photometry.crowded.Result
        Fitted stars of the image.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    noise = np.sqrt(result.scene.variance)
    rest = (result.scene.image - result.model) / noise
    hidden = ~np.isfinite(noise) | (abs(result.model) > _SKY * noise)
    mean, count = cell_means(np.where(hidden, 0, rest), hidden)
    mean = np.nan_to_num(mean)
    wrong = (abs(mean) > MOST_SKY_ERROR) & (abs(mean) > _SIGMAS / np.sqrt(np.maximum(count, 1)))
    at = [
        np.clip(np.rint(axis).astype(int) // CELL, 0, side - 1)
        for axis, side in zip((result.stars.y, result.stars.x), wrong.shape, strict=True)
    ]
    return wrong[tuple(at)]


def flag_untrusted(name, result, quality):
    """Return the quality of stars with the flags PSF, SKY and DOUBTFUL; log what is not trusted.

    Parameters
    ----------
    name : str
        Name of the image in messages.
    result : redpix.photometry.crowded.Result
        Fitted stars of the image.
    quality : redpix.photometry.quality.Quality
        Quality of the stars.

    Returns
    -------
    redpix.photometry.quality.Quality
    """
    flags = quality.flags.copy()
    flags[result.doubtful] |= FLAGS["DOUBTFUL"]
    if result.stacked:
        log.warning(
            "%s: a Moffat profile does not describe the stars (defocus, trails, a pedestal): the "
            "PSF is stacked from %d stars and ends %.0f px from them",
            name,
            result.psf.stars,
            STAMP * result.psf.fwhm,
        )
    error = psf_error(result, quality)
    if error > MOST_PSF_ERROR:
        flags |= FLAGS["PSF"]
        log.warning(
            "%s: the PSF is wrong by %.0f %% of the light of bright stars, so psf_flux is not "
            "trusted and all stars have the flag PSF; aperture_flux is the better flux",
            name,
            100 * error,
        )
    wrong = on_wrong_sky(result)
    if wrong.any():
        flags[wrong] |= FLAGS["SKY"]
        log.warning(
            "%s: %d stars lie where the model does not follow the sky and have the flag SKY",
            name,
            np.count_nonzero(wrong),
        )
    return quality._replace(flags=flags)
