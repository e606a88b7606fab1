"""Call SExtractor on registered images."""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits

from redpix.core.job import log
from redpix.core.programs import find_tool, read_made, run_program
from redpix.image.wcs import frame_wcs, wcs_header


class Prepared(NamedTuple):
    """Files of one image for SExtractor.

    Attributes
    ----------
    source : str
        Name of the image in messages.
    image, errors, mask : Path
        FITS files of the image, of its 1-sigma errors, and of its mask.
    """

    source: str
    image: Path
    errors: Path
    mask: Path


def write_inputs(source, folder, stem, planes, header=None):
    """Write an image, its errors and its mask as the files that SExtractor reads.

    Parameters
    ----------
    source : str
        Name of the image in messages.
    folder : Path
        Folder of the files.
    stem : str
        Stem of their names.
    planes : iterable of ndarray, shape (ny, nx)
        Image, 1-sigma errors and mask. They are taken one after another, so that a generator holds
        one of them in memory.
    header : astropy.io.fits.Header, optional
        Header of each file.

    Returns
    -------
    Prepared
    """
    paths = [folder / f"{stem}.{kind}.fits" for kind in ("sci", "err", "msk")]
    for path, plane in zip(paths, planes, strict=True):
        fits.PrimaryHDU(plane, header).writeto(path)
    return Prepared(source, *paths)


def prepare(source, folder):
    """Write the three HDUs of a registered image as the files that SExtractor reads.

    SExtractor spreads a NaN over neighbouring pixels. Pixels without data therefore get the image
    and error 0, which SExtractor ignores.

    Parameters
    ----------
    source : str
        FITS file of the registered image.
    folder : Path
        Folder of the files.

    Returns
    -------
    Prepared
    """
    with fits.open(source, memmap=False) as hdus:
        outside = np.isnan(hdus["SCI"].data)
        for name in ("SCI", "ERR"):
            hdus[name].data[outside] = 0
        # only the WCS, because SExtractor copies the header to its segmentation map
        header = wcs_header(frame_wcs(hdus["SCI"].header))
        planes = (hdus[name].data for name in ("SCI", "ERR", "MASK"))
        return write_inputs(source, folder, Path(source).stem, planes, header)


def copied_settings(paths, folder):
    """Copy SExtractor's settings to a folder, because it splits paths at spaces.

    Parameters
    ----------
    paths : mapping of str to str
        The paths ``config``, ``parameters`` and ``filter``.
    folder : Path
        Folder of the files.

    Returns
    -------
    dict of str to Path
        The copies by the same names.
    """
    return {
        name: shutil.copy(paths[name], folder / name) for name in ("config", "parameters", "filter")
    }


def run_sextractor(detection, measured, catalogue, segmentation, settings, options, assoc=None):
    """Detect sources on one image and measure them on another of the same grid.

    Parameters
    ----------
    detection, measured : Prepared
        Files of the image for detection and of the image for measurements.
    catalogue : Path
        FITS table to write, in the folder of the images.
    segmentation : Path or None
        FITS image to write: the segmentation map.
    settings : dict of str to Path
        Settings as from `copied_settings`.
    options : dict
        Further settings by their SExtractor names.
    assoc : Path, optional
        ASSOC list.

    Returns
    -------
    astropy.io.fits.FITS_rec
        The catalogue.

    Raises
    ------
    InputError
        If SExtractor fails. The message ends with SExtractor's last output.
    OSError
        If the disk is full.
    """
    folder = measured.image.parent
    pair = [detection] if detection == measured else [detection, measured]
    made = folder / "segmentation.fits"
    choices = {
        "PARAMETERS_NAME": _name(settings["parameters"], folder),
        "FILTER_NAME": _name(settings["filter"], folder),
        "CATALOG_NAME": _name(catalogue, folder),
        "WEIGHT_TYPE": ",".join(["MAP_RMS"] * len(pair)),
        "WEIGHT_IMAGE": ",".join(_name(image.errors, folder) for image in pair),
        "FLAG_IMAGE": _name(measured.mask, folder),
        "CHECKIMAGE_TYPE": "SEGMENTATION" if segmentation else "NONE",
        **({"CHECKIMAGE_NAME": made.name} if segmentation else {}),
        **({"ASSOC_NAME": _name(assoc, folder)} if assoc else {}),
        **options,
    }
    command = [find_tool("sextractor"), ",".join(_name(image.image, folder) for image in pair)]
    command += ["-c", _name(settings["config"], folder)]
    command += [str(word) for key, value in choices.items() for word in (f"-{key}", value)]
    log.info("%s", " ".join(command))
    label = f"{measured.source}: SExtractor"
    run_program(command, folder, label)
    if segmentation:
        read_made(made, label, fits.getheader)
        shutil.move(made, segmentation)
    return read_made(catalogue, label, fits.getdata)


def _name(path, folder):
    """Return the path of a file from the folder in which SExtractor runs."""
    return os.path.relpath(path, folder)
