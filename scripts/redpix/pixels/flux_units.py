"""Convert the unit of an image into the AB magnitude of one unit."""

import re
import warnings
from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError

#: AB magnitude of one jansky
_JANSKY = 8.9

#: flux density of one maggy, Jy
_MAGGY = 10 ** (0.4 * _JANSKY)

#: relative difference of two areas of a pixel that is remarked on
_AREAS_APART = 0.05

#: spellings of units that astropy does not know
_SPELLINGS = (
    (r"(?i)\bvega\b[ .*-]*", ""),
    (r"(?i)\bnano ?-?maggies\b|\bnano ?-?maggys?\b|\bnmgy\b", "nmgy"),
    (r"(?i)\bmaggies\b|\bmaggys?\b", "mgy"),
    (r"(?i)\bmicro ?-?janskys?\b|\bmicro ?-?jy\b|\bujanskys?\b", "uJy"),
    (r"(?i)\bnano ?-?janskys?\b", "nJy"),
    (r"(?i)\bmilli ?-?janskys?\b", "mJy"),
    (r"(?i)\bmega ?-?janskys?\b", "MJy"),
    (r"(?i)\bjanskys?\b", "Jy"),
    (r"\b(JY|jy)\b", "Jy"),
    (r"\b([numM])(JY|jy)\b", r"\1Jy"),
    (r"\b(UJY|UJy)\b", "uJy"),
    (r"(?i)\bergs?\b", "erg"),
    (r"(?i)\b(angstroms?|ang|a)\b", "Angstrom"),
    (r"(?i)\bcm\^?\{?2\}?", "cm2"),
    (r"(?i)\bhz\b", "Hz"),
    (r"(?i)/sr\b", "/sr"),
)


class UnitZeroPoint(NamedTuple):
    """AB magnitude of one unit.

    Attributes
    ----------
    value : float or None
        None if the unit is not a flux density.
    remarks : tuple of str
        Doubts, one sentence each.
    """

    value: float | None
    remarks: tuple = ()


def unit_zero_point(text, scale, wavelength=None, area=None):
    """Return the AB magnitude of one unit of an image.

    Parameters
    ----------
    text : str
        Unit of a header, such as ``nJy``, ``MJy/sr``, ``10*nanoJansky`` or ``erg/s/cm2/Angstrom``.
    scale : float
        Side of a pixel, degrees. A surface brightness is multiplied by the pixel's area.
    wavelength : float, optional
        Effective wavelength, Angstrom. A flux density per wavelength needs it.
    area : float, optional
        Area of a pixel by the header (PIXAR_SR), steradian. It is compared with that of the WCS.

    Returns
    -------
    UnitZeroPoint

    Raises
    ------
    InputError
        If the unit is a magnitude, so that pixels cannot be added.
    """
    import astropy.units as u  # takes 0.2 s, and most images are in counts

    if re.match(r"(?i)\s*(log|mag|dex)\b", text):
        raise InputError(f"BUNIT is {text!r}; allowed: pixels in units of flux, not magnitudes")
    unit = _parsed(text, u)
    if unit is None:
        return UnitZeroPoint(None)
    remarks, of_wcs = [], np.radians(scale) ** 2
    if unit.is_equivalent(u.Jy / u.sr) or unit.is_equivalent(_per_wavelength(u) / u.sr):
        unit = u.Unit(of_wcs * unit * u.sr)
        if area is not None and abs(area / of_wcs - 1) > _AREAS_APART:
            remarks.append(
                f"PIXAR_SR = {area:.4g} is {area / of_wcs:.3g} times the area of a pixel by the "
                "WCS, which is used"
            )
    if unit.is_equivalent(u.Jy):
        return UnitZeroPoint(float(_JANSKY - 2.5 * np.log10(unit.to(u.Jy))), tuple(remarks))
    if unit.is_equivalent(_per_wavelength(u)):
        if wavelength is None:
            remarks.append(
                f"the unit {text!r} (BUNIT) is per wavelength: the column wavelength of the table "
                "gives the zero point"
            )
            return UnitZeroPoint(None, tuple(remarks))
        density = u.spectral_density(wavelength * u.AA)
        janskys = (1 * unit).to(u.Jy, density).value
        return UnitZeroPoint(float(_JANSKY - 2.5 * np.log10(janskys)), tuple(remarks))
    return UnitZeroPoint(None, tuple(remarks))


def _per_wavelength(u):
    """Return the unit of a flux density per wavelength."""
    return u.erg / u.s / u.cm**2 / u.AA


def _parsed(text, u):
    """Return a unit as astropy reads it, without pixels as a divisor; None if it cannot."""
    words = re.sub(r"(?i)\s*(/|per)\s*pix(el)?s?\b|[ .]pix(el)?\^?\(?-1\)?", "", text.strip())
    words = words.replace("\u00b5", "u").replace("\u03bc", "u")
    for pattern, spelling in _SPELLINGS:
        words = re.sub(pattern, spelling, words)
    for form in (None, "fits", "cds", "vounit"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", u.UnitsWarning)
                unit = u.Unit(words, format=form)
                maggies = u.mgy in unit.decompose().bases
        except (ValueError, TypeError, AttributeError):
            continue
        return u.Unit(unit / u.mgy * _MAGGY * u.Jy) if maggies else unit
    return None
