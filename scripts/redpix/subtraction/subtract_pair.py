"""Subtract one exposure from another in one band; find what changed."""

import csv
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits
from astropy.stats import mad_std

from redpix.astrometry.align_pair import (
    align,
    compare_stars,
    registration_error,
    side_by_side,
    sources_of,
)
from redpix.astrometry.exposures import read_exposure
from redpix.core.atomic_files import atomic
from redpix.core.backend import arrays
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.background import matched_background
from redpix.image.mapped_image import Plane, planes_folder
from redpix.image.masks import bit_value, mask_cards
from redpix.image.resample import Resampled, noise_correlation
from redpix.image.wcs import wcs_cards
from redpix.io.camera import check_units
from redpix.psf.psf_model import MovedPsf, PsfModel
from redpix.psf.psfex import find_sources, fit_psf
from redpix.psf.sextractor import copied_settings
from redpix.sdss.magnitudes import asinh_magnitude, asinh_magnitude_error
from redpix.subtraction.tiles import Mosaic, subtract_tiles
from redpix.subtraction.transients import (
    CUT_OUT,
    FLAGS,
    WORST_MISFIT,
    beside_the_sky,
    detect,
    halos,
    shape_misfit,
    windows,
)
from redpix.subtraction.zogy import Epoch

#: of images while they are subtracted
PRECISION = {"float32": np.float32, "float64": np.float64}

#: from so many pixels on, images of the difference lie in files while they are made
LARGE = 25_000_000

COLUMNS = (
    *("id", "ra", "dec", "x", "y", "band", "scorr", "flux", "flux_error", "mag"),
    *("kind", "flags", "dipole", "misfit", "motion"),
    *("x_error", "y_error", "ra_error", "dec_error", "mag_error"),
)

#: planes that a transient's cut-outs show
SHOWN = ("NEW", "REF", "D")


class Registered(NamedTuple):
    """A pair on the same pixels: the reference, its map, the PSFs, and what stars say of both."""

    moved: Resampled
    place: Callable
    psf_new: PsfModel
    psf_reference: PsfModel
    ratio: float
    scatter: float
    stars: int
    rms: np.ndarray


def register(science, reference, params, inputs, threads):
    """Bring the reference onto the science image's pixels and compare the two.

    Of the reference as it was read nothing is kept: a large image would take its place twice.
    """
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        settings = copied_settings(inputs, folder)
        psfex = shutil.copy(inputs.psfex, folder / "psfex")
        stars, found = side_by_side(
            [
                partial(sources_of, exposure, name, folder, settings)
                for exposure, name in ((science, "science"), (reference, "raw"))
            ],
            threads,
        )
        moved, place, change = align(science, reference, stars, found, params.registration)
        reference.image = reference.variance = reference.mask = None

        def psf_of_moved():
            registered = find_sources("reference", *moved, folder, settings, reference.path)
            return fit_psf(registered, psfex, reference.path)

        (psf_new, places), (psf_reference, _) = side_by_side(
            [partial(fit_psf, stars, psfex, science.path), psf_of_moved], threads
        )
    if science.psf and reference.psf:
        psf_new = science.psf
        psf_reference = MovedPsf(reference.psf, place)
    compared = science, moved, (psf_new.at, psf_reference.at)
    names = f"{science.path}, {reference.path}"
    ratio, scatter, number = compare_stars(*compared, places, names, params.options["flux_ratio"])
    rms = registration_error(*compared, stars.places(), change, names)
    return Registered(moved, place, psf_new, psf_reference, ratio, scatter, number, rms)


