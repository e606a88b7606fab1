"""Subtract one exposure of the survey from another in one band; find what changed."""

import csv
import shutil
import tempfile
from pathlib import Path

import numpy as np
from astropy.io import fits
from files import atomic
from job import job, log
from psfex import find_sources, fit_psf
from redpix.alignment import (
    excess_scatter,
    fit_map,
    fit_stars,
    noise_correlation,
    noise_scale,
    resample,
    smooth_background,
)
from redpix.exceptions import InputError
from redpix.masks import DTYPE, bit_value, mask_cards
from redpix.photometry import asinh_magnitude
from redpix.registration import frame_wcs, homography, wcs_header
from redpix.subtraction import Epoch
from redpix.tiles import subtract_tiles
from redpix.transients import FLAGS, WORST_MISFIT, beside_the_sky, detect, halos, shape_misfit
from sextractor import copied_settings
from spans import read_masked

COLUMNS = (
    *("id", "ra", "dec", "x", "y", "band", "scorr", "flux", "flux_error", "mag"),
    *("kind", "flags", "dipole", "misfit", "motion"),
)


class Exposure:
    """A frame with its variance, mask and WCS."""

    def __init__(self, frame, error, masks, band):
        self.path = frame
        with fits.open(frame, memmap=False) as hdus:
            self.image, self.header = hdus[0].data, hdus[0].header
        self.variance = np.square(fits.getdata(error))
        self.wcs = frame_wcs(self.header)
        bit, y, x = read_masked(masks, band)
        self.mask = np.zeros(self.image.shape, DTYPE)
        np.bitwise_or.at(self.mask, (y, x), np.left_shift(1, bit).astype(DTYPE))
        try:
            self.noise_scale = noise_scale(self.image, self.variance, self.mask)
        except InputError as error:
            raise InputError(f"{frame}: {error}") from None
        log.info("%s: noise %.4f times that of the error map", frame, self.noise_scale)
        self.variance *= np.float32(self.noise_scale**2)


def align(science, reference, folder, settings):
    """The reference on the science image's pixels, the map, and the science image's sources."""
    found = [
        find_sources(name, e.image, e.variance, e.mask, folder, settings, e.path)
        for name, e in (("science", science), ("raw", reference))
    ]
    matrix = homography(science.wcs, reference.wcs, science.image.shape)
    place = fit_map(matrix, science.image.shape, *(stars.places() for stars in found))
    log.info(
        "%s on %s: %d stars, residual %.3f and %.3f px",
        *(reference.path, science.path, place.stars, *place.residual),
    )
    try:
        moved = resample(
            *(reference.image, reference.variance, reference.mask, place, science.image.shape)
        )
    except InputError as error:
        raise InputError(f"{science.path}, {reference.path}: {error}") from None
    return moved, place, found[0]


def compare_stars(science, moved, psfs, places, source):
    """Flux ratio, its scatter and the rms of registration from stars in both images."""
    inside = np.isfinite(
        moved.image[np.rint(places[:, 1]).astype(int), np.rint(places[:, 0]).astype(int)]
    )
    fit = fit_stars(
        *(science.image, moved.image, science.variance, moved.variance),
        *(psfs[0].at, psfs[1].at, *places[inside].T),
    )
    good = (fit.ratio > 0.2) & (fit.ratio < 5) & (fit.ratio_error < 0.03 * fit.ratio)
    if good.sum() < 3:
        raise InputError(f"{source}: {good.sum()} stars in both images; at least 3 are needed")
    ratio = float(np.median(fit.ratio[good]))
    scatter = float(excess_scatter(fit.ratio[good] / ratio, fit.ratio_error[good] / ratio))
    shift = np.median(fit.offset[good], axis=0)
    rms = np.hypot(excess_scatter(fit.offset[good], fit.offset_error[good]), shift)
    log.info(
        "flux ratio %.5f, scatter %.5f; shift %.4f %.4f, rms %.4f %.4f px from %d stars",
        *(ratio, scatter, *shift, *rms, good.sum()),
    )
    return ratio, scatter, rms, int(good.sum())


