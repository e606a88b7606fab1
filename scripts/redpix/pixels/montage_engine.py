"""Resample images with Montage's mProjectPP, an image and its variance in one run."""

import contextlib
import tempfile

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import missing_bytes
from redpix.core.programs import read_made
from redpix.image.wcs import pixel_area, wcs_header
from redpix.pixels.montage_program import run_mprojectpp

#: difference of tangent points up to which they are one for Montage, degrees
SAME_POINT = 1e-9

#: variances that are weights of a run of Montage; those beyond them are clipped
_WEIGHTS = 1e-30, 1e30


class Montage:
    """Resample with Montage's mProjectPP, which weights by the shared area of pixels."""

    def __call__(self, array, wcs, grid):
        """Return an array on a grid.

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
        ndarray, shape `grid.shape`, float32
            NaN outside the array.

        Raises
        ------
        InputError
            If mProjectPP is missing or fails.
        OSError
            If the disk is full.
        """
        return _resampled(np.asarray(array, np.float32), None, wcs, grid)[0]

    def with_variance(self, image, variance, wcs, grid):
        """Return an image and its variance on a grid, from one run of mProjectPP.

        Nearly all of Montage's time goes into the shared areas a of pixels, which are those of the
        image and of its variance V. With V as weights of image / V, Montage makes the sums
        of a V and of a V (image / V) = a image. Both are divided by the area of a pixel of the
        grid, so only completely covered pixels have the values of two runs.

        Parameters
        ----------
        image, variance : ndarray, shape (ny, nx)
            Surface brightness and its variance. A pixel with variance 0 counts as 0 in both.
        wcs, grid
            As in a call.

        Returns
        -------
        image, variance : ndarray, shape `grid.shape`, float32
            NaN outside the array, and where all variances are 0.

        Raises
        ------
        InputError, OSError
            As in a call.
        """
        positive = variance > 0
        weight = np.where(positive, np.clip(variance, *_WEIGHTS), 0).astype(np.float32)
        ratio = np.divide(image, weight, out=np.zeros(weight.shape), where=positive)
        planes = _resampled(ratio, weight, wcs, grid)
        for plane in planes:
            plane /= np.float32(pixel_area(grid.wcs) * np.radians(1) ** 2)
        return planes


def _resampled(array, weight, wcs, grid):
    """Return an array on a grid; if it has weights, its sums and those of the weights.

    The sums are over the areas that an output pixel shares, in steradians.
    """
    header, onto = wcs_header(wcs), grid.header()
    points = [(one["CRVAL1"], one["CRVAL2"]) for one in (header, onto)]
    if np.allclose(*points, rtol=0, atol=SAME_POINT):
        # mProjectPP finds no overlap if tangent points differ by a rounding error
        header["CRVAL1"], header["CRVAL2"] = points[1]
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        fits.PrimaryHDU(array, header).writeto("in.fits")
        if weight is not None:
            fits.PrimaryHDU(weight, header).writeto("weight.fits")
        onto.tofile("grid.hdr", sep="\n", padding=False, endcard=True)
        run_mprojectpp("in.fits", "out.fits", "grid.hdr", None if weight is None else "weight.fits")
        if weight is None:
            return [_placed(["out.fits"], grid, folder)]
        files = ["out.fits", "out_area.fits"]
        return [_placed(files, grid, folder), _placed(files[1:], grid, folder)]


def _placed(names, grid, folder):
    """Return a cropped image, or the product of two, on the full grid; NaN outside it."""
    result = np.full(grid.shape, np.nan, np.float32)
    for name in names:
        # mProjectPP reports success even if the disk was full
        read_made(name, "mProjectPP", _check_complete, folder)
    with contextlib.ExitStack() as stack:
        planes = [stack.enter_context(fits.open(name))[0] for name in names]
        header, data = planes[0].header, planes[0].data
        x, y = (round(grid.wcs.wcs.crpix[k] - header[f"CRPIX{k + 1}"]) for k in (0, 1))
        inside = result[y : y + len(data), x : x + data.shape[1]]
        if len(planes) == 1:
            inside[:] = data
        else:  # multiplied in double precision
            np.multiply(data, planes[1].data, out=inside, casting="same_kind")
    return result


def _check_complete(path):
    """Raise an error if bytes of an image are missing."""
    with fits.open(path) as hdus:
        missing = missing_bytes(hdus[0], path)
    if missing > 0:
        raise OSError(f"{missing} bytes are missing")