def subtract_pair(science, reference, params, inputs, threads, folder):
    """The difference, its mask, what changed, header cards, and the two images as subtracted.

    The images of a large difference lie in files in `folder`.
    """
    moved, place, psf_new, psf_reference, ratio, scatter, number, rms = register(
        *(science, reference, params, inputs, threads)
    )
    options = params.options
    level = 0.0
    if options["match_background"]:
        middle = [(length - 1) / 2 for length in science.image.shape[::-1]]
        background = matched_background(
            *(science.image, moved.image, ratio),
            *(psf.at(*middle) for psf in (psf_new, psf_reference)),
            params.background_mesh,
        )
        level = float(np.median(background))
        science.image -= background
        del background
    # what was measured between the two belongs half to each
    error = np.hypot(scatter, params.psf_error) / np.sqrt(2)
    shared = {"astrometry": tuple(rms / np.sqrt(2)), "calibration": error}
    new = Epoch(science.image, None, variance=science.variance, **shared)
    old = Epoch(moved.image, None, flux=ratio, variance=moved.variance, **shared)
    mask = science.mask | moved.mask
    precision = PRECISION[options["precision"]]
    planes = None
    if mask.size > LARGE:
        planes = [Plane(folder / str(number), mask.shape, precision) for number in range(6)]
    try:
        result = subtract_tiles(
            *(new, old, psf_new.at, psf_reference.at),
            correlation=lambda rows, columns: noise_correlation(place, rows, columns),
            match_reference=options["match_reference"],
            dtype=precision,
            planes=planes,
            padding=options["padding"],
            space=options["space"],
            workers=threads,
            arrays=arrays(params.arrays),
        )
    except InputError as error:
        raise InputError(f"{science.path}, {reference.path}: {error}") from None
    science.variance = science.mask = None
    in_files = result
    if planes:
        result = result._replace(
            **{name: plane.read() for name, plane in zip(Mosaic._fields[:6], planes, strict=True)}
        )
    shown = moved.image if result.matched is None else result.matched
    del moved, old, new, planes
    mask[~np.isfinite(result.D) & (mask & bit_value("NO_DATA") == 0)] |= bit_value("BAD")
    fwhm = max(psf_new.fwhm, psf_reference.fwhm)
    mask |= beside_the_sky(mask, 2 * fwhm)
    looked_at = (result.D, result.variance, result.P_D)
    found = detect(
        *(result.Scorr, result.alpha, result.alpha_error, mask, fwhm, params.threshold, looked_at)
    )
    inside = halos(mask)[np.rint(found.y).astype(int), np.rint(found.x).astype(int)]
    found.flags[inside] |= FLAGS["HALO"]
    misfit = shape_misfit(*looked_at, found.x, found.y)
    found.flags[misfit > WORST_MISFIT] |= FLAGS["SHAPE"]
    rows = np.s_[:: 1 + mask.size // 4_000_000]  # enough for a standard deviation
    score = result.Scorr[rows]
    clean = (mask[rows] == 0) & (abs(score) < 5)
    if not clean.any():
        raise InputError(f"{science.path}, {reference.path}: no pixel is without a flag in both")
    spread = float(mad_std(score[clean]))
    white = (result.D[rows] / np.sqrt(result.variance[rows]))[clean]
    cards = [
        ("F_D", result.F_D, "flux zero point of D, median of tiles"),
        ("F_S", result.F_S, "S of a source of unit flux, median of tiles"),
        ("NOISENEW", result.noise[0], "sky noise of the science image"),
        ("NOISEREF", result.noise[1], "sky noise of the reference"),
        ("ERRSCNEW", science.noise_scale, "measured noise / error map, science image"),
        ("ERRSCREF", reference.noise_scale, "the same, reference"),
        ("FLXRATIO", ratio, "flux in reference / in science image"),
        ("FLXSCAT", scatter, "its relative scatter beyond noise"),
        ("REGRMSX", rms[0], "[pix] error of registration along x"),
        ("REGRMSY", rms[1], "[pix] along y"),
        ("NSTARS", number, "stars compared"),
        ("PSF", "psfield" if science.psf and reference.psf else "psfex", "where PSFs come from"),
        ("FWHMNEW", psf_new.fwhm, "[pix] of the science image"),
        ("FWHMREF", psf_reference.fwhm, "[pix] of the reference, resampled"),
        ("SCORRSTD", spread, "robust standard deviation of SCORR"),
        ("DSTD", float(mad_std(white)), "of D / its noise"),
        ("BACKGRND", level, "median background matched"),
    ]
    log.info("Scorr: robust std %.4f; %d transients", spread, len(found.x))
    shown /= np.float32(ratio)
    return in_files, mask, (found, misfit), cards, (science.image, shown)


def write_difference(path, result, mask, science, cards, images):
    """All planes as HDUs on the science image's pixels, one after the other."""
    wcs = wcs_cards(science.wcs)
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
        "PSF_D": result.P_D.astype(np.float32),
    }
    with atomic(path) as temporary:
        for number, (name, plane) in enumerate(planes.items()):
            header = fits.Header() if name == "PSF_D" else wcs.copy()
            header["EXTNAME"] = name
            if science.unit and name in ("ALPHA", "ALPHA_ERR", "NEW", "REF"):
                header["BUNIT"] = science.unit
            header.extend({"D": cards, "MASK": mask_cards()}.get(name, []))
            image = plane.read() if isinstance(plane, Plane) else plane
            write = fits.append if number else fits.writeto
            write(temporary, image, header)


