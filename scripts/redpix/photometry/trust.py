"""Find out whether the PSF describes the stars and the model of the sky follows the sky."""

import numpy as np
from scipy.ndimage import binary_dilation

from redpix.core.job import log
from redpix.photometry.quality import CORE, FLAGS
from redpix.photometry.sky_cells import CELL, cell_means
from redpix.psf.small_image_stars import STAR_WIDTHS
from redpix.psf.stacked_psf import half_of_stamps

#: error of the PSF, relative to the light of a star, from which fluxes of the PSF are not trusted
MOST_PSF_ERROR = 0.06

#: detections on the negative image in the light of stars, relative to the number of stars, and
#: relative difference of aperture and PSF fluxes, from which the latter are not trusted
MOST_NEGATIVE, MOST_OFFSET = 0.4, 0.015

#: standard errors by which that difference must exceed 0
_CERTAIN = 3.0

#: reason why fluxes of a PSF that no star shows are uncertain
STAND_IN = (
    "no star is bright and alone enough for a PSF, so a Moffat profile of the width of the peaks "
    "stands in for it, and the scale of psf_flux is uncertain by some per cent"
)

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


def psf_fault(result, quality, correction):
    """Return why fluxes of the PSF are not trusted.

    Parameters
    ----------
    result : redpix.photometry.crowded.Result
        Fitted stars of the image.
    quality : redpix.photometry.quality.Quality
        Quality of the stars.
    correction : float
        Aperture correction.

    Returns
    -------
    str or None
        None if they are trusted.
    """
    if result.crammed:
        return (
            f"more peaks are detected than stars {result.psf.fwhm:.1f} px wide can be told apart, "
            "and only the brightest are measured"
        )
    if not result.psf.stars and result.psf.fwhm > STAR_WIDTHS[1]:
        return (
            f"the sources are {result.psf.fwhm:.0f} px wide, and too few stand alone to show the "
            "shape of the PSF"
        )
    error = psf_error(result, quality)
    if result.stacked and np.isnan(error):
        return f"too few stars without a flag test the PSF, which {result.psf.stars} stars show"
    if error > MOST_PSF_ERROR:
        return f"the PSF is wrong by {100 * error:.0f} % of the light of bright stars"
    if result.false.in_light > max(MOST_NEGATIVE * len(quality.flags), _LEAST):
        return (
            f"{result.false.in_light} places in the light of {len(quality.flags)} stars are "
            "darker than the PSF says"
        )
    ratio = result.stars.flux / result.errors.flux
    good = ((quality.flags & ~FLAGS["MISFIT"]) == 0) & (ratio > _BRIGHT)
    shares = quality.aperture_flux[good] / (result.stars.flux[good] * correction) - 1
    if len(shares) < _LEAST:
        return None
    off = float(np.median(shares))
    sure = _CERTAIN * 1.4826 * np.median(abs(shares - off)) / np.sqrt(len(shares))
    if abs(off) > max(MOST_OFFSET, sure):
        return f"fluxes of the PSF and of apertures differ by {100 * abs(off):.1f} %"
    return None


def on_wrong_sky(result):
    """Find the stars in squares, and beside squares, whose sky the model does not follow.

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
    # beside such a square, false stars take the light that the sky does not follow
    wrong = binary_dilation(wrong, np.ones((3, 3), bool))
    at = [
        np.clip(np.rint(axis).astype(int) // CELL, 0, side - 1)
        for axis, side in zip((result.stars.y, result.stars.x), wrong.shape, strict=True)
    ]
    return wrong[tuple(at)]


def better_column(name, result, quality, correction):
    """Return the column of the better flux of an image and why; log a warning if not psf_flux.

    Parameters
    ----------
    name : str
        Name of the image in messages.
    result : redpix.photometry.crowded.Result
        Fitted stars of the image.
    quality : redpix.photometry.quality.Quality
        Quality of the stars.
    correction : float
        Aperture correction.

    Returns
    -------
    column : str
        psf_flux or aperture_flux.
    reason : str
        Why all stars have the flag PSF; empty if they do not have it.
    """
    if result.stacked:
        log.warning(
            "%s: a Moffat profile does not describe the stars (defocus or trails): the PSF is "
            "stacked from %d stars and ends %d px from them",
            name,
            result.psf.stars,
            half_of_stamps(result.psf),
        )
    reason = psf_fault(result, quality, correction)
    if not reason and not result.psf.stars:
        log.warning("%s: %s: all stars have the flag PSF", name, STAND_IN)
        return "psf_flux", STAND_IN
    if not reason:
        return "psf_flux", ""
    log.warning(
        "%s: %s, so psf_flux is not trusted and all stars have the flag PSF; aperture_flux is the "
        "better flux, and magnitudes are of it",
        name,
        reason,
    )
    return "aperture_flux", reason


def with_apertures(result, quality):
    """Return the stars of a fit with their aperture fluxes in place of those of the PSF.

    Parameters
    ----------
    result : redpix.photometry.crowded.Result
        Fitted stars of the image.
    quality : redpix.photometry.quality.Quality
        Quality of the stars.

    Returns
    -------
    redpix.photometry.crowded.Result
    """
    return result._replace(
        stars=result.stars._replace(flux=quality.aperture_flux),
        errors=result.errors._replace(flux=quality.aperture_error),
    )


def flag_untrusted(name, result, quality, reason):
    """Return the quality of stars with the flags PSF, SKY and DOUBTFUL.

    Parameters
    ----------
    name : str
        Name of the image in messages.
    result : redpix.photometry.crowded.Result
        Fitted stars of the image.
    quality : redpix.photometry.quality.Quality
        Quality of the stars.
    reason : str
        Why fluxes of the PSF are uncertain; empty if they are not.

    Returns
    -------
    redpix.photometry.quality.Quality
    """
    flags = quality.flags.copy()
    flags[result.doubtful] |= FLAGS["DOUBTFUL"]
    if reason:
        flags |= FLAGS["PSF"]
    wrong = on_wrong_sky(result)
    if wrong.any():
        flags[wrong] |= FLAGS["SKY"]
        log.warning(
            "%s: %d stars lie where the model does not follow the sky and have the flag SKY",
            name,
            np.count_nonzero(wrong),
        )
    return quality._replace(flags=flags)
