"""Columns and cards of the files of photometry in mode full."""

from typing import NamedTuple

import numpy as np

from redpix.core.job import log
from redpix.photometry.confusion import widened
from redpix.photometry.nearest_known import nearest_known
from redpix.photometry.psf_uncertainty import with_psf_error
from redpix.photometry.zero_point import ZeroPoint, magnitudes
from redpix.psf.effective_psf_file import effective_psf_cards

#: columns of both modes
SEVEN = ("peak_x", "peak_y", "centroid_x", "centroid_y", "width_x", "width_y", "psf_flux")

#: further columns of mode full
MORE = (
    "psf_flux_error",
    "x_error",
    "y_error",
    "aperture_flux",
    "aperture_flux_error",
    "sky",
    "chi2",
    "flags",
    "magnitude",
    "magnitude_error",
    "ra",
    "dec",
)


class FluxScale(NamedTuple):
    """Factors from fitted fluxes to total fluxes and to magnitudes.

    Attributes
    ----------
    correction, correction_error : float
        Aperture correction, by which fitted fluxes are multiplied, and its 1-sigma error.
    correction_stars : int
        Number of stars from which the aperture correction is measured.
    zero_point : redpix.photometry.zero_point.ZeroPoint
    column : str
        Column of the better flux, psf_flux or aperture_flux; magnitudes are of it.
    reason : str
        Why fluxes of the PSF are uncertain; empty if they are not.
    """

    correction: float
    correction_error: float
    correction_stars: int
    zero_point: ZeroPoint
    column: str = "psf_flux"
    reason: str = ""


def star_columns(result, quality, scale, sky, wcs):
    """Return the columns of the table of stars in mode full.

    Parameters
    ----------
    result : redpix.photometry.crowded.Result
        Fitted stars of the image.
    quality : redpix.photometry.quality.Quality
        Quality of the stars.
    scale : FluxScale
        Aperture correction and zero point.
    sky : ndarray, shape (ny, nx)
        Background of the raw image in counts; NaN in hidden pixels.
    wcs : astropy.wcs.WCS or None
        WCS of the image.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        By name, `SEVEN` and `MORE`.
    """
    stars, errors = result.stars, with_psf_error(widened(result), result, quality)
    flux, flux_error = stars.flux * scale.correction, errors.flux * scale.correction
    better = flux, flux_error
    if scale.column == "aperture_flux":
        better = quality.aperture_flux, quality.aperture_error
    magnitude, magnitude_error = magnitudes(better[0], better[1], scale.zero_point.value)
    ra, dec = wcs.all_pix2world(stars.x, stars.y, 0) if wcs else [np.full(len(flux), np.nan)] * 2
    return {
        "peak_x": quality.peak_x,
        "peak_y": quality.peak_y,
        "centroid_x": stars.x,
        "centroid_y": stars.y,
        "width_x": quality.width_x,
        "width_y": quality.width_y,
        "psf_flux": flux,
        "psf_flux_error": flux_error,
        "x_error": errors.x,
        "y_error": errors.y,
        "aperture_flux": quality.aperture_flux,
        "aperture_flux_error": quality.aperture_error,
        "sky": nearest_known(sky, quality.peak_x, quality.peak_y),
        "chi2": quality.chi2,
        "flags": quality.flags,
        "magnitude": magnitude,
        "magnitude_error": magnitude_error,
        "ra": ra,
        "dec": dec,
    }


def hot_pixels(result):
    """Return the columns of the table of rejected peaks in mode full: its hot pixels.

    Parameters
    ----------
    result : redpix.photometry.crowded.Result
        Fitted stars of the image.

    Returns
    -------
    dict of str to sequence
    """
    y, x = np.nonzero(result.hot)
    return {"peak_x": x, "peak_y": y, "reason": ["hot pixel"] * len(x)}


