"""Raw CCD images: dark, flat, bad pixels, cosmic rays, noise and background.

Images are [y, x], in counts; masks hold the bits of `redpix.image.masks`.
"""

from typing import NamedTuple

import numpy as np
import sep
from astroscrappy import detect_cosmics

from redpix.core.exceptions import InputError
from redpix.image.masks import BITS, DTYPE, bit_value
from redpix.image.strips import strips

#: 16-bit integers below this value are counts above 32767 that overflowed
_WRAPPED = -1000

#: largest share of pixels that can have overflowed; with more, the counts have an offset
_MOST_WRAPPED = 0.2

#: cosmic-ray rejection of van Dokkum (2001): significance limit, fraction of that limit for
#: neighbouring pixels, contrast limit
_COSMIC = {"sigclip": 6.0, "sigfrac": 0.3, "objlim": 5.0}

#: rows beyond which pixels do not matter in two rounds of medians and growth, without the PSF
_COSMIC_MARGIN = 24


class CalibratedImage(NamedTuple):
    """An image free of dark and flat.

    Attributes
    ----------
    image : ndarray, shape (ny, nx), float64
        Counts at the sensitivity of the brightest (or the median) pixel of the flat; NaN in
        invalid pixels.
    mask : ndarray, shape (ny, nx), int16
        Bits of `redpix.image.masks`.
    flat : ndarray, shape (ny, nx), or None
        Normalised flat by which the image was divided.
    """

    image: np.ndarray
    mask: np.ndarray
    flat: np.ndarray | None


class Background(NamedTuple):
    """Sky of an image on its pixels.

    Attributes
    ----------
    level, rms : ndarray, shape (ny, nx), float32
        Mean and standard deviation of the sky's pixels, counts.
    """

    level: np.ndarray
    rms: np.ndarray


def as_numbers(raw):
    """Return an image of any number type and byte order in float64, with its overflowed pixels.

    16-bit integers below -1000 are taken for counts above 32767 that overflowed, because cameras do
    not read so far below zero.

    Parameters
    ----------
    raw : ndarray, shape (ny, nx)
        Image of any number type.

    Returns
    -------
    values : ndarray, float64, native byte order
    wrapped : ndarray of bool
        Pixels that overflowed.

    Raises
    ------
    InputError
        If the array is not a two-dimensional image of numbers.
    """
    raw = np.asarray(raw)
    if raw.ndim != 2 or raw.dtype.kind not in "iuf":
        raise InputError(
            f"{raw.ndim} dimensions of type {raw.dtype}; allowed: an image of numbers, two "
            "dimensions"
        )
    wrapped = np.zeros(raw.shape, bool)
    if raw.dtype.kind == "i" and raw.dtype.itemsize == 2:
        wrapped = raw < _WRAPPED
        if wrapped.mean() > _MOST_WRAPPED:  # counts with an offset
            wrapped = np.zeros(raw.shape, bool)
    return np.ascontiguousarray(raw, dtype=np.float64), wrapped


def normalised_flat(flat, how):
    """Return a flat field in units of its brightest pixel or its median.

    Parameters
    ----------
    flat : ndarray, shape (ny, nx)
        Flat field.
    how : {"maximum", "median"}
        Value of the flat that becomes 1.

    Returns
    -------
    ndarray, shape (ny, nx)
        NaN where the flat is not above 0.

    Raises
    ------
    InputError
        If less than half of the flat is above 0.
    """
    flat, _ = as_numbers(flat)
    usable = np.isfinite(flat) & (flat > 0)
    if usable.mean() < 0.5:
        raise InputError(
            f"{100 * usable.mean():.0f} % of the flat is above zero; allowed: at least half of it"
        )
    norm = {"maximum": np.max, "median": np.median}[how](flat[usable])
    return np.where(usable, flat / norm, np.nan)


