"""Calibrate one image: dark, flat, masks, cosmic rays, background, noise."""

from pathlib import Path

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.ds9_regions import region_mask
from redpix.image.exposure_file import log_remarks
from redpix.image.masks import bit_value, mask_cards
from redpix.image.noise import BELIEVED, noise_scale
from redpix.image.wcs import celestial_wcs, wcs_cards
from redpix.io.camera import read_camera
from redpix.io.exposure_header import seconds
from redpix.io.fits_files import read_image
from redpix.photometry import ccd
from redpix.photometry.planes_file import write_planes
from redpix.photometry.source_extraction import typical_width
from redpix.sdss.mask_table import span_mask

#: cards of the raw header that are kept beside its WCS: what the exposure was
KEPT = ("OBJECT", "FILTER", "DATE-OBS", "TELESCOP", "INSTRUME", "OBSERVER")

#: what the noise is from where gain and read noise do not tell it
MEASURED = "blank sky"


def read_logged(path):
    """Return the image of a FITS file and its merged header; log what was assumed."""
    image = read_image(path)
    log_remarks(path, image.remarks)
    return image.pixels, image.header


def read_mask(path, shape):
    """Pixels that a user's mask hides."""
    if Path(path).suffix == ".reg":
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        return region_mask(lines, shape, path)
    values, _ = read_logged(path)
    return np.asarray(values) != 0


def calibrate_image(row, params):
    """An image of a camera: calibrated pixels, header, camera, electrons a count, read noise."""
    raw, header = read_logged(row["path"])
    given = {k: v if row.get(k) is None else row[k] for k, v in params["camera"].items()}
    camera = read_camera(header, {**given, "exposure_time": row["exposure"]}, raw.shape)
    log_remarks(row["path"], camera.remarks)
    dark, factor = None, 1.0
    if row["dark"]:
        dark, dark_header = read_logged(row["dark"])
        if params["scale_dark"]:
            factor = dark_factor(row, camera.exposure_time, dark_header)
    flat = read_logged(row["flat"])[0] if row["flat"] else None
    try:
        made = ccd.calibrate(raw, dark, flat, factor, params["flat"], camera.saturation)
    except InputError as error:
        raise InputError(f"{row['path']}: {error}") from None
    tell_assumptions(row["path"], camera, made)
    if row["mask"]:
        try:
            ccd.hide(made.mask, read_mask(row["mask"], made.mask.shape))
        except InputError as error:
            raise InputError(f"{row['mask']}: {error}") from None
    electrons = (camera.gain or ccd.ASSUMED_GAIN) * (1 if made.flat is None else made.flat)
    return made, header, camera, np.broadcast_to(electrons, made.mask.shape)


def dark_factor(row, exposure, dark_header):
    """Exposure time of an image over that of its dark."""
    times = exposure, seconds(dark_header)
    for time, name in zip(times, (row["path"], row["dark"]), strict=True):
        if time is None:
            raise InputError(
                f"{name}: no exposure time, so the dark cannot be scaled; allowed: a card EXPTIME, "
                "the column exposure, or photometry.scale_dark false"
            )
    return times[0] / times[1]


def tell_assumptions(path, camera, made):
    """Say in the log what is not known, and what was masked."""
    if camera.gain is None:
        log.warning(
            "%s: no gain in the table, the configuration or the header: %g electron a count is "
            "assumed; errors of bright stars depend on it",
            *(path, ccd.ASSUMED_GAIN),
        )
    for bit, words in (("SATURATED", "saturated or overflowed"), ("BAD", "no number (bad flat?)")):
        count = np.count_nonzero(made.mask & bit_value(bit))
        if count:
            log.info("%s: %d pixels masked %s: %s", path, count, bit, words)


def calibrate_frame(row, inputs):
    """A frame of the survey: nanomaggies, noise of the empty sky, electrons a nanomaggy."""
    with fits.open(inputs.image, memmap=False) as hdus:
        image, header = hdus[0].data.astype(np.float64), dict(hdus[0].header)
        per_dn = hdus[1].data.astype(np.float64)
    error, error_header = fits.getdata(inputs.errors, header=True)
    electrons = np.broadcast_to(error_header["GAIN"] / per_dn, image.shape)
    made = ccd.calibrate(image)
    masked = span_mask(inputs.masks, row["frame"][1], image.shape)
    made = made._replace(mask=made.mask | masked)
    if row["mask"]:
        ccd.hide(made.mask, read_mask(row["mask"], made.mask.shape))
    given = {"gain": error_header["GAIN"], "exposure_time": row["exposure"]}
    camera = read_camera({**header, "BUNIT": "nanomaggy"}, given)
    return made, header, camera, electrons, np.square(error.astype(np.float64))


