"""Resample images with Montage's mProjectPP, an image and its variance in one run."""

import contextlib
import tempfile

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import missing_bytes
from redpix.core.exceptions import InputError
from redpix.core.programs import read_made
from redpix.image.wcs import pixel_area, wcs_header
from redpix.pixels.montage_program import run_mprojectpp

#: difference of tangent points up to which they are one for Montage, degrees
SAME_POINT = 1e-9

# pixels of the largest image that is resampled with its variance at once; others are in strips
_WHOLE = 4_000_000

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
        result = np.full(grid.shape, np.nan, np.float32)
        with _reprojected(np.asarray(array, np.float32), None, wcs, grid) as (image, _, place):
            result[place] = image
        return result

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
        sums, missed, met = [np.zeros(grid.shape, np.float32) for _ in range(2)], None, False
        for rows in _strips(image.shape):
            strip = wcs.deepcopy()
            strip.wcs.crpix = wcs.wcs.crpix - [0, rows.start]
            try:
                _add_strip(sums, image[rows], variance[rows], strip, grid)
                met = True
            except InputError as error:
                if "overlap" not in str(error).lower():
                    raise
                missed = error  # a strip may lie outside the grid, but not the image
        if not met:
            raise missed
        empty = ~(sums[1] > 0)
        for plane in sums:
            plane /= np.float32(pixel_area(grid.wcs) * np.radians(1) ** 2)
            plane[empty] = np.nan
        return sums


def _strips(shape):
    """Return the rows that are resampled at a time: all of an image of usual size."""
    step = max(1, shape[0] if shape[0] * shape[1] <= _WHOLE else _WHOLE // shape[1])
    return [slice(first, min(first + step, shape[0])) for first in range(0, shape[0], step)]


def _add_strip(sums, image, variance, wcs, grid):
    """Add rows of an image to the sums of a image and a V on the grid, areas in steradians."""
    positive = variance > 0
    weight = np.where(positive, np.clip(variance, *_WEIGHTS), 0).astype(np.float32)
    ratio = np.divide(image, weight, out=np.zeros(weight.shape), where=positive)
    with _reprojected(ratio, weight, wcs, grid) as (mean, area, place):
        # multiplied in double precision; both are NaN outside the rows
        product = np.multiply(mean, area, out=np.empty(mean.shape, "f4"), casting="same_kind")
        for plane, part in zip(sums, (product, area), strict=True):
            np.add(plane[place], part, out=plane[place], where=area > 0, casting="same_kind")


@contextlib.contextmanager
def _reprojected(array, weight, wcs, grid):
    """Run mProjectPP; yields the image and the weighted area it makes, and their place in the grid.

    The arrays are those of files that are gone afterwards.
    """
    header, onto = wcs_header(wcs), grid.header()
    points = [(one["CRVAL1"], one["CRVAL2"]) for one in (header, onto)]
    if np.allclose(*points, rtol=0, atol=SAME_POINT):
        # mProjectPP finds no overlap if tangent points differ by a rounding error
        header["CRVAL1"], header["CRVAL2"] = points[1]
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        with contextlib.chdir(folder):
            fits.PrimaryHDU(array, header).writeto("in.fits")
            if weight is not None:
                fits.PrimaryHDU(weight, header).writeto("weight.fits")
            onto.tofile("grid.hdr", sep="\n", padding=False, endcard=True)
            weights = None if weight is None else "weight.fits"
            run_mprojectpp("in.fits", "out.fits", "grid.hdr", weights)
            for name in ("out.fits", "out_area.fits"):
                # mProjectPP reports success even if the disk was full
                read_made(name, "mProjectPP", _check_complete, folder)
        made, area = (
            stack.enter_context(fits.open(f"{folder}/{name}"))[0]
            for name in ("out.fits", "out_area.fits")
        )
        x, y = (round(grid.wcs.wcs.crpix[k] - made.header[f"CRPIX{k + 1}"]) for k in (0, 1))
        rows, columns = made.shape
        yield made.data, area.data, (slice(y, y + rows), slice(x, x + columns))


def _check_complete(path):
    """Raise an error if bytes of an image are missing."""
    with fits.open(path) as hdus:
        missing = missing_bytes(hdus[0], path)
    if missing > 0:
        raise OSError(f"{missing} bytes are missing")
