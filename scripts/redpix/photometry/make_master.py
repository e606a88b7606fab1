"""Make one master calibration frame of a night from its raw frames."""

from pathlib import Path

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.io.fits_writing import write_fits
from redpix.io.header_values import card_text
from redpix.io.sections import parse_section
from redpix.photometry.master_frames import clipped_mean, master_flat, scaled_dark
from redpix.photometry.planes_file import reason_left_out, write_reason
from redpix.photometry.raw_image import read_raw

#: share of saturated pixels from which a flat is not used
MOST_SATURATED = 0.1

#: smallest count at which a camera saturates, that of 12 bits
LEAST_SATURATION = 4095


def make_or_leave_out(frames, masters, master, kind, exposure, factor, mosaic=(), **parts):
    """Combine raw frames into a master; without a usable frame, write why it is left out.

    Lights that would take the master are then measured without it, and the night goes on.

    Parameters
    ----------
    frames, masters : list of str
        As of `make_master`.
    master : str
        FITS file to write. Of a master that is left out, it has a header only, with the card
        LEFTOUT.
    kind : {"bias", "dark", "scaled dark", "flat", "window"}
        As of `make_master`.
    exposure, factor, mosaic : object
        As of `make_master`.
    **parts : object
        ``frame_darks`` and ``section`` of `make_master`.
    """
    usable = [path for path in masters if reason_left_out(path) is None]
    try:
        for path in masters:
            if path not in usable and kind in ("scaled dark", "window"):
                done = "scaled" if kind == "scaled dark" else "cut from it"
                raise InputError(f"{path}: left out, so that nothing can be {done}")
            if path not in usable:
                log.warning("%s: made without %s, which is left out", master, path)
        make_master(frames, usable, master, kind, exposure, factor, mosaic, **parts)
    except InputError as error:
        log.warning("%s: left out: %s", master, error)
        write_reason(master, str(error))


def make_master(
    frames, masters, master, kind, exposure, factor, mosaic=(), frame_darks=(), section=""
):
    """Combine raw frames into a master.

    Parameters
    ----------
    frames : list of str
        Raw bias, dark or flat frames.
    masters : list of str
        Masters that are needed first: of a scaled dark its dark and its bias, of a flat its dark
        or darks, if it has one, of a window the whole frame.
    master : str
        FITS file to write.
    kind : {"bias", "dark", "scaled dark", "flat", "window"}
        Kind of the master.
    exposure : float or None
        Exposure time of the frames, seconds.
    factor : float
        Of a scaled dark: exposure time of the light over that of the dark.
    mosaic : sequence of (str, str or int)
        Cards of the mosaic of a colour camera, which the master gets.
    frame_darks : sequence of str
        Name of the dark of each flat, where they differ.
    section : str
        Of a window: its pixels in the whole frame.

    Raises
    ------
    InputError
        If no frame can be used.
    """
    needed = {Path(path).stem: fits.getdata(path) for path in masters}
    darks = _darks_of(frames, frame_darks, needed) if kind == "flat" else {}
    used, raws, headers = read_frames(frames, darks, kind)
    try:
        if kind == "scaled dark":
            pixels = scaled_dark(*needed.values(), factor)
        elif kind == "window":
            (whole,) = needed.values()
            pixels = whole[parse_section(section).slices]
            headers = [fits.getheader(masters[0])]
        elif kind == "flat":
            pixels = master_flat(raws, [darks[path] for path in used], colours=bool(mosaic))
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


def _darks_of(frames, names, needed):
    """Return the dark of each flat by path; None where it has none."""
    only = next(iter(needed.values()), None)
    if not names:
        return dict.fromkeys(frames, only)
    return {path: needed.get(name) for path, name in zip(frames, names, strict=True)}


def read_frames(frames, darks, kind):
    """Return the frames that can be used; the others are named and left out.

    Parameters
    ----------
    frames : list of str
        Raw frames.
    darks : dict of str to ndarray or None
        Masters that are subtracted from flats, by the path of the flat.
    kind : {"bias", "dark", "scaled dark", "flat", "window"}
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
                refuse_flat(path, raw.pixels, darks[path])
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
