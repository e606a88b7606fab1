"""Measure the stars of one calibrated image: positions, widths and fluxes."""

from typing import NamedTuple

import numpy as np

from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.masks import bit_value
from redpix.io.described_table import FLUX_UNITS, STARS, write_described
from redpix.photometry import crowded, simple
from redpix.photometry.image_zero_point import band_of, find_zero_point, sky_wcs
from redpix.photometry.planes_file import (
    read_calibrated,
    reason_left_out,
    write_planes,
    write_reason,
)
from redpix.photometry.quality import aperture_correction, assess
from redpix.photometry.star_table import (
    MORE,
    SEVEN,
    FluxScale,
    hot_pixels,
    log_fit,
    residual_cards,
    star_columns,
)
from redpix.photometry.table_file import write_table
from redpix.photometry.trust import better_column, flag_untrusted, with_apertures

#: distance from the sky, sigma, and number, of the pixels that tell of a negative image
_FAR, _MANY = 8.0, 50


class Photometry(NamedTuple):
    """The stars of an image, in the form of the files that are written.

    Attributes
    ----------
    stars : dict of str to ndarray
        Columns of the table of stars, the brightest first.
    rejected : dict of str to sequence
        Columns of the table of rejected peaks.
    planes : dict of str to ndarray
        Planes of the residual file, RESIDUAL first.
    cards : list of (str, object, str)
        Keyword, value and comment of the cards of the residual file.
    """

    stars: dict
    rejected: dict
    planes: dict
    cards: list


def measure_or_leave_out(image, stars, rejected, residual, row, settings, others, catalogue=None):
    """Measure the stars of an image; write empty tables for an image that is left out.

    Parameters
    ----------
    image : str
        FITS file of the calibrated image.
    stars, rejected, residual : str
        Files to write, as for `measure_stars`.
    row : mapping
        The image's row of the table of images.
    settings : mapping
        The section `photometry` of the configuration.
    others : bool
        Whether the run has other images.
    catalogue : str, optional
        Table of stars of known magnitude.

    Raises
    ------
    InputError
        If the fault is not in the image itself, or if the run has only this image.
    """
    reason = reason_left_out(image)
    if reason is None:
        try:
            measure_stars(image, stars, rejected, residual, row, settings, catalogue)
            return
        except InputError as error:
            if not (others and str(error).startswith(image)):
                raise
            reason = str(error)
            log.warning("%s: left out: %s", row["image"], reason)
    columns = SEVEN if settings["mode"] == "simple" else (*SEVEN, *MORE)
    write_table(stars, {column: [] for column in columns})
    write_described(stars, STARS)
    write_table(rejected, {"peak_x": [], "peak_y": [], "reason": []})
    write_reason(residual, reason)


def measure_stars(image, stars, rejected, residual, row, settings, catalogue=None):
    """Measure the stars of a calibrated image; write their table and the residual image.

    Parameters
    ----------
    image : str
        FITS file of the calibrated image.
    stars : str
        CSV table to write, one row per star.
    rejected : str
        CSV table to write, one row per rejected peak with the reason.
    residual : str
        FITS file to write: RESIDUAL and, in mode full, SKY and PSF.
    row : mapping
        The image's row of the table of images: `magnitude`, column of the catalogue; `frame`, field
        and band of a frame of the survey or None.
    settings : mapping
        The section `photometry` of the configuration.
    catalogue : str, optional
        Table of stars of known magnitude. An empty value means that it is missing.

    Raises
    ------
    InputError
        If the image is too crowded, or the catalogue lacks a column or holds a word for a number.
    """
    planes, header = read_calibrated(image)
    if settings["mode"] == "simple":
        made = simple_photometry(planes, settings)
    else:
        band = band_of(row) or settings.get("catalogue_band")
        made = full_photometry(planes, settings, header, image, catalogue, band)
    number = len(made.stars["peak_x"])
    if not number:
        log.warning("%s: no star above %g sigma", image, settings["threshold"])
    write_table(stars, made.stars)
    write_described(stars, STARS, FLUX_UNITS.get(header.get("BUNIT"), "ct"))
    write_table(rejected, made.rejected)
    with atomic(residual) as temporary:
        write_planes(temporary, made.planes, header, made.cards)
    log.info("%s: %d stars, %d rejected", stars, number, len(made.rejected["reason"]))


