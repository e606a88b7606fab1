"""Combine the registered bands of a field to one image in which sources are detected."""

from contextlib import ExitStack
from typing import NamedTuple

import numpy as np
from astropy.io import fits

from redpix.image.wcs import frame_wcs, wcs_header
from redpix.psf.sextractor import write_inputs

#: rows that are combined at a time
_ROWS = 256


class DetectionImage(NamedTuple):
    """An image in which sources are detected.

    Attributes
    ----------
    image, error : ndarray, shape (ny, nx), float32
        Image and its scale of noise; 0 where all bands lack data, which SExtractor ignores.
    """

    image: np.ndarray
    error: np.ndarray


def weighted_sum(fluxes, errors):
    """Return the mean of the bands, weighted by inverse variance.

    Parameters
    ----------
    fluxes, errors : iterable of ndarray, shape (ny, nx)
        Registered images and their 1-sigma errors, one per band; NaN without data.

    Returns
    -------
    DetectionImage
    """
    total, weight = 0.0, 0.0
    for flux, error in zip(fluxes, errors, strict=True):
        valid = np.isfinite(flux) & (error > 0)
        inverse = np.where(valid, 1 / np.square(np.where(valid, error, 1), dtype=np.float64), 0)
        total = total + np.where(valid, flux, 0) * inverse
        weight = weight + inverse
    empty = weight == 0
    weight = np.where(empty, 1, weight)
    return _finished(total / weight, 1 / np.sqrt(weight), empty)


def chi_square(fluxes, errors, correlations):
    """Return the chi-square image of the bands on a scale that is normal for blank sky.

    Chi-square is the sum of the squared signal-to-noise ratios (Szalay, Connolly & Szokoly 1999,
    AJ 117, 68). For n bands, sqrt(2 chi^2) - sqrt(2 n - 1) has the variance 1 on blank sky
    (Fisher). The noise of a registered pixel is the error times the root of NOISECOR.

    Parameters
    ----------
    fluxes, errors : iterable of ndarray, shape (ny, nx)
        Registered images and their 1-sigma errors, one per band; NaN without data.
    correlations : iterable of float
        Variance of one pixel over the squared error, one per band.

    Returns
    -------
    DetectionImage
    """
    square, number, scales = 0.0, 0, []
    for flux, error, correlation in zip(fluxes, errors, correlations, strict=True):
        valid = np.isfinite(flux) & (error > 0)
        ratio = np.where(valid, flux, 0) / np.where(valid, error, 1)
        square = square + ratio.astype(np.float64) ** 2 / correlation
        number = number + valid
        scales.append(correlation)
    empty = number == 0
    image = np.sqrt(2 * square) - np.sqrt(2 * np.maximum(number, 1) - 1)
    return _finished(image * np.sqrt(np.mean(scales)), np.ones(image.shape), empty)


def _finished(image, error, empty):
    """Return a detection image that is 0 where it is empty."""
    image, error = (np.where(empty, 0, plane).astype(np.float32) for plane in (image, error))
    return DetectionImage(image, error)


def prepare_combined(paths, kind, folder):
    """Write the combined image of the bands as the files that SExtractor reads.

    Parameters
    ----------
    paths : list of str
        Registered images, one per band.
    kind : {"sum", "chi2"}
        Weighted sum, or chi-square.
    folder : Path
        Folder of the files.

    Returns
    -------
    redpix.psf.sextractor.Prepared
    """
    with ExitStack() as stack:
        files = [stack.enter_context(fits.open(path, memmap=False)) for path in paths]
        headers = [file["SCI"].header for file in files]
        correlations = [header.get("NOISECOR", 1.0) for header in headers]
        shape = files[0]["SCI"].shape
        combined = DetectionImage(np.empty(shape, np.float32), np.empty(shape, np.float32))
        for first in range(0, shape[0], _ROWS):
            rows = slice(first, min(first + _ROWS, shape[0]))
            fluxes, errors = (
                [file[name].section[rows, :] for file in files] for name in ("SCI", "ERR")
            )
            if kind == "sum":
                strip = weighted_sum(fluxes, errors)
            else:
                strip = chi_square(fluxes, errors, correlations)
            combined.image[rows], combined.error[rows] = strip
        header = wcs_header(frame_wcs(headers[0]))
    mask = (combined.error == 0).astype(np.int16)
    return write_inputs(paths[0], folder, "combined", (*combined, mask), header)