def magnitudes(flux, error, science, band):
    """Magnitudes of amounts of flux and their errors as text, empty without a zero point."""
    if science.zero_point is None:
        return [[""] * len(flux)] * 2
    flux = np.maximum(abs(flux), 1e-30)
    if science.survey:
        values = asinh_magnitude(flux, band), asinh_magnitude_error(flux, error, band)
    else:
        values = science.zero_point - 2.5 * np.log10(flux), 2.5 / np.log(10) * error / flux
    return [[f"{value:.4f}" for value in part] for part in values]


def errors_on_the_sky(found, wcs):
    """Errors along right ascension and declination, arcsec; the WCS's own are not among them."""
    squared = np.square(wcs.pixel_scale_matrix) @ np.square([found.x_error, found.y_error])
    return 3600 * np.sqrt(squared)


def write_transients(path, transients, science, band):
    """A row a transient, the most significant first."""
    found, misfit = transients
    ra, dec = science.wcs.all_pix2world(found.x, found.y, 0) if len(found.x) else ([], [])
    magnitude, magnitude_error = magnitudes(found.flux, found.flux_error, science, band)
    ra_error, dec_error = errors_on_the_sky(found, science.wcs)
    with atomic(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in range(len(found.x)):
            writer.writerow(
                [
                    *(row + 1, f"{ra[row]:.7f}", f"{dec[row]:.7f}"),
                    *(f"{found.x[row]:.3f}", f"{found.y[row]:.3f}", band),
                    *(f"{found.scorr[row]:.3f}", f"{found.flux[row]:.5g}"),
                    *(f"{found.flux_error[row]:.5g}", magnitude[row]),
                    *(
                        found.kind[row],
                        found.flags[row],
                        f"{found.dipole[row]:.3f}",
                        f"{misfit[row]:.3f}",
                        f"{found.motion[row]:.2f}",
                    ),
                    *(f"{found.x_error[row]:.3f}", f"{found.y_error[row]:.3f}"),
                    *(f"{ra_error[row]:.4f}", f"{dec_error[row]:.4f}", magnitude_error[row]),
                ]
            )


def write_cut_outs(path, difference, found):
    """Cubes NEW, REF and D: a square about each transient, in the order of the table.

    The planes are read from the difference, a large one's not whole.
    """
    x, y = (np.rint(along).astype(int) for along in (found.x, found.y))
    with fits.open(difference) as hdus, atomic(path) as temporary:
        cubes = [fits.PrimaryHDU()]
        for name in SHOWN:
            cube = windows(hdus[name].data, x, y, CUT_OUT, np.nan).astype(np.float32)
            cubes.append(fits.ImageHDU(cube if len(cube) else None, name=name))
            if "BUNIT" in hdus[name].header:
                cubes[-1].header["BUNIT"] = hdus[name].header["BUNIT"]
        numbers = np.arange(1, len(found.x) + 1)
        columns = [
            fits.Column("ID", "J", array=numbers),
            fits.Column("X", "D", "pixel", array=found.x),
            fits.Column("Y", "D", "pixel", array=found.y),
            fits.Column("SCORR", "E", array=found.scorr),
        ]
        cubes.append(fits.BinTableHDU.from_columns(columns, name="TRANSIENTS"))
        fits.HDUList(cubes).writeto(temporary)


def main(snakemake):
    inputs, params, output = snakemake.input, snakemake.params, snakemake.output
    band = snakemake.wildcards.band
    settings = {**params.camera, "background_mesh": params.background_mesh}
    settings["noise"] = params.noise
    # matched by its sources, the reference needs no WCS
    others = {**settings, "needs_wcs": params.registration == "wcs"}
    science, reference = side_by_side(
        [
            partial(read_exposure, inputs.science, band, settings, params.images[0]),
            partial(read_exposure, inputs.reference, band, others, params.images[1]),
        ],
        snakemake.threads,
    )
    check_units((exposure.path, exposure.unit) for exposure in (science, reference))
    with planes_folder(output.difference) as folder:
        result, mask, found, cards, images = subtract_pair(
            *(science, reference, params, inputs, snakemake.threads, folder)
        )
        write_difference(output.difference, result, mask, science, cards, images)
    write_transients(output.transients, found, science, band)
    write_cut_outs(output.cut_outs, output.difference, found[0])
    log.info("%s, %s: %d rows", output.difference, output.transients, len(found[0].x))
