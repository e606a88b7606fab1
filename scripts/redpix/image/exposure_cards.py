"""FITS cards that say when, where and with what an image was exposed, for products made from it."""

import re

from astropy.time import Time

from redpix.image.site_cards import site_cards
from redpix.io.camera import read_camera
from redpix.io.header_values import card_text, filled
from redpix.io.observation_time import DAY

#: cards of texts that a product has from its image
TEXTS = {"OBJECT": "object", "TELESCOP": "telescope", "INSTRUME": "instrument"}

#: names of the cards of a reference beside those of a science image
OF_REFERENCE = {
    "OBJECT": "REFOBJ",
    "TELESCOP": "REFTEL",
    "INSTRUME": "REFINST",
    "DATE-OBS": "REFDATE",
    "MJD-OBS": "REFMJD",
    "MJD-AVG": "REFMJDAV",
    "EXPTIME": "REFEXPT",
    "FILTER": "REFFILT",
    "AIRMASS": "REFAIRM",
    "GAIN": "REFGAIN",
    "OBSGEO-X": "REFGEO-X",
    "OBSGEO-Y": "REFGEO-Y",
    "OBSGEO-Z": "REFGEO-Z",
}


def fits_unit(unit, power=1):
    """Return a unit in the spelling of the FITS standard.

    Parameters
    ----------
    unit : str or None
        Unit from `redpix.io.camera.unit_name`, such as ``electron/s``.
    power : int
        Power of the unit: 2 for a variance.

    Returns
    -------
    str
        ``electron s-1``, or ``electron2 s-2`` with a power of 2; empty if the unit is unknown.
    """
    if unit is None:
        return ""
    base, _, per = unit.partition("/")
    base += str(power) if power != 1 else ""
    if not per:
        return base
    return f"{base} {per}-{power}" if re.fullmatch("[a-z]+", per) else f"{base}/{per}"


def camera_of(exposure):
    """Return the camera record of an exposure.

    Parameters
    ----------
    exposure : redpix.image.exposure_file.Exposure
        A frame of the survey has no record; its header is read.

    Returns
    -------
    redpix.io.camera.CameraRecord
    """
    return exposure.camera or read_camera(exposure.header, {})


def exposure_cards(exposure):
    """Return the cards of an exposure for a product made from it.

    Parameters
    ----------
    exposure : redpix.image.exposure_file.Exposure
        Its header and camera are used.

    Returns
    -------
    list of (str, object, str)
        Keyword, value and comment. Unknown values are left out.
    """
    camera, header = camera_of(exposure), exposure.header
    middle, seconds = camera.mid_exposure, camera.exposure_time
    start = None if middle is None else middle - (seconds or 0.0) / 2 / DAY
    texts = [(key, str(header[key]).strip()) for key in TEXTS if filled(header.get(key))]
    cards = [(key, value, TEXTS[key]) for key, value in texts]
    if start is not None:
        cards.append(("DATE-OBS", Time(start, format="mjd").isot, "start of the exposure, UTC"))
    cards += [
        ("MJD-OBS", start, "[d] start of the exposure, UTC"),
        ("MJD-AVG", middle, "[d] middle of the exposure, UTC"),
        ("EXPTIME", seconds, "[s] exposure time"),
        ("FILTER", camera.filter, "filter"),
        ("AIRMASS", camera.airmass, "airmass"),
        ("GAIN", camera.gain, "electrons per unit of the image"),
        *site_cards(header, middle)[0],
    ]
    return [card for card in cards if card[1] is not None]


def reference_cards(exposure):
    """Return the cards of a reference under names of their own.

    Parameters
    ----------
    exposure : redpix.image.exposure_file.Exposure
        The reference.

    Returns
    -------
    list of (str, object, str)
        As of `exposure_cards`, with the names of `OF_REFERENCE`.
    """
    return [
        (OF_REFERENCE[key], value, f"reference: {comment}")
        for key, value, comment in exposure_cards(exposure)
    ]


def pair_cards(science, reference, names):
    """Return the cards of the two exposures of a pair.

    Parameters
    ----------
    science, reference : redpix.image.exposure_file.Exposure
        Exposures of the pair.
    names : sequence of str
        Names of the two images as the user wrote them.

    Returns
    -------
    list of (str, object, str)
    """
    # long texts leave no room for a comment
    named = [("SCIENCE", card_text(names[0])), ("REFERENC", card_text(names[1]))]
    named += assumed_cards({"SCIFROM": science, "REFFROM": reference})
    return [*named, *exposure_cards(science), *reference_cards(reference)]


def assumed_cards(exposures):
    """Return cards that say how the files of exposures were understood.

    Parameters
    ----------
    exposures : dict of str to redpix.image.exposure_file.Exposure
        Exposures by keyword.

    Returns
    -------
    list of (str, str, str)
        Without exposures whose files leave nothing to understand.
    """
    texts = {key: "; ".join(exposure.assumed) for key, exposure in exposures.items()}
    return [(key, card_text(text), "") for key, text in texts.items() if text]


def stack_cards(exposures):
    """Return the cards of a coadd: those of its first exposure, times of all.

    Parameters
    ----------
    exposures : list of redpix.image.exposure_file.Exposure
        The exposures that are coadded.

    Returns
    -------
    list of (str, object, str)
        EXPTIME and GAIN are those of the first exposure, whose flux scale the coadd has. MJD-AVG is
        the mean; TEXPTIME the sum. FROM1 and others say how each file was understood.
    """
    cameras = [camera_of(exposure) for exposure in exposures]
    middles = [camera.mid_exposure for camera in cameras]
    seconds = [camera.exposure_time for camera in cameras]
    cards = [card for card in exposure_cards(exposures[0]) if card[0] != "MJD-AVG"]
    if None not in middles:
        cards.append(("MJD-AVG", sum(middles) / len(middles), "[d] mean of the exposures, UTC"))
    if None not in seconds:
        cards.append(("TEXPTIME", sum(seconds), "[s] sum of the exposure times"))
    return cards + assumed_cards({f"FROM{n}": one for n, one in enumerate(exposures, start=1)})
