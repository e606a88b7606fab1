"""Images of any telescope: what their headers say of the camera, and the noise of their pixels."""

import re
from typing import NamedTuple

import numpy as np
from astropy.io import fits
from astropy.stats import mad_std
from astropy.wcs import WCS
from astropy.wcs import wcs as wcslib
from scipy import ndimage

from redpix.alignment import between_middles, noise_scale
from redpix.exceptions import InputError
from redpix.masks import DTYPE, bit_value
from redpix.registration import wcs_header

#: cards that hold a property, the first that is there counts
KEYWORDS = {
    "gain": ("GAIN", "EGAIN", "CCDGAIN", "ATODGAIN", "GAINEFF"),
    "read_noise": ("RDNOISE", "READNOIS", "RON", "ENOISE", "READNSE"),
    "saturation": ("SATURATE", "SATLEVEL", "SATURLEV", "DATAMAX"),
    "zero_point": ("MAGZERO", "MAGZP", "MAGZPT", "PHOTZP", "ZEROPT", "ZP"),
}

#: what a property must be
_ALLOWED = {
    "gain": (lambda value: value > 0, "above 0, electrons a count"),
    "read_noise": (lambda value: value >= 0, "0 or above, electrons"),
    "saturation": (lambda value: value > 0, "above 0, counts"),
    "zero_point": (lambda value: True, "a number, magnitudes"),
}

#: units under one name
_UNITS = {
    **dict.fromkeys(("adu", "dn", "count", "counts", "ct", "cts"), "adu"),
    **dict.fromkeys(("electron", "electrons", "e-", "e"), "electron"),
    **dict.fromkeys(("nanomaggy", "nanomaggies", "nmgy", "nanomaggys"), "nanomaggy"),
}

#: magnitude of a source of one nanomaggy
NANOMAGGY_ZERO_POINT = 22.5

#: gain and read noise are believed if blank sky is as noisy as they say to this part
BELIEVED = 0.2

#: noise of pixels this far apart is independent in an image that was resampled
APART = 5


#: fewest pixels that are exactly zero, side by side and at the border, for a part without data
LEAST_ZEROS = 200

#: noise of an image, in its unit, that single precision can work with
NOISE_RANGE = (1e-9, 1e9)


class Camera(NamedTuple):
    """What is known of the camera that took an image; None: not known.

    Attributes
    ----------
    gain : float or None
        Electrons a unit of the image.
    read_noise : float or None
        Electrons.
    saturation : float or None
        Units of the image, background included.
    zero_point : float or None
        Magnitude of a source of one unit.
    unit : str or None
    sources : dict of str to str
        Where each property comes from: a header card, or the configuration.
    """

    gain: float | None
    read_noise: float | None
    saturation: float | None
    zero_point: float | None
    unit: str | None
    sources: dict


def read_camera(header, given):
    """What a header says of the camera, and what was given instead.

    Parameters
    ----------
    header : Mapping
        FITS header.
    given : Mapping
        gain, read_noise, saturation, zero_point; None or absent: the header's.

    Returns
    -------
    Camera

    Raises
    ------
    InputError
        If a value is impossible; the caller names the file.
    """
    values, sources = {}, {}
    for name, cards in KEYWORDS.items():
        card = next((card for card in cards if _filled(header.get(card))), None)
        if given.get(name) is not None:
            values[name], sources[name] = given[name], f"exposures.{name}"
        elif card is not None:
            values[name], sources[name] = _number(header[card], card, *_ALLOWED[name]), card
        else:
            values[name] = None
    unit = unit_name(header.get("BUNIT"))
    if values["zero_point"] is None and unit == "nanomaggy":
        values["zero_point"], sources["zero_point"] = NANOMAGGY_ZERO_POINT, "BUNIT nanomaggy"
    if values["gain"] is not None and sources["gain"] != "exposures.gain":
        values["gain"] = _gain_of_unit(values["gain"], unit, header)
    return Camera(**values, unit=unit, sources=sources)