def simple_photometry(planes, settings):
    """Measure stars one by one: peaks, centroids, widths, and fluxes under a Gaussian.

    Parameters
    ----------
    planes : dict of str to ndarray, shape (ny, nx)
        SCI, ERR and MASK of a calibrated image.
    settings : mapping
        `threshold` in sigma, `window` and `separation` in pixels, `shared_width`.

    Returns
    -------
    Photometry
    """
    image = planes["SCI"].astype(np.float64)
    # saturated pixels stay, because the clusters of their peaks are rejected later
    image[(planes["MASK"] & bit_value("NO_DATA", "BAD")) != 0] = np.nan
    stars, rejected = simple.measure(
        image,
        threshold=settings["threshold"] * float(np.median(planes["ERR"])),
        window=settings["window"],
        separation=settings["separation"],
        shared_width=settings["shared_width"],
    )
    model = simple.model_image(stars, image.shape, settings["window"])
    residual = {"RESIDUAL": planes["SCI"] - model}
    return Photometry(stars._asdict(), rejected._asdict(), residual, [])


def full_photometry(planes, settings, header, name, catalogue=None, band=None):
    """Fit all stars of an image together with the image's own PSF.

    Parameters
    ----------
    planes : dict of str to ndarray, shape (ny, nx)
        SCI, ERR, GAIN, MASK and BACKGROUND of a calibrated image. ERR and GAIN are taken out, so
        that a large image fits into memory.
    settings : mapping
        `threshold` in sigma, `background_mesh` and `window` in pixels.
    header : astropy.io.fits.Header
        Header of the calibrated image.
    name : str
        Name of the image in messages.
    catalogue : str, optional
        Table of stars of known magnitude.
    band : str, optional
        The catalogue's column of magnitudes.

    Returns
    -------
    Photometry

    Raises
    ------
    InputError
        If the image is too crowded, or the catalogue cannot be used.
    """
    image, mask = planes["SCI"], planes["MASK"]
    noise = float(np.nanmedian(planes["ERR"]))
    try:
        result = crowded.measure(
            image,
            error=planes.pop("ERR"),
            gain=planes.pop("GAIN"),
            mask=mask,
            threshold=settings["threshold"],
            mesh=settings["background_mesh"],
        )
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    if result is None:
        words = words_on_negative(image[mask == 0], noise)
        log.warning("%s: no star whose width can be measured%s", name, words)
        rejected = {"peak_x": [], "peak_y": [], "reason": []}
        return Photometry({c: [] for c in (*SEVEN, *MORE)}, rejected, {"RESIDUAL": image}, [])
    quality = assess(result, mask, settings["window"])
    # forced photometry leaves hidden pixels out, because their sky is NaN
    sky = planes["BACKGROUND"] + image - result.scene.image
    sky[~np.isfinite(result.scene.variance)] = np.nan
    wcs = sky_wcs(header, name)
    scale = flux_scale(name, result, quality, header, wcs, catalogue, band)
    quality = flag_untrusted(name, result, quality, scale.reason)
    residual = result.scene.image - result.model
    return Photometry(
        stars=star_columns(result, quality, scale, sky, wcs),
        rejected=hot_pixels(result),
        planes={"RESIDUAL": residual, "SKY": sky, "PSF": result.psf.terms},
        cards=residual_cards(result, scale),
    )


def words_on_negative(values, noise):
    """Return words for an image whose sources are darker than its sky.

    Parameters
    ----------
    values : ndarray
        Valid pixels without their sky, counts.
    noise : float
        Standard deviation of the sky, counts.

    Returns
    -------
    str
        Empty for any other image.
    """
    dark, bright = (np.count_nonzero(sign * values > _FAR * noise) for sign in (-1, 1))
    if dark < _MANY or dark < 5 * bright:
        return ""
    return (
        f": {dark} pixels are darker than the sky by {_FAR:g} sigma, and {bright} are brighter; "
        "the image may be a negative"
    )


def flux_scale(name, result, quality, header, wcs, catalogue, band):
    """Return the aperture correction, the better flux and the zero point of an image.

    Parameters
    ----------
    name : str
        Name of the image in messages.
    result : redpix.photometry.crowded.Result
        Fitted stars of the image.
    quality : redpix.photometry.quality.Quality
        Quality of the stars.
    header : astropy.io.fits.Header
        Header of the calibrated image.
    wcs : astropy.wcs.WCS or None
        WCS of the image.
    catalogue : str or None
        Table of stars of known magnitude.
    band : str or None
        The catalogue's column of magnitudes.

    Returns
    -------
    redpix.photometry.star_table.FluxScale

    Raises
    ------
    InputError
        If the catalogue cannot be used.
    """
    correction, error, stars = aperture_correction(result.stars, quality, result.errors)
    column, reason = better_column(name, result, quality, correction)
    if column == "aperture_flux":
        measured, factor = with_apertures(result, quality), 1.0
    else:
        measured, factor = result, correction
    zero = find_zero_point(measured, quality, factor, header, wcs, catalogue, band)
    scale = FluxScale(correction, error, stars, zero, column, reason)
    log_fit(name, result, scale)
    return scale
