"""Measure the stars of one calibrated image: positions, widths, fluxes; what they leave."""

import numpy as np
from astropy.wcs import WCS, WcsError

from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.masks import bit_value
from redpix.photometry import crowded, simple
from redpix.photometry.planes_file import read_calibrated, write_planes
from redpix.photometry.quality import aperture_correction, assess, nearest_known
from redpix.photometry.star_catalogue import read_star_catalogue
from redpix.photometry.table_file import write_table
from redpix.photometry.zero_point import LEAST_STARS, ZeroPoint, magnitudes, match, zero_point

#: columns of both modes, and of mode full
SEVEN = ("peak_x", "peak_y", "centroid_x", "centroid_y", "width_x", "width_y", "psf_flux")
MORE = (
    *("psf_flux_error", "x_error", "y_error", "aperture_flux", "aperture_flux_error"),
    *("sky", "chi2", "flags", "magnitude", "magnitude_error", "ra", "dec"),
)


def simple_photometry(planes, settings):
    """The course's pipeline: table, rejected peaks, planes of the residual file, cards."""
    image = planes["SCI"].astype(np.float64)
    # saturated stars stay: the clusters of their peaks are dropped
    image[(planes["MASK"] & bit_value("NO_DATA", "BAD")) != 0] = np.nan
    threshold = settings["threshold"] * float(np.median(planes["ERR"]))
    stars, rejected = simple.measure(
        *(image, threshold, settings["window"], settings["separation"], settings["shared_width"])
    )
    model = simple.model_image(stars, image.shape, settings["window"])
    return stars._asdict(), rejected._asdict(), {"RESIDUAL": planes["SCI"] - model}, []


def full_photometry(planes, settings, row, header, name):
    """Stars fitted together with the image's own PSF; what `simple_photometry` returns."""
    image, mask = planes["SCI"].astype(np.float64), planes["MASK"]
    try:
        result = crowded.measure(
            *(image, planes["ERR"], planes["GAIN"].astype(np.float64), mask),
            *(settings["threshold"], settings["background_mesh"]),
        )
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    if result is None:
        log.warning("%s: no star that a PSF can be made from", name)
        rejected = {"peak_x": [], "peak_y": [], "reason": []}
        return {c: [] for c in (*SEVEN, *MORE)}, rejected, {"RESIDUAL": image}, []
    y, x = np.nonzero(result.hot)
    rejected = {"peak_x": x, "peak_y": y, "reason": ["hot pixel"] * len(x)}
    stars, errors, psf = result.stars, result.errors, result.psf
    quality = assess(result, mask, settings["window"])
    factor, factor_error, number = aperture_correction(stars, quality, errors)
    flux, flux_error = stars.flux * factor, errors.flux * factor
    # a hidden pixel shows no sky: forced photometry leaves it out by that
    sky = planes["BACKGROUND"] + image - result.scene.image
    sky[~np.isfinite(result.scene.variance)] = np.nan
    wcs = sky_wcs(header, name)
    zero = find_zero_point(row, header, wcs, (stars, flux, flux_error, quality.flags), psf.fwhm)
    magnitude, magnitude_error = magnitudes(flux, flux_error, zero.value)
    ra, dec = wcs.all_pix2world(stars.x, stars.y, 0) if wcs else [np.full(len(flux), np.nan)] * 2
    columns = (
        *(quality.peak_x, quality.peak_y, stars.x, stars.y, quality.width_x, quality.width_y, flux),
        *(flux_error, errors.x, errors.y, quality.aperture_flux, quality.aperture_error),
        *(nearest_known(sky, quality.peak_x, quality.peak_y), quality.chi2, quality.flags),
        *(magnitude, magnitude_error, ra, dec),
    )
    table = dict(zip((*SEVEN, *MORE), columns, strict=True))
    log.info(
        "%s: FWHM %.2f px from %d stars; noise %.4f times the expected; aperture correction %.4f "
        "+- %.4f from %d stars; zero point %.4f +- %.4f from %d",
        *(name, psf.fwhm, psf.stars, result.noise_scale, factor, factor_error, number, *zero),
    )
    cards = [
        ("FWHM", psf.fwhm, "[pix] of the PSF, the pixel's width included"),
        ("PSFSTARS", psf.stars, "stars that the PSF is made from"),
        ("PSFSTEP", psf.step, "[pix] between nodes of the PSF's spline"),
        ("PSFDEG", psf.degree, "degree of its change over the image"),
        ("NOISESCL", result.noise_scale, "measured noise / expected noise"),
        ("APCORR", factor, "psf_flux is the fitted flux times this"),
        ("APCORERR", factor_error, "its error"),
        ("ZEROPT", zero.value, "[mag] of psf_flux 1"),
        ("ZEROERR", zero.error, "[mag] its error"),
        ("ZEROSTAR", zero.stars, "stars of the catalogue that it is from"),
    ]
    rest = result.scene.image - result.model
    extra = {"RESIDUAL": rest, "SKY": sky, "PSF": psf.terms}
    return table, rejected, extra, cards


def sky_wcs(header, name):
    """WCS of a header whose axes are RA and Dec; None of others, as lengths, or without any."""
    if "CTYPE1" not in header:
        return None
    try:
        wcs = WCS(header)
    except WcsError as error:
        log.warning("%s: its WCS is left out: %s", name, str(error).splitlines()[-1])
        return None
    return wcs if (wcs.wcs.lng, wcs.wcs.lat, wcs.wcs.lngtyp) == (0, 1, "RA") else None


def find_zero_point(row, header, wcs, measured, fwhm):
    """From the row's catalogue; without one what is known of the camera, or nothing."""
    if row["catalogue"] is None:
        return ZeroPoint(header.get("MAGZERO", np.nan), np.nan, 0)
    stars, flux, error, flags = measured
    path, band = row["catalogue"], row["magnitude"] or row["frame"][1]
    x, y, magnitude = read_star_catalogue(path, band, wcs)
    index = match(stars.x, stars.y, flux, x, y, fwhm)
    hit = index >= 0
    known = magnitude[hit]
    known[(known < -5) | (known > 40)] = np.nan
    index = index[hit]
    found = zero_point(flux[index], error[index], flags[index], known)
    if found.stars < LEAST_STARS:
        log.warning(
            "%s: %d of its stars are measured well in the image and agree; a zero point needs %d, "
            "so there are no magnitudes",
            *(path, found.stars, LEAST_STARS),
        )
    return found


def main(snakemake):
    settings, output = snakemake.params.settings, snakemake.output
    path = snakemake.input.image
    planes, header = read_calibrated(path)
    if settings["mode"] == "simple":
        made = simple_photometry(planes, settings)
    else:
        made = full_photometry(planes, settings, snakemake.params.row, header, path)
    table, rejected, extra, cards = made
    if not len(table["peak_x"]):
        log.warning("%s: no star above %g sigma", path, settings["threshold"])
    write_table(output.stars, table)
    write_table(output.rejected, rejected)
    with atomic(output.residual) as temporary:
        write_planes(temporary, extra, header, cards)
    log.info(
        "%s: %d stars, %d rejected", output.stars, len(table["peak_x"]), len(rejected["reason"])
    )
