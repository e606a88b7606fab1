"""Call SExtractor and PSFEx on one image: its sources and its PSF over the image."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits

from redpix.core.job import log
from redpix.core.programs import find_tool, read_made, run_program
from redpix.psf.ldac import read_columns, subtract_sky, write_rows
from redpix.psf.local_sky import local_sky
from redpix.psf.psf_model import PsfModel, full_width
from redpix.psf.sextractor import run_sextractor, write_inputs
from redpix.psf.star_locus import star_locus
from redpix.psf.star_selection import choose, cut_stamps
from redpix.psf.star_stamps import StarStamps
from redpix.psf.wings import Rings, measure_rings

#: diameter of the aperture that holds the flux of a star, pixels
APERTURE = 24

#: minimum number of stars for a PSF of PSFEx
LEAST = 3

#: minimum signal-to-noise ratio of a star from which a PSF is made
LEAST_SN = 30.0

#: the same if fewer than `ENOUGH` stars reach it
FAINT_SN = 15.0

#: number of stars beyond which fainter ones are not taken
ENOUGH = 10


class _Places(NamedTuple):
    """Positions and fluxes of stars whose stamps are cut."""

    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray

    def take(self, rows):
        """Return some of the stars."""
        return _Places(self.x[rows], self.y[rows], self.flux[rows])


class SourceTable(NamedTuple):
    """Sources of an image, as found by SExtractor.

    Attributes
    ----------
    path : Path
        FITS_LDAC file, the input of PSFEx.
    table : ndarray
        Its columns by SExtractor's names.
    shape : (int, int)
        ny, nx of the image.
    stars : ndarray of bool
        Rows of the sources that are stars by their size and bright enough for a PSF.
    stamps : redpix.psf.star_stamps.StarStamps
        Pixels of isolated stars.
    rows : ndarray of int
        Row of the table of each stamp.
    rings : redpix.psf.wings.Rings
        Rings about the isolated stars.
    """

    path: Path
    table: np.ndarray
    shape: tuple
    stars: np.ndarray
    stamps: StarStamps
    rows: np.ndarray
    rings: Rings

    def places(self, least_sn=LEAST_SN):
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
        noise = np.where(outside, 0, variance)
        np.sqrt(noise, out=noise)
        yield noise.astype(np.float32, copy=False)
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
    table = read_columns(catalogue, but="VIGNET")
    stars = stars_of(table)
    keys = ("XWIN_IMAGE", "YWIN_IMAGE", "FLUX_AUTO", "FLUX_RADIUS")
    others = np.stack([table[key] for key in keys], axis=1).astype(float) - (1, 1, 0, 0)
    invalid = (mask != 0) | outside
    fwhm = width_of(table, stars)
    bright = np.flatnonzero(stars)[np.argsort(-table["FLUX_AUTO"][stars], kind="stable")]
    sky = local_sky(image, variance, invalid, others[bright, :3], others, fwhm)
    if sky.plane.any():
        log.info("%s: the background is uneven: the sky about each star is subtracted", source)
        subtract_sky(catalogue, bright, sky, APERTURE)
    stamps, rows = _stamps(table, stars, image, variance, mask)
    about = sky.take(np.argsort(bright)[np.searchsorted(np.sort(bright), rows)])
    stamps = stamps._replace(value=stamps.value - about.on(stamps))
    rings = measure_rings(image, variance, invalid, stamps, others, fwhm, about)
    return SourceTable(catalogue, table, image.shape, stars, stamps, rows, rings)


def stars_of(table):
    """Select the stars of a table of sources from which a PSF can be made.

    Parameters
    ----------
    table : ndarray
        Sources with SExtractor's columns.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    clean = (table["FLAGS"] == 0) & (table["IMAFLAGS_ISO"] == 0)
    for least in (LEAST_SN, FAINT_SN):
        usable = clean & (table["SNR_WIN"] > least)
        stars = star_locus(table["FLUX_RADIUS"], table["ELONGATION"], usable)
        if np.count_nonzero(stars) >= ENOUGH:
            break
    return stars