def subtract_pair(science, reference, params, inputs):
    """The difference, its mask, what changed, header cards, and the two images as subtracted."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        settings = copied_settings(inputs, folder)
        psfex = shutil.copy(inputs.psfex, folder / "psfex")
        moved, place, stars = align(science, reference, folder, settings)
        registered = find_sources("reference", *moved, folder, settings, reference.path)
        psf_new, places = fit_psf(stars, psfex, science.path)
        psf_reference, _ = fit_psf(registered, psfex, reference.path)
    ratio, scatter, rms, number = compare_stars(
        *(science, moved, (psf_new, psf_reference), places, science.path)
    )
    background = smooth_background(
        science.image - moved.image / np.float32(ratio), params.background_mesh
    )
    # what was measured between the two belongs half to each
    error = np.hypot(scatter, params.psf_error) / np.sqrt(2)
    shared = {"astrometry": tuple(rms / np.sqrt(2)), "calibration": error}
    new = Epoch(science.image - background, None, variance=science.variance, **shared)
    old = Epoch(moved.image, None, flux=ratio, variance=moved.variance, **shared)
    result = subtract_tiles(
        *(new, old, psf_new.at, psf_reference.at),
        correlation=lambda rows, columns: noise_correlation(place, rows, columns),
    )
    mask = science.mask | moved.mask
    mask[~np.isfinite(result.D) & (mask & bit_value("NO_DATA") == 0)] |= bit_value("BAD")
    fwhm = max(psf_new.fwhm, psf_reference.fwhm)
    mask |= beside_the_sky(mask, 2 * fwhm)
    planes = (result.D, result.variance, result.P_D)
    found = detect(
        *(result.Scorr, result.alpha, result.alpha_error, mask, fwhm, params.threshold, planes)
    )
    inside = halos(mask)[np.rint(found.y).astype(int), np.rint(found.x).astype(int)]
    found.flags[inside] |= FLAGS["HALO"]
    misfit = shape_misfit(*planes, found.x, found.y)
    found.flags[misfit > WORST_MISFIT] |= FLAGS["SHAPE"]
    clean = (mask == 0) & (abs(result.Scorr) < 5)
    spread = 1.4826 * np.median(abs(result.Scorr[clean] - np.median(result.Scorr[clean])))
    cards = [
        ("F_D", result.F_D, "flux zero point of D, median of tiles"),
        ("F_S", result.F_S, "S of a source of unit flux, median of tiles"),
        ("NOISENEW", result.noise[0], "sky noise of the science image"),
        ("NOISEREF", result.noise[1], "sky noise of the reference"),
        ("ERRSCNEW", science.noise_scale, "measured noise / error map, science image"),
        ("ERRSCREF", reference.noise_scale, "the same, reference"),
        ("FLXRATIO", ratio, "flux in the reference / flux in the science image"),
        ("FLXSCAT", scatter, "its relative scatter beyond noise"),
        ("REGRMSX", rms[0], "[pix] error of registration along x"),
        ("REGRMSY", rms[1], "[pix] along y"),
        ("NSTARS", number, "stars compared"),
        ("FWHMNEW", psf_new.fwhm, "[pix] of the science image"),
        ("FWHMREF", psf_reference.fwhm, "[pix] of the reference, resampled"),
        ("SCORRSTD", float(spread), "robust standard deviation of SCORR"),
        ("BACKGRND", float(np.median(background)), "median background matched"),
    ]
    log.info("Scorr: robust std %.4f; %d transients", spread, len(found.x))
    return result, mask, (found, misfit), cards, (new.image, old.image / np.float32(ratio))


def write_difference(path, result, mask, science, cards, images):
    """All planes as HDUs on the science frame's pixels."""
    wcs = wcs_header(science.wcs)
    planes = {
        "D": result.D,
        "S": result.S,
        "SCORR": result.Scorr,
        "ALPHA": result.alpha,
        "ALPHA_ERR": result.alpha_error,
        "VARIANCE": result.variance,
        "MASK": mask,
        "NEW": images[0],
        "REF": images[1],
    }
    first = fits.PrimaryHDU(planes.pop("D"), wcs)
    first.header["EXTNAME"] = "D"
    first.header.extend(cards)
    hdus = fits.HDUList(
        [first, *(fits.ImageHDU(plane, wcs, name=name) for name, plane in planes.items())]
    )
    hdus["MASK"].header.extend(mask_cards())
    hdus.append(fits.ImageHDU(result.P_D.astype(np.float32), name="PSF_D"))
    with atomic(path) as temporary:
        hdus.writeto(temporary)


def write_transients(path, transients, wcs, band):
    """A row a transient, the most significant first."""
    found, misfit = transients
    ra, dec = wcs.all_pix2world(found.x, found.y, 0) if len(found.x) else ([], [])
    magnitude = asinh_magnitude(abs(found.flux), band)
    with atomic(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in range(len(found.x)):
            writer.writerow(
                [
                    *(row + 1, f"{ra[row]:.7f}", f"{dec[row]:.7f}"),
                    *(f"{found.x[row]:.3f}", f"{found.y[row]:.3f}", band),
                    *(f"{found.scorr[row]:.3f}", f"{found.flux[row]:.5g}"),
                    *(f"{found.flux_error[row]:.5g}", f"{magnitude[row]:.4f}"),
                    *(
                        found.kind[row],
                        found.flags[row],
                        f"{found.dipole[row]:.3f}",
                        f"{misfit[row]:.3f}",
                        f"{found.motion[row]:.2f}",
                    ),
                ]
            )


def main(snakemake):
    inputs, params, output = snakemake.input, snakemake.params, snakemake.output
    band = snakemake.wildcards.band
    science = Exposure(inputs.science, inputs.science_errors, inputs.science_masks, band)
    reference = Exposure(inputs.reference, inputs.reference_errors, inputs.reference_masks, band)
    result, mask, found, cards, images = subtract_pair(science, reference, params, inputs)
    write_difference(output.difference, result, mask, science, cards, images)
    write_transients(output.transients, found, science.wcs, band)
    log.info("%s, %s: %d rows", output.difference, output.transients, len(found[0].x))


if "snakemake" in globals():
    with job(snakemake):
        main(snakemake)