def log_fit(name, result, scale):
    """Log the PSF, the noise, the aperture correction and the zero point of an image.

    Parameters
    ----------
    name : str
        Name of the image.
    result : redpix.photometry.crowded.Result
        Fitted stars of the image.
    scale : FluxScale
        Aperture correction and zero point.
    """
    log.info(
        "%s: FWHM %.2f px from %d stars; noise %.4f times the expected; aperture correction %.4f "
        "+- %.4f from %d stars; zero point %.4f +- %.4f from %d stars",
        name,
        result.psf.fwhm,
        result.psf.stars,
        result.noise_scale,
        scale.correction,
        scale.correction_error,
        scale.correction_stars,
        scale.zero_point.value,
        scale.zero_point.error,
        scale.zero_point.stars,
    )
    if result.gain_factor != 1:
        log.warning(
            "%s: the light of stars scatters less than the gain says, as in a mean of several "
            "exposures: errors of stars are those of %.1f times the gain, %.3g electrons per count",
            name,
            result.gain_factor,
            float(np.nanmedian(result.scene.gain)),
        )
    if result.confusion.is_seen:
        log.info(
            "%s: errors are widened: the variance of blank residuals is %.2f times the expected, "
            "and the light of undetected stars adds %.2f",
            name,
            result.confusion.noise,
            result.confusion.light,
        )
    log_false_rate(name, result.false, int(np.count_nonzero(result.doubtful)))


def log_false_rate(name, false, doubtful):
    """Log the rate of detections on the negative image; warn if it is high.

    Parameters
    ----------
    name : str
        Name of the image.
    false : redpix.photometry.false_stars.FalseRate
        Detections on the negative image.
    doubtful : int
        Number of stars with the flag DOUBTFUL.
    """
    log.info(
        "%s: %d detections on the negative image, %.1f %% of the stars",
        name,
        false.detections,
        100 * false.rate,
    )
    if false.is_high:
        log.warning(
            "%s: %d detections on the negative image, %.0f %% of the stars, so as many stars may "
            "be false: %d have the flag DOUBTFUL (up to %.1f sigma on blank sky, up to %.1f in the "
            "light of other stars, or in the wings of saturated stars)%s",
            name,
            false.detections,
            100 * false.rate,
            doubtful,
            false.sky,
            false.light,
            f"; {false.crowded} of these detections crowd on few columns or rows, or in few "
            "regions, and stars elsewhere are judged apart"
            if false.crowded
            else "",
        )


def residual_cards(result, scale):
    """Return the cards of the residual file in mode full.

    Parameters
    ----------
    result : redpix.photometry.crowded.Result
        Fitted stars of the image.
    scale : FluxScale
        Aperture correction and zero point.

    Returns
    -------
    list of (str, object, str)
        Keyword, value and comment of each card.
    """
    return [
        *effective_psf_cards(result.psf),
        ("NEGDET", result.false.detections, "detections on the negative image"),
        ("NEGRATE", result.false.rate, "these / stars; estimates the false stars"),
        ("NEGSKY", result.false.sky, "[sigma] DOUBTFUL up to here on blank sky"),
        ("NEGLIGHT", result.false.light, "[sigma] the same in the light of others"),
        ("DOUBTFUL", int(np.count_nonzero(result.doubtful)), "stars with this flag"),
        ("NOISESCL", result.noise_scale, "measured noise / expected noise"),
        ("GAINFAC", result.gain_factor, "factor of the gain, by the light of stars"),
        ("CONFNOIS", result.confusion.noise, "variance of the filtered residual / expected"),
        ("CONFLIGH", result.confusion.light, "the same of undetected stars; in the errors"),
        ("APCORR", scale.correction, "psf_flux is the fitted flux times this"),
        ("APCORERR", scale.correction_error, "its error"),
        ("FLUXCOL", scale.column, "column of the better flux; magnitudes are of it"),
        ("PSFFAULT", scale.reason, ""),
        ("ZEROPT", scale.zero_point.value, "[mag] of flux 1"),
        ("ZEROERR", scale.zero_point.error, "[mag] its error"),
        ("ZEROSTAR", scale.zero_point.stars, "stars of the catalogue that it is from"),
        *scale.zero_point.cards(),
    ]
