"""PSFs that a user gives: a FITS image, or the FWHM of a Moffat profile."""

import numpy as np

from redpix.core.exceptions import InputError
from redpix.io.fits_files import read_image
from redpix.psf.moffat import moffat_stamp
from redpix.psf.psf_model import STAMP, PsfModel, full_width

#: FWHM of a PSF that a Moffat profile can stand for, pixels
FWHM_RANGE = (0.8, 15.0)


def given_psf(camera):
    """Return the PSF that a user gives for an image.

    Parameters
    ----------
    camera : Mapping
        Keys psf (path of a FITS image) and fwhm (pixels); None or missing if not given.

    Returns
    -------
    redpix.psf.psf_model.PsfModel or None
        None if the user gives neither.

    Raises
    ------
    InputError
        If the image is not a PSF, or if the FWHM is impossible.
    """
    if camera.get("psf") is not None:
        return read_psf(camera["psf"])
    if camera.get("fwhm") is not None:
        return profile_of_width(camera["fwhm"])
    return None


def read_psf(path):
    """Read a PSF from a FITS image.

    Parameters
    ----------
    path : str
        Stamp of odd sides with the PSF in its central pixel.

    Returns
    -------
    redpix.psf.psf_model.PsfModel
        Of `STAMP` x `STAMP` pixels and unit sum.

    Raises
    ------
    InputError
        If the image is not a PSF.
    """
    stamp = read_image(path).pixels.astype(float)
    if any(side % 2 == 0 or side < 5 for side in stamp.shape):
        rows, columns = stamp.shape
        raise InputError(f"{path}: a PSF of {columns} x {rows} pixels; allowed: odd sides from 5")
    if not np.isfinite(stamp).all() or not stamp.sum() > 0:
        raise InputError(f"{path}: a PSF of sum {stamp.sum():.3g}; allowed: finite, a sum above 0")
    peak = np.unravel_index(np.argmax(stamp), stamp.shape)
    off = np.subtract(peak, [side // 2 for side in stamp.shape])
    if abs(off).max() > 1:
        raise InputError(
            f"{path}: a PSF with its peak at x {peak[1]}, y {peak[0]} (0-based); allowed: the "
            "peak in the central pixel"
        )
    return _model(_resized(stamp), full_width(_resized(stamp)))


def profile_of_width(fwhm):
    """Return a Moffat profile of a FWHM as a PSF.

    Parameters
    ----------
    fwhm : float
        Pixels; it includes the width of a pixel.

    Returns
    -------
    redpix.psf.psf_model.PsfModel

    Raises
    ------
    InputError
        If the FWHM is outside `FWHM_RANGE`.
    """
    least, most = FWHM_RANGE
    if not least <= fwhm <= most:
        raise InputError(f"fwhm: {fwhm:g} pixels; allowed: {least:g} to {most:g}")
    # not integrated over pixels: the measured FWHM includes the width of a pixel
    return _model(moffat_stamp(fwhm, STAMP, integrated=False), fwhm)


def _model(stamp, fwhm):
    """Return a stamp as a PSF that is the same everywhere."""
    return PsfModel((stamp / stamp.sum())[None], 0, (0.0, 0.0), (1.0, 1.0), float(fwhm), 0, "given")


def _resized(stamp):
    """Return a stamp that is cut or padded with zeros to `STAMP` x `STAMP` pixels."""
    made = np.zeros((STAMP, STAMP))
    half = [min(STAMP, side) // 2 for side in stamp.shape]
    to, cut = (
        tuple(slice(middle - h, middle + h + 1) for middle, h in zip(centre, half, strict=True))
        for centre in ((STAMP // 2,) * 2, tuple(side // 2 for side in stamp.shape))
    )
    made[to] = stamp[cut]
    return made