def _filled(value):
    return value is not None and str(value).strip() not in ("", "None", "NA", "N/A", "nan", "NaN")


def _number(value, card, allowed, words):
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number) or not allowed(number):
        raise InputError(f"header card {card} = {value!r}; allowed: {words}")
    return number


def _gain_of_unit(gain, unit, header):
    """Electrons a unit of the image, from electrons a count."""
    if unit is None:
        return gain
    base, _, per_second = unit.partition("/")
    if base not in ("adu", "electron"):
        return None  # a calibrated flux: counts are not known
    electrons = 1.0 if base == "electron" else gain
    if not per_second:
        return electrons
    seconds = header.get("EXPTIME")
    return electrons * float(seconds) if _filled(seconds) and float(seconds) > 0 else None


def unit_name(text):
    """A unit under one name (``DN / s`` is ``adu/s``); None where there is none."""
    if not _filled(text):
        return None
    words = re.sub(r"\s+", "", str(text).lower())
    words = re.sub(r"(\*\*-1|\^-1|(?<=s)-1)$", "^-1", words)
    words = re.sub(r"[.*]?(sec|s)\^-1$", "/s", words)
    words = re.sub(r"/(sec|second|seconds)$", "/s", words)
    base, slash, rest = words.partition("/")
    return _UNITS.get(base, base) + slash + rest


def celestial_wcs(header):
    """WCS of an image in any projection of the sky, with its distortions.

    Raises
    ------
    InputError
        If there is none; the caller names the file.
    """
    try:
        wcs = WCS(fits.Header(header), naxis=2)
        sky = wcs.all_pix2world([[0.0, 0.0]], 0) if wcs.has_celestial else np.nan
    except (ValueError, TypeError, MemoryError, np.linalg.LinAlgError, wcslib.WcsError) as error:
        raise InputError(f"WCS that cannot be used: {' '.join(str(error).split())}") from None
    if not np.all(np.isfinite(sky)):
        raise InputError("no WCS that says where on the sky it lies")
    return wcs


def wcs_cards(wcs):
    """Header cards of any celestial WCS."""
    plain = wcs.sip is None and tuple(wcs.wcs.ctype) == ("RA---TAN", "DEC--TAN")
    return wcs_header(wcs) if plain else wcs.to_header(relax=True)


def sky_noise(image, mask, mesh, apart=1):
    """1-sigma noise of blank sky over an image, from differences of neighbours in a row.

    Parameters
    ----------
    image : ndarray
    mask : ndarray of int
        Pixels with any bit do not count.
    mesh : int
        Side of the squares that it is measured in, pixels.
    apart : int
        Distance of the neighbours.

    Returns
    -------
    ndarray
        Linear between the squares' middles.

    Raises
    ------
    InputError
        If no pixel has a value, or all have the same.
    """
    # every second row is enough
    values = np.where(mask[::2] == 0, image[::2], np.nan)
    steps = values[:, apart:] - values[:, :-apart]
    if not np.isfinite(steps).any():
        raise InputError("no pixel has a value")
    counts = [max(1, round(length / mesh)) for length in image.shape]
    noise = np.array(
        [
            [_clipped_spread(part) for part in np.array_split(band, counts[1], axis=1)]
            for band in np.array_split(steps, counts[0])
        ]
    ) / np.sqrt(2)
    known = np.isfinite(noise) & (noise > 0)
    if not known.any():
        raise InputError("a constant image: it has no noise")
    noise[~known] = np.median(noise[known])
    return between_middles(noise, image.shape)


def _clipped_spread(steps):
    """Standard deviation of a Gaussian core; NaN of too few values."""
    steps = steps[np.isfinite(steps)]
    for _ in range(10):
        if len(steps) < 100:
            return np.nan
        kept = steps[abs(steps) <= 3 * steps.std()]
        if len(kept) == len(steps):
            break
        steps = kept
    # cut off at 3 of what is left, a Gaussian keeps this share of its standard deviation
    return steps.std() / 0.98485


