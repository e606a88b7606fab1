"""Facts of an image for the report: gain and noise, as the header gives them and as they are."""

import numpy as np
from astropy.stats import mad_std

from redpix.core.exceptions import InputError
from redpix.io.camera import read_camera
from redpix.io.fits_files import read_header


def camera_facts(raw, header, background, residual):
    """Return gain and noise of an image, given and found, by label.

    Parameters
    ----------
    raw : str
        The raw image.
    header : Header
        Header of the calibrated image.
    background : ndarray, shape (ny, nx)
        Sky that was subtracted, counts.
    residual : ndarray, shape (ny, nx)
        Image without stars, counts; NaN where masked.

    Returns
    -------
    dict of str to str
        Empty for an image in other units than counts.
    """
    if header.get("BUNIT") != "count":
        return {}
    try:
        given = read_camera(read_header(raw).header, {})
    except InputError:
        return {}
    valid = residual[np.isfinite(residual)]
    found = mad_std(valid) if valid.size else np.nan
    facts = {
        "gain and read noise in the header": f"{_shown(given, 'gain', 'electrons per count')}, "
        f"{_shown(given, 'read_noise', 'electrons')}"
    }
    words = f"{found:.4g} counts found between the stars"
    if given.gain and given.read_noise is not None:
        sky = max(float(np.median(background)), 0.0)
        expected = np.sqrt(sky / given.gain + (given.read_noise / given.gain) ** 2)
        words += f", {expected:.4g} by gain and read noise of the header"
    facts["noise"] = f"{words}; errors come from {header.get('NOISFROM', 'the image')}"
    for label, card, unit in (("mid-exposure", "MJD-MID", "MJD, UTC"), ("filter", "FILTER", "")):
        if card in header:
            value = header[card]
            facts[label] = f"{value:.6f} {unit}" if isinstance(value, float) else str(value)
    return facts


def _shown(camera, name, unit):
    """Return a value of the header with its card, or that it is missing."""
    value = getattr(camera, name)
    if value is None:
        return f"{name.replace('_', ' ')} not given"
    return f"{value:g} {unit} ({camera.sources[name]})"
