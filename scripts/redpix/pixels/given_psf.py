"""Check the PSFs that a user lists for the images of a field."""

import numpy as np
from astropy.io import fits

from redpix.core.exceptions import InputError
from redpix.io.fits_files import read_image
from redpix.io.whole_fits import open_whole

#: maximum deviation of the sum of a PSF from 1, and of its centroid from the centre in pixels
MOST_NORM, MOST_SHIFT = 0.02, 0.5


def check_psf(path):
    """Return remarks on a PSF whose norm or centre is doubtful.

    Parameters
    ----------
    path : str or None
        PSFEx model, or an image of the PSF; None without one.

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        If the file is neither.
    """
    if path is None:
        return []
    stamp = _psfex_stamp(path)
    model = stamp is not None  # PSFEx scales its models to an aperture
    if not model:
        try:
            stamp = read_image(path).pixels.astype(float)
        except InputError as error:
            raise InputError(f"psf: {error}; allowed: a PSFEx model or an image") from None
    if not np.isfinite(stamp).all() or not stamp.sum() > 0:
        raise InputError(f"psf: {path}: its pixels do not have a positive sum; allowed: a PSF")
    remarks, norm = [], stamp.sum()
    if not model and abs(norm - 1) > MOST_NORM:
        remarks.append(f"psf: {path}: its sum is {norm:.4g} where 1 is expected")
    y, x = np.indices(stamp.shape)
    shift = np.hypot(
        (stamp * x).sum() / norm - (stamp.shape[1] - 1) / 2,
        (stamp * y).sum() / norm - (stamp.shape[0] - 1) / 2,
    )
    if shift > MOST_SHIFT:
        remarks.append(f"psf: {path}: its centroid is {shift:.2f} pixels from its centre")
    return remarks


def _psfex_stamp(path):
    """Return the constant term of a PSFEx model, or None if the file is not one."""
    try:
        with open_whole(path, "a PSFEx model", name=False) as hdus:
            table = next((hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU)), None)
            # case as PSFEx writes it, and as collections of models do
            if table is None or "PSF_MASK" not in map(str.upper, table.columns.names):
                return None
            terms = np.asarray(table.data["PSF_MASK"][0], float)
            return terms[0] if terms.ndim == 3 else terms
    except InputError:
        return None
