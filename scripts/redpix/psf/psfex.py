"""Call SExtractor and PSFEx on one image: its sources and its PSF over the image."""

import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.core.programs import find_tool
from redpix.psf.moffat import moffat_stamp
from redpix.psf.psf_model import STAMP, PsfModel, full_width
from redpix.psf.sextractor import run_sextractor, write_inputs

#: diameter of the aperture that holds the flux of a star, pixels
APERTURE = 24

#: minimum number of stars for a PSF that varies over the image
LEAST_VARYING = 20

#: minimum number of stars for a constant PSF
LEAST = 3


class SourceTable(NamedTuple):
    """Sources of an image, as found by SExtractor.

    Attributes
    ----------
    path : Path
        FITS_LDAC file, the input of PSFEx.
    table : ndarray
        Its columns by SExtractor's names.
    """

    path: Path
    table: np.ndarray

    def places(self, least_sn=30.0):
        """Return the positions of bright sources without flags, the brightest first.

        Parameters
        ----------
        least_sn : float
            Minimum signal-to-noise ratio.

        Returns
        -------
        ndarray, shape (n, 2)
            0-based x and y.
        """
        table = self.table
        good = (table["FLAGS"] == 0) & (table["IMAFLAGS_ISO"] == 0) & (table["SNR_WIN"] > least_sn)
        table = table[good][np.argsort(-table["FLUX_AUTO"][good], kind="stable")]
        return np.column_stack([table["XWIN_IMAGE"], table["YWIN_IMAGE"]]) - 1


def find_sources(name, image, variance, mask, folder, settings, source):
    """Find the sources of an image with SExtractor.

    Parameters
    ----------
    name : str
        Stem of the names of files made in `folder`.
    image, variance, mask : ndarray, shape (ny, nx)
        NaN and a variance of 0 mark pixels without data.
    folder : Path
        Folder of the files.
    settings : dict of str to Path
        SExtractor's settings, as from `redpix.psf.sextractor.copied_settings`.
    source : str
        Name of the image in messages.

    Returns
    -------
    SourceTable

    Raises
    ------
    InputError
        If SExtractor fails.
    """
    outside = ~(np.isfinite(image) & (variance > 0))

    def planes():
        yield np.where(outside, 0, image).astype(np.float32, copy=False)
        yield np.sqrt(np.where(outside, 0, variance)).astype(np.float32, copy=False)
        yield mask.astype(np.int16, copy=False)

    inputs = write_inputs(source, folder, name, planes())
    options = {
        "CATALOG_TYPE": "FITS_LDAC",
        "DETECT_THRESH": 3,
        "ANALYSIS_THRESH": 3,
        "DETECT_MINAREA": 5,
        "PHOT_APERTURES": APERTURE,
    }
    catalogue = folder / f"{name}.cat"
    run_sextractor(inputs, inputs, catalogue, None, settings, options)
    return SourceTable(catalogue, fits.getdata(catalogue, 2))


def fit_psf(stars, config, source):
    """Return the PSF of an image and the stars from which it is made.

    Parameters
    ----------
    stars : SourceTable
        Sources of the image.
    config : Path
        Settings file of PSFEx.
    source : str
        Name of the image in messages.

    Returns
    -------
    model : redpix.psf.psf_model.PsfModel
        A Moffat profile, with a warning, if there are too few stars.
    places : ndarray, shape (n, 2)
        0-based x and y of the stars from which the PSF is made.

    Raises
    ------
    InputError
        If the image shows no source, if its sources are not stars, or if PSFEx fails.
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
    # not integrated over pixels: the measured FWHM includes the width of a pixel
    profile = moffat_stamp(fwhm, STAMP, integrated=False)
    model = PsfModel(profile[None], 0, (0.0, 0.0), (1.0, 1.0), fwhm, 0)
    return model, stars.places()


def _run_psfex(stars, config, degree, least, source):
    """Return the PSF of a degree and its stars' positions; None if there are too few stars."""
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
    # with few stars, PSFEx makes a PSF of a lower degree
    if number < least or not np.isfinite(terms).all() or not terms[0].sum() > 0:
        return None
    axes = ("1", "2") if degree else ()
    model = PsfModel(
        terms=terms if terms.ndim == 3 else terms[None],
        degree=degree,
        zero=tuple(header[f"POLZERO{axis}"] for axis in axes) or (0.0, 0.0),
        scale=tuple(header[f"POLSCAL{axis}"] for axis in axes) or (1.0, 1.0),
        fwhm=0.0,
        stars=number,
    )
    model = model._replace(fwhm=full_width(model.at(model.zero[0] - 1, model.zero[1] - 1)))
    table = fits.getdata(output, 2)
    used = table[table["FLAGS_PSF"] == 0]
    return model, np.column_stack([used["X_IMAGE"], used["Y_IMAGE"]]).astype(float) - 1
