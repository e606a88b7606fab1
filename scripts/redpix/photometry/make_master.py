"""Make one master calibration frame of a night from its raw frames."""

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.io.fits_writing import write_fits
from redpix.io.header_values import card_text
from redpix.photometry.master_frames import clipped_mean, master_flat, scaled_dark
from redpix.photometry.planes_file import reason_left_out, write_reason
from redpix.photometry.raw_image import read_raw

#: share of saturated pixels from which a flat is not used
MOST_SATURATED = 0.1

#: smallest count at which a camera saturates, that of 12 bits
LEAST_SATURATION = 4095


def make_or_leave_out(frames, masters, master, kind, exposure, factor, mosaic=()):
    """Combine raw frames into a master; without a usable frame, write why it is left out.

    Lights that would take the master are then measured without it, and the night goes on.

    Parameters
    ----------
    frames, masters : list of str
        As of `make_master`.
    master : str
        FITS file to write. Of a master that is left out, it has a header only, with the card
        LEFTOUT.
    kind : {"bias", "dark", "scaled dark", "flat"}
        As of `make_master`.
    exposure, factor, mosaic : object
        As of `make_master`.
    """
    usable = [path for path in masters if reason_left_out(path) is None]
    try:
        for path in masters:
            if path not in usable and kind == "scaled dark":
                raise InputError(f"{path}: left out, so that nothing can be scaled")
            if path not in usable:
                log.warning("%s: made without %s, which is left out", master, path)
        make_master(frames, usable, master, kind, exposure, factor, mosaic)
    except InputError as error:
        log.warning("%s: left out: %s", master, error)
        write_reason(master, str(error))


def make_master(frames, masters, master, kind, exposure, factor, mosaic=()):
    """Combine raw frames into a master.

    Parameters
    ----------
    frames : list of str
        Raw bias, dark or flat frames.
    masters : list of str
        Masters that are needed first: of a scaled dark its dark and its bias, of a flat its dark,
        if it has one.
    master : str
        FITS file to write.
    kind : {"bias", "dark", "scaled dark", "flat"}
        Kind of the master.
    exposure : float or None
        Exposure time of the frames, seconds.
    factor : float
        Of a scaled dark: exposure time of the light over that of the dark.
    mosaic : sequence of (str, str or int)
        Cards of the mosaic of a colour camera, which the master gets.

    Raises
    ------
    InputError
        If no frame can be used.
    """
    needed = [fits.getdata(path) for path in masters]
    used, raws, headers = read_frames(
        frames, needed[0] if kind == "flat" and needed else None, kind
    )
    try:
        if kind == "scaled dark":
            pixels = scaled_dark(*needed, factor)
        elif kind == "flat":
            pixels = master_flat(raws, *needed, colours=bool(mosaic))
        else:
            pixels = clipped_mean(raws)
    except InputError as error:
        raise InputError(f"{master}: {error}") from None
    header = _header(headers, kind, exposure, used, masters)
    header.update(dict(mosaic))
    with atomic(master) as temporary:
        write_fits(temporary, fits.PrimaryHDU(pixels, header))
    log.info(
        "%d frames -> %s: %s, median %.4g, scatter of the pixels %.3g",
        len(used),
        master,
        kind,
        np.nanmedian(pixels),
        np.nanstd(pixels),
    )


def read_frames(frames, dark, kind):
    """Return the frames that can be used; the others are named and left out.

    Parameters
    ----------
    frames : list of str
        Raw frames.
    dark : ndarray or None
        Master that is subtracted from flats.
    kind : {"bias", "dark", "scaled dark", "flat"}
        Kind of the master.

    Returns
    -------
    used : list of str
    raws : list of ndarray, float32
        Counts.
    headers : list of astropy.io.fits.Header

    Raises
    ------
    InputError
        If frames are given and none of them can be used.
    """
    used, raws, headers = [], [], []
    for path in frames:
        try:
            raw = read_raw(path)
            if raws and raw.pixels.shape != raws[0].shape:
                raise InputError(f"{path}: shape {raw.pixels.shape}; allowed: {raws[0].shape}")
            if kind == "flat":
                refuse_flat(path, raw.pixels, dark)
        except InputError as error:
            log.warning("left out: %s", error)
            continue
        for remark in raw.remarks:
            log.info("%s: %s", path, remark)
        used.append(path)
        raws.append(np.asarray(raw.pixels, np.float32))
        headers.append(raw.header)
    if frames and not used:
        raise InputError(f"{frames[0]}: none of the {len(frames)} {kind} frames can be used")
    return used, raws, headers


def refuse_flat(path, pixels, dark):
    """Refuse a flat without light, or with more than a tenth of its pixels saturated.

    Parameters
    ----------
    path : str
        Path of the file.
    pixels : ndarray
        Counts.
    dark : ndarray or None
        Master that is subtracted from it.

    Raises
    ------
    InputError
        One line that begins with the path.
    """
    median = np.nanmedian(pixels if dark is None else pixels - dark)
    if not median > 0:
        raise InputError(f"{path}: a flat without light, median {median:.1f} counts above its dark")
    highest = np.nanmax(pixels)
    share = np.mean(pixels == highest)
    if highest >= LEAST_SATURATION and share > MOST_SATURATED:
        raise InputError(f"{path}: {100 * share:.0f} % of the pixels of this flat are saturated")


def _header(headers, kind, exposure, frames, masters):
    """Return the cards of a master: camera, filter, what it was made from."""
    header = fits.Header()
    for card in ("INSTRUME", "TELESCOP", "FILTER", "XBINNING", "YBINNING", "READOUTM", "CCD-TEMP"):
        if headers and card in headers[0]:
            header[card] = headers[0][card]
    header["IMAGETYP"] = (f"Master {kind}", "made by redpix")
    header["BUNIT"] = "" if kind == "flat" else headers[0].get("BUNIT", "adu") if headers else "adu"
    if exposure is not None:
        header["EXPTIME"] = (exposure, "[s]")
    header["NCOMBINE"] = (len(frames), "number of raw frames")
    for path in (*frames, *masters):
        header.add_history(card_text(path))
    return header