def calibrate(raw, dark=None, flat=None, dark_factor=1.0, normalisation="maximum", saturation=None):
    """Return (raw - factor * dark) / flat with a mask of saturated and bad pixels.

    Parameters
    ----------
    raw, dark, flat : ndarray, shape (ny, nx)
        Images of any number type; dark and flat are optional.
    dark_factor : float
        Factor by which the dark is scaled: exposure time of the image over that of the dark.
    normalisation : {"maximum", "median"}
        Value of the flat that becomes 1.
    saturation : float, optional
        Counts of the raw image from which a pixel is saturated.

    Returns
    -------
    CalibratedImage

    Raises
    ------
    InputError
        If shapes differ, if less than half of the flat is usable, or if all pixels are invalid.
    """
    image, wrapped = as_numbers(raw)
    for name, other in (("dark", dark), ("flat", flat)):
        if other is not None and np.shape(other) != image.shape:
            raise InputError(
                f"the {name} has {' x '.join(map(str, np.shape(other)[::-1]))} pixels, the image "
                f"{image.shape[1]} x {image.shape[0]}; allowed: the same"
            )
    mask = np.zeros(image.shape, DTYPE)
    if saturation is not None:
        mask[image >= saturation] |= bit_value("SATURATED")
    mask[wrapped] |= bit_value("SATURATED")
    if dark is not None:
        dark, dark_wrapped = as_numbers(dark)
        image = image - dark_factor * dark
        mask[dark_wrapped] |= bit_value("BAD")
    if flat is not None:
        flat = normalised_flat(flat, normalisation)
        image = image / flat
    mask[~np.isfinite(image)] |= bit_value("BAD")
    if not np.isfinite(image).any():
        raise InputError("all pixels are NaN or infinite; allowed: an image with finite values")
    return CalibratedImage(image, mask, flat)


def hide(mask, hidden):
    """Give the pixels that a user's mask hides the bit NO_DATA, in place.

    Parameters
    ----------
    mask : ndarray of int, shape (ny, nx)
        Mask of the image, which is changed.
    hidden : ndarray of bool, shape (ny, nx)
        Pixels to hide.

    Raises
    ------
    InputError
        If shapes differ, or if every pixel is hidden or bad.
    """
    if hidden.shape != mask.shape:
        raise InputError(
            f"it has {hidden.shape[1]} x {hidden.shape[0]} pixels, the image "
            f"{mask.shape[1]} x {mask.shape[0]}; allowed: the same"
        )
    mask[hidden] |= bit_value("NO_DATA")
    if np.all(mask & bit_value("NO_DATA", "BAD")):
        raise InputError("it hides the whole image; allowed: one that leaves pixels to measure")


def background(image, mask, mesh):
    """Return the sky of an image, measured by `sep` from unmasked pixels.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts.
    mask : ndarray of int, shape (ny, nx)
        Pixels that are not 0 are left out.
    mesh : int
        Side of the squares in which the sky is measured, pixels.

    Returns
    -------
    Background
        The standard deviation is above 0.

    Raises
    ------
    InputError
        If the image has no noise.
    """
    values = np.where(np.isfinite(image), image, 0.0)
    hidden = (mask != 0) | ~np.isfinite(image)
    side = min(mesh, *image.shape)
    sky = sep.Background(values, mask=hidden, bw=side, bh=side, fw=3, fh=3)
    shown = image[~hidden]
    if not shown.size or shown.min() == shown.max():
        raise InputError("the sky has no noise; allowed: an image as a camera delivers it")
    rms = np.maximum(sky.rms(dtype=np.float32), np.float32(0.1 * sky.globalrms))
    return Background(sky.back(dtype=np.float32), rms)


def mark_cosmic_rays(image, mask, sky, gain, read_noise, fwhm):
    """Give pixels hit by cosmic rays the bit COSMIC_RAY, in place, after van Dokkum (2001).

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts, sky subtracted.
    mask : ndarray, int16, shape (ny, nx)
        Mask of the image, which is changed.
    sky : ndarray or float
        Subtracted sky, counts.
    gain : float
        Electrons per count.
    read_noise : float
        Electrons.
    fwhm : float
        FWHM of the stars, pixels. Below 2, a star is as sharp as a cosmic ray, and nothing is
        marked.

    Returns
    -------
    int
        Number of marked pixels.
    """
    if fwhm < 2:
        return 0
    settings = _COSMIC | {"gain": gain, "readnoise": read_noise, "psffwhm": fwhm}
    settings["psfsize"] = 2 * int(np.ceil(1.5 * fwhm)) + 1
    sky = np.broadcast_to(sky, image.shape)
    hits = []
    for _, wide, inner in strips(len(image), _COSMIC_MARGIN + settings["psfsize"]):
        valid = np.isfinite(image[wide])
        hit, _ = detect_cosmics(
            np.where(valid, image[wide] + sky[wide], sky[wide]).astype(np.float32),
            inmask=(mask[wide] != 0) | ~valid,
            satlevel=np.inf,
            fsmode="convolve",
            psfmodel="moffat",
            niter=2,
            **settings,
        )
        hits.append(hit[inner])
    hit = np.concatenate(hits)
    mask[hit] |= 1 << BITS["COSMIC_RAY"]
    return int(hit.sum())
