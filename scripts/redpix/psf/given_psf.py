"""PSFs that a user gives: a file, or the FWHM of a Moffat profile."""

from redpix.core.exceptions import InputError
from redpix.psf.given_model import read_given_model
from redpix.psf.moffat import moffat_stamp
from redpix.psf.psf_model import STAMP, PsfModel

#: FWHM of a PSF that a Moffat profile can stand for, pixels
FWHM_RANGE = (0.8, 15.0)


def given_psf(camera):
    """Return the PSF that a user gives for an image.

    Parameters
    ----------
    camera : Mapping
        Keys psf (path of a FITS image or a PSFEx model) and fwhm (pixels); None or missing if not
        given.

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
        return read_given_model(camera["psf"])
    if camera.get("fwhm") is not None:
        return profile_of_width(camera["fwhm"])
    return None


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
    return moffat_model(fwhm)


def moffat_model(fwhm, side=STAMP):
    """Return a Moffat profile of any FWHM as a PSF that is the same everywhere.

    The profile is sampled at the centres of pixels, not integrated over them, because a measured
    FWHM includes the width of a pixel.

    Parameters
    ----------
    fwhm : float
        Pixels; it includes the width of a pixel.
    side : int
        Side of the stamp, pixels, odd.

    Returns
    -------
    redpix.psf.psf_model.PsfModel
    """
    stamp = moffat_stamp(fwhm, side, integrated=False)
    return PsfModel(stamp[None], 0, (0.0, 0.0), (1.0, 1.0), float(fwhm), 0, "given")
