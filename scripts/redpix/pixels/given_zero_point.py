"""Find the zero point of a user's image: given, or stated by its header or its unit."""

import re

import numpy as np

from redpix.io.header_values import number

#: AB magnitude of a flux density of one unit
_FLUX_DENSITIES = {"jy": 8.9, "mjy": 16.4, "ujy": 23.9, "microjy": 23.9, "njy": 31.4}

#: AB magnitude of one megajansky
_MEGAJANSKY = -6.1


def stated_zero_point(camera, header, scale):
    """Return the zero point of an image and its origin.

    Parameters
    ----------
    camera : redpix.io.camera.CameraRecord
        Its zero point is that of the table or of a header card.
    header : Mapping
        FITS header. FLUXMAG0 is the flux of magnitude 0. BUNIT may be a flux density, such as nJy,
        or the surface brightness MJy/sr.
    scale : float
        Side of a pixel, degrees.

    Returns
    -------
    zero_point : float or None
        AB magnitude of one unit; None if it is unknown.
    origin : str
    """
    source = camera.sources.get("zero_point", "")
    if camera.zero_point is not None:
        return camera.zero_point, "the table" if source == "exposures.zero_point" else source
    flux, _ = number(header.get("FLUXMAG0"))
    if flux is not None and flux > 0:
        return float(2.5 * np.log10(flux)), "FLUXMAG0"
    unit = str(header.get("BUNIT", "")).strip()
    plain = re.sub(r"[\s.]", "", unit.replace("\u00b5", "u").replace("\u03bc", "u"))
    if re.fullmatch(r"MJy(/sr|sr-1|sr\*\*-1|sr\^-1)", plain):
        megajanskys = np.radians(scale) ** 2
        return float(_MEGAJANSKY - 2.5 * np.log10(megajanskys)), f"BUNIT {unit}"
    plain = plain.removesuffix("/pixel").removesuffix("/pix")
    if plain != "MJy" and plain.lower() in _FLUX_DENSITIES:
        return _FLUX_DENSITIES[plain.lower()], f"BUNIT {unit}"
    return None, ""
