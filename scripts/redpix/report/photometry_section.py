"""Section of the report on photometry: figures and facts of each image."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from astropy.io import fits

from redpix.io.header_values import history_texts
from redpix.photometry.planes_file import reason_left_out
from redpix.photometry.sky_profiles import WORDS
from redpix.psf.effective_psf import EffectivePsf
from redpix.psf.effective_psf_file import read_effective_psf
from redpix.report import photometry_plots as plots
from redpix.report.camera_facts import (
    camera_facts,
    gain_in_words,
    given_noise,
    psf_facts,
)
from redpix.report.figures import data_uri
from redpix.report.star_pictures import show_pictures, show_stars

#: maximum number of images with all pictures, and with their stars circled
MOST, MOST_CIRCLED = 3, 12

#: names of the pictures of an image
PICTURES = ("calibration", "stars", "stamps", "psf", "psf_over_field", "growth")

#: plural of the unit of an image
PLURAL = {"count": "counts", "nanomaggy": "nanomaggies"}


class ImagePlanes(NamedTuple):
    """Pixels and headers of an image after photometry.

    Attributes
    ----------
    image, background, residual : ndarray, shape (ny, nx)
        Calibrated image without its background, the background, and the image without stars.
    masked : ndarray of bool, shape (ny, nx)
    psf : redpix.psf.effective_psf.EffectivePsf or None
        Terms of the effective PSF; None if the image has no PSF.
    header, residual_header : Header
        Headers of the calibrated image and of the residual.
    """

    image: np.ndarray
    background: np.ndarray
    residual: np.ndarray
    masked: np.ndarray
    psf: EffectivePsf | None
    header: fits.Header
    residual_header: fits.Header


def show_images(raws, calibrated, tables, residuals):
    """Return facts of all images, pictures of the first ones, and the errors of the fluxes.

    Parameters
    ----------
    raws, calibrated, tables, residuals : sequence of str
        Raw image, calibrated image, CSV of the stars and residual of each image. The tables may
        have another order.

    Returns
    -------
    dict or None
        None without images.
    """
    if not tables:
        return None
    stars = {Path(path).stem: pd.read_csv(path) for path in tables}
    images, shown = [], 0
    for raw, image, residual in zip(raws, calibrated, residuals, strict=True):
        name = Path(residual).name.removesuffix(".residual.fits")
        reason = reason_left_out(residual)
        if reason:
            images.append({"name": name, "facts": {"left out": reason}, "pictures": None})
            continue
        images.append(show_image(name, raw, image, stars[name], residual, wanted(shown)))
        shown += 1
    measured = {k: v for k, v in stars.items() if "psf_flux_error" in v and len(v)}
    kinds = {fits.getheader(path).get("BUNIT", "count") for path in calibrated}
    units = " or ".join(sorted(PLURAL[kind] for kind in kinds))
    figure = data_uri(plots.errors_figure(measured, units)) if measured else None
    return {"images": images, "errors": figure}


def wanted(number):
    """Return which pictures an image gets: ``all``, its ``stars``, or an empty text.

    Parameters
    ----------
    number : int
        Number of the image, 0-based.

    Returns
    -------
    str
    """
    if number < MOST:
        return "all"
    return "stars" if number < MOST_CIRCLED else ""


def read_planes(calibrated, residual):
    """Return the pixels and headers of an image after photometry.

    Parameters
    ----------
    calibrated, residual : str
        FITS files.

    Returns
    -------
    ImagePlanes
    """
    with fits.open(calibrated, memmap=False) as hdus:
        planes = {hdu.name: hdu.data.astype(float) for hdu in hdus}
        header = hdus[0].header
    with fits.open(residual, memmap=False) as hdus:
        return ImagePlanes(
            image=planes["SCI"],
            background=planes["BACKGROUND"],
            residual=hdus[0].data.astype(float),
            masked=planes["MASK"] != 0,
            psf=read_effective_psf(residual),
            header=header,
            residual_header=hdus[0].header,
        )


def show_image(name, raw, calibrated, stars, residual, pictures):
    """Return the facts of one image, and its pictures.

    Parameters
    ----------
    name : str
        Name of the image.
    raw, calibrated, residual : str
        FITS files.
    stars : DataFrame
        The stars of the image.
    pictures : str
        Which pictures to draw, as of `wanted`.

    Returns
    -------
    dict
    """
    planes = read_planes(calibrated, residual)
    sky = np.where(planes.masked, np.nan, planes.residual)
    facts = image_facts(planes, stars) | camera_facts(raw, planes.header, planes.background, sky)
    drawn = None
    if pictures == "all":
        drawn = show_pictures(raw, planes, stars, PLURAL[planes.header["BUNIT"]])
    elif pictures:
        drawn = dict.fromkeys(PICTURES) | {"stars": show_stars(planes, stars)}
    noise = given_noise(raw, planes.header, planes.background, sky)
    return {"name": name, "facts": facts, "pictures": drawn, "noise": noise}


def image_facts(planes, stars):
    """Return the facts of an image, by label.

    Parameters
    ----------
    planes : ImagePlanes
        Pixels and headers of the image.
    stars : DataFrame
        The stars of the image.

    Returns
    -------
    dict of str to str
    """
    header, cards = planes.header, planes.residual_header
    facts = {
        "stars": f"{len(stars):,}",
        "masked": f"{100 * planes.masked.mean():.2f} % of the pixels",
    }
    facts["gain"] = gain_in_words(header)
    if "SKYMESH" in header:
        degree = header["SKYDEGR"]
        polynomial = f"a polynomial of degree {degree} and " if degree else ""
        profile = WORDS.get(header.get("SKYPROF", ""), "")
        profile += " and " if profile else ""
        facts["sky"] = f"{polynomial}{profile}squares of {header['SKYMESH']} pixels"
    if "HISTORY" in header:
        facts["assumed"] = "; ".join(history_texts(header))
    if planes.psf is not None:
        facts |= psf_facts(cards)
        facts["noise of the sky"] = f"{cards['NOISESCL']:.3f} of the expected"
        if "NEGRATE" in cards:
            facts["detections on the negative image"] = (
                f"{cards['NEGDET']}, {100 * cards['NEGRATE']:.1f} % of the stars"
            )
            facts["doubtful stars"] = f"{cards['DOUBTFUL']}"
        facts["aperture correction"] = f"{cards['APCORR']:.4f}"
        facts["without a flag"] = f"{np.sum(stars['flags'] == 0):,}"
    if "ZEROPT" in cards:
        error = f" ± {cards['ZEROERR']:.4f}" if "ZEROERR" in cards else ""
        facts["zero point"] = f"{cards['ZEROPT']:.4f}{error} mag"
    return facts
