"""Call SExtractor on registered images."""

import subprocess
import tempfile
from pathlib import Path

from astropy.io import fits
from job import log
from redpix.exceptions import InputError
from tools import find_tool


def run_sextractor(detection, measured, catalogue, segmentation, settings, options, assoc=None):
    """Detect on one registered image and measure on another of the same grid.

    Parameters
    ----------
    detection, measured : str
        Registered images (HDUs SCI, ERR, MASK).
    catalogue : Path
        FITS table that is written.
    segmentation : Path or None
        Image that is written.
    settings : dict
        Paths of the settings file, parameters and filter: ``config``, ``parameters``, ``filter``.
    options : dict
        Further settings by their SExtractor names.
    assoc : list of str, optional
        Lines of the ASSOC list.

    Returns
    -------
    astropy.io.fits.FITS_rec
        The catalogue.

    Raises
    ------
    InputError
        If SExtractor fails; the message has its last words.
    """
    with tempfile.TemporaryDirectory() as folder:
        flags = Path(folder) / "mask.fits"  # SExtractor takes flags from a primary HDU alone
        fits.PrimaryHDU(fits.getdata(measured, "MASK")).writeto(flags)
        pair = [detection] if detection == measured else [detection, measured]
        choices = {
            "PARAMETERS_NAME": settings["parameters"],
            "FILTER_NAME": settings["filter"],
            "CATALOG_NAME": catalogue,
            "WEIGHT_TYPE": ",".join(["MAP_RMS"] * len(pair)),
            "WEIGHT_IMAGE": ",".join(f"{path}[1]" for path in pair),
            "FLAG_IMAGE": flags,
            "CHECKIMAGE_TYPE": "SEGMENTATION" if segmentation else "NONE",
            **({"CHECKIMAGE_NAME": segmentation} if segmentation else {}),
            **options,
        }
        if assoc is not None:
            names = Path(folder) / "assoc.list"
            names.write_text("\n".join(assoc) + "\n", encoding="ascii")
            choices["ASSOC_NAME"] = names
        command = [find_tool("sextractor"), ",".join(f"{path}[0]" for path in pair)]
        command += ["-c", settings["config"]]
        command += [str(word) for key, value in choices.items() for word in (f"-{key}", value)]
        log.info("%s", " ".join(map(str, command)))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not Path(catalogue).exists():
        words = done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}"
        raise InputError(f"{measured}: SExtractor failed: {words[-500:]}")
    return fits.getdata(catalogue)