class Noise(NamedTuple):
    """Variance of an image's pixels, and in words how it was come by."""

    variance: np.ndarray
    words: str


def pixel_noise(image, background, mask, camera, mesh):
    """Variance of every pixel: sky and read noise, and the photons of sources where gain is known.

    Where gain and read noise are known and explain the noise of blank sky, they give the variance;
    else blank sky is measured.

    Parameters
    ----------
    image, background : ndarray
        The image with its background, and the background.
    mask : ndarray of int
    camera : Camera
    mesh : int
        Side of the squares that noise is measured in, pixels.

    Raises
    ------
    InputError
        As `sky_noise`.
    """
    light = np.where(np.isfinite(image), image - background, 0)
    mask = np.where(_sources(light, sky_noise(image, mask, mesh), mask), mask | 1, mask)
    light = np.maximum(light, 0, out=light)
    if camera.gain is not None and camera.read_noise is not None:
        level = np.maximum(np.where(np.isfinite(image), image, 0), 0)
        variance = (level + camera.read_noise**2 / camera.gain) / camera.gain
        scale = noise_scale(image - background, variance, mask)
        if abs(scale - 1) < BELIEVED:
            words = f"from gain and read noise, which blank sky exceeds by {scale:.4f} times"
            return Noise((variance * scale**2).astype(np.float32), words)
    near, far = (sky_noise(image, mask, mesh, apart) for apart in (1, APART))
    correlated = np.median(far) > 1.1 * np.median(near)
    sky = far if correlated else near
    words = f"measured on blank sky, median {np.median(sky):.5g}"
    words += ", that of neighbours is correlated" if correlated else ""
    if camera.gain is None:
        return Noise(np.square(sky), f"{words}; no gain is known: sources add none")
    return Noise(np.square(sky) + (light / camera.gain).astype(np.float32), f"{words}, and gain")


def _sources(image, noise, mask):
    """Pixels of sources and beside them: the mean of nine is above three times its noise."""
    means = ndimage.uniform_filter(image, 3)
    means /= noise
    known = means[mask == 0]
    bright = means > 3 * mad_std(known[:: 1 + len(known) // 200_000])
    found = ndimage.maximum_filter(bright, 5)
    # where all is bright, as in a nebula, the faintest of it has to do
    return found if found.mean() < 0.9 else np.zeros_like(found)


def image_mask(image, saturation):
    """Mask of an image: NO_DATA beyond its sky, BAD in holes of it, SATURATED.

    Beyond the sky are pixels without a value that reach the border, or zeros, many together.
    """
    empty = ~np.isfinite(image)
    mask = np.where(empty, bit_value("BAD"), 0).astype(DTYPE)
    # an image of few counts is zero all over
    zeros = (image == 0) & (np.mean(image == 0) < 0.5)
    for outside, least in ((empty, 1), (zeros, LEAST_ZEROS)):
        if np.count_nonzero(outside) >= least:
            labels, _ = ndimage.label(outside)
            border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
            large = np.flatnonzero(np.bincount(labels.ravel()) >= least)
            found = np.intersect1d(border, large)
            mask[np.isin(labels, found[found > 0])] = bit_value("NO_DATA")
    if saturation is not None:
        with np.errstate(invalid="ignore"):
            mask[image >= saturation] |= bit_value("SATURATED")
    return mask


def check_units(images):
    """Refuse images of different units.

    Parameters
    ----------
    images : iterable of (str, str or None)
        Name and unit; without a unit it may be any.

    Raises
    ------
    InputError
    """
    known = [(name, unit) for name, unit in images if unit is not None]
    for name, unit in known[1:]:
        if unit != known[0][1]:
            raise InputError(
                f"{name}: in units of {unit} (BUNIT), {known[0][0]} of {known[0][1]}; allowed: "
                "images in one unit"
            )
