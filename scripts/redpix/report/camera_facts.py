"""Facts of an image for the report: gain and noise, as the header gives them and as they are."""

import numpy as np
from astropy.stats import mad_std

from redpix.core.exceptions import InputError
from redpix.io.camera import read_camera
from redpix.photometry.raw_image import read_raw


def gain_in_words(header):
    """Return the gain of a calibrated image in words.

    A flat field changes the gain from pixel to pixel, so it differs from that of the raw image.

    Parameters
    ----------
    header : Header
        Header of a calibrated image.

    Returns
    -------
    str
    """
    gain = f"{header['GAIN']:.3g} electrons per calibrated {header['BUNIT']}"
    return f"{gain}, the median; from {header['GAINFROM']}"


def psf_facts(cards):
    """Return the width of a PSF, and why its fluxes are uncertain if they are, by label.

    Parameters
    ----------
    cards : Mapping
        Header of the residual image.

    Returns
    -------
    dict of str to str
    """
    facts = {"FWHM": f"{cards['FWHM']:.2f} pixels, {cards['PSFSTARS']} stars"}
    if cards.get("PSFFAULT"):
        column = cards["FLUXCOL"]
        facts["PSF photometry"] = f"not trusted: {cards['PSFFAULT']}; magnitudes are of {column}"
    return facts


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
    given = given_camera(raw, header)
    if given is None:
        return {}
    facts = {
        "gain and read noise in the header": f"{_shown(given, 'gain', 'electrons per count')}, "
        f"{_shown(given, 'read_noise', 'electrons')}"
    }
    found, expected = sky_noise(given, header, background, residual)
    words = f"{found:.4g} counts found between the stars"
    if np.isfinite(expected):
        words += f", {expected:.4g} by gain and read noise of the header"
    facts["noise"] = f"{words}; errors come from {header.get('NOISFROM', 'the image')}"
    for label, card, unit in (("mid-exposure", "MJD-MID", "MJD, UTC"), ("filter", "FILTER", "")):
        if card in header:
            value = header[card]
            facts[label] = f"{value:.6f} {unit}" if isinstance(value, float) else str(value)
    return facts


def given_noise(raw, header, background, residual):
    """Return the noise between the stars and that by the given gain, if the header gives a gain.

    Parameters
    ----------
    raw, header, background, residual
        As of `camera_facts`.

    Returns
    -------
    (float, float) or None
        From `sky_noise`.
    """
    given = given_camera(raw, header)
    return sky_noise(given, header, background, residual) if given else None


def given_camera(raw, header):
    """Return the camera that the header of a raw image gives.

    Parameters
    ----------
    raw : str
        The raw image.
    header : Header
        Header of the calibrated image.

    Returns
    -------
    redpix.io.camera.CameraRecord or None
        None for an image in other units than counts, or with an invalid header.
    """
    if header.get("BUNIT") != "count":
        return None
    try:
        return read_camera(read_raw(raw).header, {})
    except InputError:
        return None


def sky_noise(given, header, background, residual):
    """Return the noise between the stars, and what the given gain and read noise make of the sky.

    A flat field that is divided by its mean changes the gain, so the gain of the calibrated image
    is taken if it comes from the same card.

    Parameters
    ----------
    given : redpix.io.camera.CameraRecord
        Camera of the raw image.
    header : Header
        Header of the calibrated image.
    background, residual : ndarray, shape (ny, nx)
        Sky that was subtracted, and image without stars, counts; NaN where masked.

    Returns
    -------
    found, expected : float
        Counts; `expected` is NaN if gain or read noise are not given.
    """
    valid = residual[np.isfinite(residual)]
    found = float(mad_std(valid)) if valid.size else np.nan
    if not given.gain or given.read_noise is None:
        return found, np.nan
    same = "GAIN" in header and header.get("GAINFROM") == given.sources.get("gain")
    gain = header["GAIN"] if same else given.gain
    sky = max(float(np.median(background)), 0.0)
    return found, float(np.sqrt(sky / gain + (given.read_noise / gain) ** 2))


def _shown(camera, name, unit):
    """Return a value of the header with its card, or that it is missing."""
    value = getattr(camera, name)
    if value is None:
        return f"{name.replace('_', ' ')} not given"
    return f"{value:g} {unit} ({camera.sources[name]})"
