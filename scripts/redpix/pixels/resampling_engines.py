"""Resampling engines: Montage, SWarp, reproject. All keep surface brightness.

Each engine is ``project(array, wcs, grid) -> array`` of the grid's shape; what an engine writes
on the way lies in a temporary folder of its own under fixed names, so that no value from a
header or the configuration becomes part of a command.
"""

import contextlib
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import missing_bytes
from redpix.core.exceptions import InputError
from redpix.core.programs import find_tool
from redpix.image.wcs import wcs_header

# how far the value of a pixel spreads, in its own pixels: half a pixel's diagonal; three lobes;
# a cubic spline's, which falls by 3.7 a pixel and is under a thousandth there
REACH = {"montage": 0.7072, "swarp": 3.0, "reproject": 6.0}


def engine(name):
    """The function that projects with the named engine, and the reach of its kernel."""
    return {"montage": montage, "swarp": swarp, "reproject": reproject}[name], REACH[name]


def montage(array, wcs, grid):
    """mProjectPP: drizzles by the area that pixels share; for tangent planes alone."""
    from montage_wrapper.commands import mProjectPP
    from montage_wrapper.status import MontageError

    find_tool("montage")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        fits.PrimaryHDU(np.asarray(array, np.float32), wcs_header(wcs)).writeto("in.fits")
        grid.header().tofile("grid.hdr", sep="\n", padding=False, endcard=True)
        try:
            mProjectPP("in.fits", "out.fits", "grid.hdr")
        except MontageError as error:
            raise InputError(f"mProjectPP: {error}") from None
        with fits.open("out.fits") as hdus:
            # mProjectPP also says that all is well where the disk was full
            missing = missing_bytes(hdus[0], "out.fits")
            if missing > 0:
                raise InputError(
                    f"mProjectPP: {missing} bytes of its image are missing: no room left in "
                    f"{folder}; with room, the same command goes on"
                )
            return _placed(hdus[0].data, hdus[0].header, grid)


def swarp(array, wcs, grid):
    """SWarp with a Lanczos kernel of three lobes."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        fits.PrimaryHDU(np.asarray(array, np.float32), wcs_header(wcs)).writeto(folder / "in.fits")
        # SWarp takes the grid of its output from the header file beside it
        grid.header().tofile(folder / "out.head", sep="\n", padding=False, endcard=True)
        settings = {
            "IMAGEOUT_NAME": "out.fits",
            "WEIGHTOUT_NAME": "weight.fits",
            "RESAMPLING_TYPE": "LANCZOS3",
            "FSCALASTRO_TYPE": "NONE",
            "SUBTRACT_BACK": "N",
            "COMBINE": "Y",
            "COMBINE_TYPE": "AVERAGE",
            "WRITE_XML": "N",
            "VERBOSE_TYPE": "QUIET",
            "NTHREADS": "1",
        }
        options = [word for key, value in settings.items() for word in (f"-{key}", value)]
        command = [find_tool("swarp"), "in.fits", "-c", "/dev/null", *options]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise InputError(f"SWarp: {done.stderr.strip()[-500:]}")
        image = fits.getdata(folder / "out.fits")
        weight = fits.getdata(folder / "weight.fits")
    return np.where(weight > 0, image, np.nan)


def reproject(array, wcs, grid):
    """reproject_interp with a bicubic kernel: no program outside Python."""
    from reproject import reproject_interp

    result, _ = reproject_interp(
        (np.asarray(array, np.float64), wcs), grid.wcs, shape_out=grid.shape, order="bicubic"
    )
    return result


def _placed(data, header, grid):
    """An image cropped to what it covers, put back into the whole grid; NaN elsewhere."""
    result = np.full(grid.shape, np.nan, np.float32)
    x, y = (round(grid.wcs.wcs.crpix[k] - header[f"CRPIX{k + 1}"]) for k in (0, 1))
    result[y : y + data.shape[0], x : x + data.shape[1]] = data
    return result
