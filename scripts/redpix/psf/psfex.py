"""Call SExtractor and PSFEx on one image: its stars, and its PSF over the image."""

import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.core.programs import find_tool
from redpix.psf.psf_model import STAMP, PsfModel, full_width, moffat
from redpix.psf.sextractor import Prepared, run_sextractor

#: diameter of the aperture that holds a star's flux, pixels
APERTURE = 24


#: fewest stars for a PSF that varies, and for one that does not
LEAST_VARYING, LEAST = 20, 3


class Stars(NamedTuple):
    """Table of an image's sources that SExtractor found, in FITS_LDAC, and their columns."""

    path: Path
    table: np.ndarray

    def places(self, least_sn=30.0):
        """x, y (0-based) of sources that are whole and bright enough, the brightest first."""
        table = self.table
        good = (table["FLAGS"] == 0) & (table["IMAFLAGS_ISO"] == 0) & (table["SNR_WIN"] > least_sn)
        table = table[good][np.argsort(-table["FLUX_AUTO"][good], kind="stable")]
        return np.column_stack([table["XWIN_IMAGE"], table["YWIN_IMAGE"]]) - 1


def find_sources(name, image, variance, mask, folder, settings, source):
    """Sources of an image.

    Parameters
    ----------
    name : str
        Of the files made in `folder`.
    image, variance, mask : ndarray
        NaN is taken as no data.
    folder : Path
    settings : dict of str to Path
        SExtractor's, as from `sextractor.copied_settings`.
    source : str
        What messages call the image.
    """
    paths = [folder / f"{name}.{part}.fits" for part in ("sci", "err", "msk")]
    outside = ~(np.isfinite(image) & (variance > 0))
    # one after the other, as they may be large
    makes = (
        lambda: np.where(outside, 0, image).astype(np.float32, copy=False),
        lambda: np.sqrt(np.where(outside, 0, variance)).astype(np.float32, copy=False),
        lambda: mask.astype(np.int16, copy=False),
    )
    for path, make in zip(paths, makes, strict=True):
        fits.PrimaryHDU(make()).writeto(path)
    options = {
        "CATALOG_TYPE": "FITS_LDAC",
        "DETECT_THRESH": 3,
        "ANALYSIS_THRESH": 3,
        "DETECT_MINAREA": 5,
        "PHOT_APERTURES": APERTURE,
    }
    catalogue = folder / f"{name}.cat"
    run_sextractor(*[Prepared(source, *paths)] * 2, catalogue, None, settings, options)
    return Stars(catalogue, fits.getdata(catalogue, 2))


def fit_psf(stars, config, source):
    """PSF of an image from its stars.

    Parameters
    ----------
    stars : Stars
    config : Path
        PSFEx's settings.
    source : str
        What messages call the image.

    Returns
    -------
    PsfModel
    places : ndarray, shape (n, 2)
        x, y (0-based) of the stars that it is made from.

    Raises
    ------
    InputError
        If the image shows no source at all, or PSFEx fails otherwise.
    """
    if not len(stars.table):
        raise InputError(f"{source}: no source, so no PSF; allowed: an image that shows stars")
    for degree, least in ((2, LEAST_VARYING), (0, LEAST)):
        made = _run_psfex(stars, config, degree, least, source)
        if made is not None:
            return made
    fwhm = float(np.median(stars.table["FWHM_IMAGE"][np.argsort(-stars.table["FLUX_AUTO"])[:10]]))
    if not 1 < fwhm < 15:
        raise InputError(f"{source}: no stars for a PSF; sources have a FWHM of {fwhm:.1f} pixels")
    log.warning("%s: too few stars for a PSF; a Moffat profile of %.2f px is taken", source, fwhm)
    model = PsfModel(moffat(fwhm, STAMP)[None], 0, (0.0, 0.0), (1.0, 1.0), fwhm, 0)
    return model, stars.places()


def _run_psfex(stars, config, degree, least, source):
    """PSF of a degree and the places of its stars; None if there are too few stars for it."""
    output = stars.path.with_suffix(".stars")
    command = [find_tool("psfex"), stars.path, "-c", config, "-PSFVAR_DEGREES", str(degree)]
    command += ["-OUTCAT_NAME", output]
    log.info("%s", " ".join(map(str, command)))
    done = subprocess.run(
        list(map(str, command)), cwd=stars.path.parent, capture_output=True, text=True, check=False
    )
    made = stars.path.with_suffix(".psf")
    if done.returncode or not made.exists():
        words = done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}"
        raise InputError(f"{source}: PSFEx failed: {words[-300:]}")
    with fits.open(made, memmap=False) as hdus:
        header, terms = hdus[1].header, hdus[1].data["PSF_MASK"][0].astype(float)
    number = header["ACCEPTED"]
    made.unlink()
    # of few stars PSFEx makes a PSF of a lower degree
    if number < least or not np.isfinite(terms).all() or not terms[0].sum() > 0:
        return None
    axes = ("1", "2") if degree else ()
    model = PsfModel(
        *(terms if terms.ndim == 3 else terms[None], degree),
        tuple(header[f"POLZERO{axis}"] for axis in axes) or (0.0, 0.0),
        tuple(header[f"POLSCAL{axis}"] for axis in axes) or (1.0, 1.0),
        *(0.0, number),
    )
    model = model._replace(fwhm=full_width(model.at(*(zero - 1 for zero in model.zero))))
    table = fits.getdata(output, 2)
    used = table[table["FLAGS_PSF"] == 0]
    return model, np.column_stack([used["X_IMAGE"], used["Y_IMAGE"]]).astype(float) - 1