def sky_variance(made, sky, electrons, read_noise, total):
    """Variance of the empty sky in each pixel, counts squared, and what it is from."""
    if total is not None:
        # what stars' photons add is left out: it comes back from the model
        variance = np.maximum(total - (made.image - sky.level) / electrons, 0.5 * total)
        return variance, "the error map"
    if read_noise is None:
        return np.square(sky.rms), MEASURED
    flat = 1.0 if made.flat is None else made.flat
    gain = electrons / flat
    variance = np.maximum(sky.level, 0) / electrons + np.square(read_noise / gain / flat)
    try:
        scale = noise_scale(made.image - sky.level, variance, made.mask)
    except InputError:
        scale = np.nan
    if abs(scale - 1) < BELIEVED:
        return variance, "gain and read noise"
    return np.square(sky.rms), (
        f"{MEASURED}: it is {scale:.3f} times that from gain and read noise, which are not right, "
        "or there is light that no photons made, as a bias without a dark"
    )


def kept_cards(header, path):
    """The raw header's cards of the exposure, and its WCS if it can be used."""
    kept = fits.Header({key: header[key] for key in KEPT if key in header})
    if "CTYPE1" in header:
        try:
            # remarks may be many under one key
            told = {key: header[key] for key in header if key not in ("", "COMMENT", "HISTORY")}
            kept.update(wcs_cards(celestial_wcs(told)))
        except InputError as error:
            log.warning("%s: its WCS is left out: %s", path, error)
    return kept


def main(snakemake):
    row, params = snakemake.params.row, snakemake.params.settings
    total = read_noise = None
    if row["frame"]:
        made, header, camera, electrons, total = calibrate_frame(row, snakemake.input)
    else:
        made, header, camera, electrons = calibrate_image(row, params)
        read_noise = camera.read_noise if camera.gain else None
    path = row["path"]
    try:
        sky = ccd.background(made.image, made.mask, params["background_mesh"])
        image = made.image - sky.level
        variance, words = sky_variance(made, sky, electrons, read_noise, total)
        if params["cosmic_rays"] and not row["frame"]:
            width = typical_width(image, sky.rms, made.mask)
            gain = float(np.nanmedian(electrons))
            hit = ccd.mark_cosmic_rays(image, made.mask, sky.level, gain, read_noise or 0.0, width)
            log.info("%s: stars %.2f px wide, %d cosmic-ray pixels", path, width, hit)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    log.info("%s: noise from %s", path, words)
    planes = {
        "SCI": image,
        "ERR": np.sqrt(variance),
        "MASK": made.mask,
        "BACKGROUND": sky.level,
        "GAIN": electrons,
    }
    cards = [
        ("GAIN", float(np.nanmedian(electrons)), "[e/count] median of the plane GAIN"),
        ("GAINFROM", camera.sources.get("gain", "assumed"), "where the gain is from"),
        ("RDNOISE", read_noise, "[e]"),
        ("NOISFROM", words.partition(":")[0], "what ERR is from"),
        ("SATURATE", camera.saturation, "[count] of the raw image"),
        ("MAGZERO", camera.zero_point, "[mag] of a star of one count"),
        ("EXPTIME", camera.exposure_time, "[s]"),
        ("MJD-MID", camera.mid_exposure, "UTC, middle of the exposure"),
        ("AIRMASS", camera.airmass, ""),
        ("BUNIT", "nanomaggy" if row["frame"] else "count", "sky subtracted"),
    ]
    with atomic(snakemake.output[0]) as temporary:
        write_planes(temporary, planes, kept_cards(header, path), cards + mask_cards())
    log.info(
        "%s -> %s: sky %.2f, noise %.3f, %.2f %% of the pixels masked",
        *(path, snakemake.output[0], np.median(sky.level), np.nanmedian(np.sqrt(variance))),
        100 * np.mean(made.mask != 0),
    )