def _stamps(table, stars, image, variance, mask):
    """Return the stamps of isolated stars and their rows of the table."""
    fwhm = width_of(table, stars)
    x, y = (table[f"{axis}WIN_IMAGE"].astype(float) - 1 for axis in "XY")
    flux = table["FLUX_AUTO"].astype(float)
    ratio = np.where(stars, np.inf, 0)
    rows = choose(x, y, flux, ratio, table["FLUX_RADIUS"], fwhm, image.shape)
    places = _Places(x[rows], y[rows], flux[rows])
    invalid = np.where(variance > 0, mask, 1)
    # the variance of an exposure contains the photon noise of its stars
    gain = np.broadcast_to(np.inf, image.shape)
    stamps, kept = cut_stamps(image, variance, gain, invalid, places, fwhm)
    return stamps, rows[kept]


def width_of(table, stars):
    """Return the median FWHM of stars, or of the brightest sources if there are no stars.

    Parameters
    ----------
    table : ndarray
        Sources with SExtractor's columns.
    stars : ndarray of bool
        Rows of the stars.

    Returns
    -------
    float
        Pixels; 3 without a source of positive width.
    """
    some = table[stars] if stars.any() else table[np.argsort(-table["FLUX_AUTO"])[:10]]
    widths = some["FWHM_IMAGE"][some["FWHM_IMAGE"] > 0]
    return float(np.median(widths)) if len(widths) else 3.0


def run_psfex(sources, rows, config, degree, source):
    """Return the PSF that PSFEx makes of some stars.

    Parameters
    ----------
    sources : SourceTable
        Sources of the image.
    rows : ndarray of int or of bool
        Rows of the stars.
    config : Path
        Settings file of PSFEx.
    degree : int
        Degree of the polynomials of the position.
    source : str
        Name of the image in messages.

    Returns
    -------
    model : redpix.psf.psf_model.PsfModel or None
        None if there are too few stars. With few stars the degree is lower.
    places : ndarray, shape (n, 2) or None
        0-based x and y of the stars that PSFEx accepted.

    Raises
    ------
    InputError
        If PSFEx fails.
    OSError
        If the disk is full.
    """
    chosen = sources.path.with_suffix(f".d{degree}.cat")
    write_rows(sources.path, chosen, rows)
    output = chosen.with_suffix(".stars")
    settings = os.path.relpath(config, chosen.parent)
    command = [find_tool("psfex"), chosen.name, "-c", settings, "-PSFVAR_DEGREES", str(degree)]
    # the stars are bright enough by SNR_WIN; a wide aperture holds more noise
    command += ["-OUTCAT_NAME", output.name, "-SAMPLE_MINSN", "1"]
    log.info("%s", " ".join(command))
    label = f"{source}: PSFEx"
    run_program(command, chosen.parent, label)
    made = chosen.with_suffix(".psf")
    model = read_made(made, label, lambda path: _read_model(path, degree))
    made.unlink()
    if model is None:
        return None, None
    table = read_made(output, label, lambda path: fits.getdata(path, 2))
    used = table[table["FLAGS_PSF"] == 0]
    return model, np.column_stack([used["X_IMAGE"], used["Y_IMAGE"]]).astype(float) - 1


def _read_model(path, degree):
    """Return the PSF in a file of PSFEx; None if it has too few stars."""
    with fits.open(path, memmap=False) as hdus:
        header, terms = hdus[1].header, hdus[1].data["PSF_MASK"][0].astype(float)
    number = header["ACCEPTED"]
    if number < LEAST or not np.isfinite(terms).all() or not terms[0].sum() > 0:
        return None
    axes = ("1", "2") if degree else ()
    degree = min(degree, header["POLDEG1"]) if degree else 0
    model = PsfModel(
        terms=terms if terms.ndim == 3 else terms[None],
        degree=degree,
        zero=tuple(header[f"POLZERO{axis}"] for axis in axes) or (0.0, 0.0),
        scale=tuple(header[f"POLSCAL{axis}"] for axis in axes) or (1.0, 1.0),
        fwhm=0.0,
        stars=number,
    )
    return model._replace(fwhm=full_width(model.at(model.zero[0] - 1, model.zero[1] - 1)))
