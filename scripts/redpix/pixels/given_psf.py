"""Check the PSFs that a user lists for the images of a field."""

from redpix.psf.given_model import psfex_cards, read_given_model, read_stamp

#: deviation of the sum of a PSF from 1, and of its centroid from the centre in pixels, that are
#: remarked on
MOST_NORM, DOUBTFUL_SHIFT = 0.02, 0.5


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
    if psfex_cards(path) is not None:  # PSFEx scales its models to an aperture, and centres them
        read_given_model(path)
        return []
    stamp, _, shift = read_stamp(path)
    remarks, norm = [], stamp.sum()
    if abs(norm - 1) > MOST_NORM:
        remarks.append(f"psf: {path}: its sum is {norm:.4g} where 1 is expected")
    if shift > DOUBTFUL_SHIFT:
        remarks.append(
            f"psf: {path}: its centroid is {shift:.2f} pixels from its centre, and is moved there"
        )
    return remarks
