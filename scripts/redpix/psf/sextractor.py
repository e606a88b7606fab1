"""Call SExtractor on registered images."""

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.core.programs import find_tool
from redpix.image.wcs import frame_wcs, wcs_header


class Prepared(NamedTuple):
    """A registered image in the form that SExtractor takes."""

    source: str
    image: Path
    errors: Path
    mask: Path


def prepare(source, folder):
    """Write the three HDUs of a registered image as files of their own.

    SExtractor takes NaN for a value, and smears it: where there are no data, image and error
    are zero, which it understands.

    Parameters
    ----------
    source : str
        Registered image.
    folder : Path

    Returns
    -------
    Prepared
    """
    stem = Path(source).stem
    prepared = Prepared(source, *(folder / f"{stem}.{part}.fits" for part in ("sci", "err", "msk")))
    with fits.open(source, memmap=False) as hdus:
        outside = np.isnan(hdus["SCI"].data)
        # the WCS alone: SExtractor copies the header onto its map of segments
        header = wcs_header(frame_wcs(hdus["SCI"].header))
        for name, path in zip(("SCI", "ERR", "MASK"), prepared[1:], strict=True):
            if name != "MASK":
                hdus[name].data[outside] = 0
            fits.PrimaryHDU(hdus[name].data, header).writeto(path)
    return prepared


def copied_settings(paths, folder):
    """Copies of SExtractor's settings in a folder: it breaks paths, as of a checkout, at spaces.

    Parameters
    ----------
    paths : mapping
        Holds the paths ``config``, ``parameters``, ``filter``.
    folder : Path

    Returns
    -------
    dict of str to Path
    """
    return {
        name: shutil.copy(paths[name], folder / name) for name in ("config", "parameters", "filter")
    }


def run_sextractor(detection, measured, catalogue, segmentation, settings, options, assoc=None):
    """Detect on one image and measure on another of the same grid.

    Parameters
    ----------
    detection, measured : Prepared
    catalogue : Path
        FITS table that is written.
    segmentation : Path or None
        Image that is written.
    settings : dict
        As from `copied_settings`.
    options : dict
        Further settings by their SExtractor names.
    assoc : Path, optional
        The ASSOC list.

    Returns
    -------
    astropy.io.fits.FITS_rec
        The catalogue.

    Raises
    ------
    InputError
        If SExtractor fails; the message has its last words.
    """
    pair = [detection] if detection == measured else [detection, measured]
    choices = {
        "PARAMETERS_NAME": settings["parameters"],
        "FILTER_NAME": settings["filter"],
        "CATALOG_NAME": catalogue,
        "WEIGHT_TYPE": ",".join(["MAP_RMS"] * len(pair)),
        "WEIGHT_IMAGE": ",".join(str(image.errors) for image in pair),
        "FLAG_IMAGE": measured.mask,
        "CHECKIMAGE_TYPE": "SEGMENTATION" if segmentation else "NONE",
        **({"CHECKIMAGE_NAME": segmentation} if segmentation else {}),
        **({"ASSOC_NAME": assoc} if assoc else {}),
        **options,
    }
    command = [find_tool("sextractor"), ",".join(str(image.image) for image in pair)]
    command += ["-c", settings["config"]]
    command += [str(word) for key, value in choices.items() for word in (f"-{key}", value)]
    log.info("%s", " ".join(map(str, command)))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not Path(catalogue).exists():
        words = done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}"
        raise InputError(f"{measured.source}: SExtractor failed: {words[-500:]}")
    return fits.getdata(catalogue)
