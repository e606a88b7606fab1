"""The PSF of a registered band: given, of the survey, or measured on its stars."""

import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.masks import bit_value
from redpix.image.pixel_map import local_scale
from redpix.image.wcs import frame_wcs, pixel_area
from redpix.io.whole_fits import open_whole
from redpix.pixels.engine_kernel import EngineKernel, measure_kernel
from redpix.pixels.grid import Grid
from redpix.pixels.register_field import read_frame
from redpix.pixels.registered_psf import registered_stamp, stamp_blur
from redpix.pixels.resampling_engines import engine as resampling_engine
from redpix.psf.given_model import read_given_model
from redpix.psf.psf_choice import fit_psf
from redpix.psf.psfex import find_sources
from redpix.psf.sextractor import copied_settings
from redpix.psf.stand_in import stand_in_psf
from redpix.sdss.psfield import FILTERS, psfield_model

#: half-width of the stamps of given PSFs, pixels of the frame
HALF = 20

#: number of positions along an axis between which a PSF is interpolated
_NODES = 4

#: minimum number of stars for a PSF that is measured
LEAST_STARS = 3


class BandPsf(NamedTuple):
    """PSF of a registered band.

    Attributes
    ----------
    origin : str
        Words for the header: where the PSF is from.
    stars : int
        Number of stars from which it was measured; 0 if it was not.
    at : callable
        ``at(x, y)`` returns the stamp at a 0-based position of the grid, of unit sum.
    varies : bool
        Whether it depends on the position.
    """

    origin: str
    stars: int
    at: object
    varies: bool


class RegisteredBand(NamedTuple):
    """A registered band with its PSF and the kernel of its engine.

    Attributes
    ----------
    path : str
        FITS file of the registered image.
    psf : BandPsf or None
        None if the PSF cannot be had.
    kernel : redpix.pixels.engine_kernel.EngineKernel
    """

    path: str
    psf: BandPsf
    kernel: EngineKernel


def registered_band(band, frame, path, given, psfield, settings):
    """Return a registered band with its PSF: given, of the survey, or measured.

    Parameters
    ----------
    band : str
        Name of the band.
    frame, path : str
        FITS files of the frame and of the registered image.
    given, psfield : str or None
        As for `frame_psf`.
    settings : (list of str, str)
        SExtractor's configuration, output parameters and convolution filter; PSFEx's
        configuration.

    Returns
    -------
    RegisteredBand
    """
    image, _, wcs = read_frame(frame)
    header = fits.getheader(path, "SCI")
    grid = Grid(frame_wcs(header), (header["NAXIS2"], header["NAXIS1"]))
    project, _ = resampling_engine(header["ENGINE"])
    kernel = measure_kernel(project, wcs, grid, image.shape)
    origin, model = frame_psf(given, psfield, band, image.shape)
    if model is not None:
        psf = on_grid(origin, model, grid.wcs, wcs, image.shape, kernel)
    else:
        psf = measured_psf(path, settings[0], settings[1])
    return RegisteredBand(path, psf, kernel)


def frame_psf(given, psfield, band, shape):
    """Return the PSF of a frame that need not be measured.

    Parameters
    ----------
    given : str or None
        File of the PSF in the user's table of frames.
    psfield : str or None
        The survey's psField file; a file without tables if it could not be fetched.
    band : str
        Name of the band.
    shape : (int, int)
        Rows and columns of the frame.

    Returns
    -------
    origin : str
        given, or psField; empty without a PSF.
    model : redpix.psf.psf_model.PsfModel or None
        On the pixels of the frame.
    """
    try:
        if given is not None:
            return "given", read_given_model(given)
        if psfield is not None and band in FILTERS:
            with open_whole(psfield, "a psField file", name=False) as hdus:
                if len(hdus) > 1:
                    return "psField", psfield_model(hdus[FILTERS.index(band) + 1].data, shape)
    except InputError as error:
        log.warning("band %s: the PSF is measured, because of: %s", band, error)
    return "", None


def on_grid(origin, model, grid_wcs, wcs, shape, kernel):
    """Return the PSF of a registered band from that of its frame.

    Parameters
    ----------
    origin : str
        Where it is from.
    model : redpix.psf.psf_model.PsfModel
        PSF of the frame.
    grid_wcs, wcs : astropy.wcs.WCS
        WCS of the grid and of the frame.
    shape : (int, int)
        Rows and columns of the frame.
    kernel : redpix.pixels.engine_kernel.EngineKernel
        Kernel of the engine.

    Returns
    -------
    BandPsf
    """
    # the stamp of the frame, in pixels of the grid
    finer = local_scale(wcs, shape) / np.sqrt(pixel_area(grid_wcs))
    half = int(np.ceil(HALF * max(1.0, finer)))
    blur = stamp_blur(kernel, half)

    def at(x, y):
        return registered_stamp(model, x, y, grid_wcs, wcs, blur, half)

    return BandPsf(origin, 0, at, model.degree > 0)


def measured_psf(path, sextractor, psfex):
    """Return the effective PSF of the stars of a registered image.

    Parameters
    ----------
    path : str
        FITS file of the registered image.
    sextractor : list of str
        SExtractor's configuration, output parameters and convolution filter.
    psfex : str
        PSFEx's configuration.

    Returns
    -------
    BandPsf or None
        None if there are too few stars.
    """
    with fits.open(path, memmap=False) as hdus:
        image, error = (hdus[name].data.astype(float) for name in ("SCI", "ERR"))
        mask = hdus["MASK"].data & ~bit_value("INTERPOLATED", "GHOST", "NOT_CHECKED")
    variance = np.where(error > 0, error, 0) ** 2
    names = ("config", "parameters", "filter")
    try:
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            settings = copied_settings(dict(zip(names, sextractor, strict=True)), folder)
            copy = shutil.copy(psfex, folder / "psfex")
            sources = find_sources("band", image, variance, mask, folder, settings, path)
            model, _ = fit_psf(sources, copy, path, "effective")
    except InputError as reason:
        log.info("%s", reason)
        model = None
    if model is None or model.stars < LEAST_STARS:
        model = stand_in_psf(image, variance, mask)
    if model is None or model.stars < LEAST_STARS:
        return None
    return BandPsf(f"measured: {model.words}", model.stars, model.at, model.degree > 0)


def interpolated(psf, shape):
    """Return a PSF that is interpolated between positions, for a quick answer at any other.

    Parameters
    ----------
    psf : BandPsf
        PSF of a registered band.
    shape : (int, int)
        Rows and columns of the grid.

    Returns
    -------
    callable or ndarray
        ``at(x, y)`` as of `BandPsf`; or the stamp, if the PSF does not vary.
    """
    if not psf.varies:
        return psf.at((shape[1] - 1) / 2, (shape[0] - 1) / 2)
    y, x = (np.linspace(0.1, 0.9, _NODES) * side for side in shape)
    stamps = np.array([[psf.at(column, row) for column in x] for row in y])

    def at(column, row):
        along_y = [np.interp(row, y, one) for one in np.eye(_NODES)]
        along_x = [np.interp(column, x, one) for one in np.eye(_NODES)]
        return np.einsum("j,i,jiab->ab", along_y, along_x, stamps)

    return at
