"""Resample images with Montage, SWarp, reproject or drizzle. All conserve surface brightness.

Each engine is a function ``project(array, wcs, grid)`` that returns an array of the grid's shape.
Engines work in temporary folders with fixed file names: no value from a header or from the
configuration becomes part of a command.
"""

import tempfile
from pathlib import Path

import numpy as np
from astropy.io import fits

from redpix.core.exceptions import InputError
from redpix.core.programs import find_tool, read_made, run_program
from redpix.image.pixel_map import pixel_map
from redpix.image.wcs import wcs_header
from redpix.pixels.montage_engine import Montage

#: reach of each engine's kernel, pixels of the input image: half the diagonal of a pixel; three
#: lobes; the cubic spline falls by a factor of 3.7 per pixel and is below 0.001 there
REACH = {"montage": 0.7072, "swarp": 3.0, "reproject": 6.0, "drizzle": 0.7072}

# pixels of the largest image that drizzle resamples at once, and rows of others at a time: a
# position takes 16 bytes
_WHOLE, _STRIP = 4_000_000, 256

#: engines that resample tangent planes only
TANGENT_ONLY = ("montage", "swarp")


def engine(name):
    """Return the function of an engine and the reach of its kernel.

    Parameters
    ----------
    name : {"montage", "swarp", "reproject", "drizzle"}
        Name of the engine.

    Returns
    -------
    project : callable
        ``project(array, wcs, grid)`` returns an array of the grid's shape. Its method
        ``with_variance``, where it has one, resamples an image and its variance at once.
    reach : float
        Distance over which a pixel's value spreads, pixels of the input image.
    """
    engines = {"montage": Montage(), "swarp": swarp, "reproject": reproject, "drizzle": Drizzle()}
    return engines[name], REACH[name]


def swarp(array, wcs, grid):
    """Resample with SWarp and a Lanczos kernel of three lobes.

    Parameters
    ----------
    array : ndarray, shape (ny, nx)
        Surface brightness.
    wcs : astropy.wcs.WCS
        Tangent-plane WCS of the array.
    grid : redpix.pixels.grid.Grid
        Pixels of the result.

    Returns
    -------
    ndarray, shape `grid.shape`
        NaN outside the array.

    Raises
    ------
    InputError
        If SWarp fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        fits.PrimaryHDU(np.asarray(array, np.float32), wcs_header(wcs)).writeto(folder / "in.fits")
        # SWarp reads the grid of its output from the header file beside it
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
        run_program(command, folder, "SWarp")
        image = read_made(folder / "out.fits", "SWarp", fits.getdata)
        weight = read_made(folder / "weight.fits", "SWarp", fits.getdata)
    return np.where(weight > 0, image, np.nan)


def reproject(array, wcs, grid):
    """Resample with the Python package reproject and a bicubic kernel.

    Parameters
    ----------
    array : ndarray, shape (ny, nx)
        Surface brightness.
    wcs : astropy.wcs.WCS
        WCS of the array.
    grid : redpix.pixels.grid.Grid
        Pixels of the result.

    Returns
    -------
    ndarray, shape `grid.shape`
        NaN outside the array.
    """
    from reproject import reproject_interp  # slow to import; the other engines do not need it

    result, _ = reproject_interp(
        (np.asarray(array, np.float64), wcs), grid.wcs, shape_out=grid.shape, order="bicubic"
    )
    return result


class Drizzle:
    """Resample with STScI's drizzle, which weights by the shared area of pixels.

    The kernel is the square pixel itself (pixfrac 1), transformed by its corners. So any projection
    and distortion is exact to the curvature of a pixel's sides. The transformation of the last
    image is kept for its variance.
    """

    def __init__(self):
        self._wcs, self._key, self._transform, self._last = None, None, None, (None, None)

    def __call__(self, array, wcs, grid):
        """Return an array on a grid; NaN outside it.

        Parameters
        ----------
        array : ndarray, shape (ny, nx)
            Surface brightness. A pixel that is NaN has no weight.
        wcs : astropy.wcs.WCS
            WCS of the array.
        grid : redpix.pixels.grid.Grid
            Pixels of the result.

        Returns
        -------
        ndarray, shape `grid.shape`, float32

        Raises
        ------
        InputError
            If drizzle is not installed.
        """
        try:
            from drizzle.resample import Drizzle as Resampler  # slow; only this engine needs it
        except ImportError:
            raise InputError(
                "registration.engine: drizzle: the package drizzle is not installed; allowed: "
                "pip install drizzle==3.0.0 (it needs a C compiler where PyPI has no wheel), or "
                "montage"
            ) from None
        resampler = Resampler(kernel="square", out_shape=grid.shape, disable_ctx=True)
        for rows in self._strips(array.shape):
            values = np.array(array[rows], np.float32)
            valid = np.isfinite(values)
            weight = valid.astype(np.float32)
            values[~valid] = 0
            # a row beyond the strip gives its pixels their corners, and no flux
            low, high = int(rows.start > 0), int(rows.stop < len(array))
            around = slice(rows.start - low, rows.stop + high)
            if low or high:
                values, weight = (np.pad(one, ((low, high), (0, 0))) for one in (values, weight))
            positions = self._positions(array.shape, around, wcs, grid)
            resampler.add_image(values, 1.0, positions, weight_map=weight)
        resampler.out_img[~(resampler.out_wht > 0)] = np.nan
        return resampler.out_img

    def _strips(self, shape):
        """Return the rows that are resampled at a time: all of an image of usual size."""
        step = shape[0] if shape[0] * shape[1] <= _WHOLE else _STRIP
        return [slice(first, min(first + step, shape[0])) for first in range(0, shape[0], step)]

    def _positions(self, shape, rows, wcs, grid):
        """Return the grid position of each pixel of some rows, shape (rows, nx, 2)."""
        corner = tuple(grid.wcs.wcs.crpix)
        key = (shape, grid.shape, corner)
        if self._wcs is not wcs or self._key != key:
            transform = pixel_map(wcs, shape, grid.wcs, grid.shape)
            self._wcs, self._key, self._transform, self._last = wcs, key, transform, (None, None)
        if self._last[0] != rows:
            self._last = rows, self._transform.forward_rows(rows, shape[1])
        return self._last[1]
