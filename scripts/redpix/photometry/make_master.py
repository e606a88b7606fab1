"""Make one master calibration frame of a night from its raw frames."""

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.photometry.master_frames import clipped_mean, master_flat, scaled_dark
from redpix.photometry.raw_image import read_raw


def make_master(frames, masters, master, kind, exposure, factor):
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

    Raises
    ------
    InputError
        If a frame cannot be read, has another shape, or is a flat without light.
    """
    needed = [fits.getdata(path) for path in masters]
    raws, headers = [], []
    for path in frames:
        raw = read_raw(path)
        for remark in raw.remarks:
            log.info("%s: %s", path, remark)
        if raws and raw.pixels.shape != raws[0].shape:
            raise InputError(f"{path}: shape {raw.pixels.shape}; allowed: {raws[0].shape}")
        raws.append(np.asarray(raw.pixels, np.float32))
        headers.append(raw.header)
    try:
        if kind == "scaled dark":
            pixels = scaled_dark(*needed, factor)
        elif kind == "flat":
            pixels = master_flat(raws, *needed)
        else:
            pixels = clipped_mean(raws)
    except InputError as error:
        raise InputError(f"{master}: {error}") from None
    header = _header(headers, kind, exposure, frames, masters)
    with atomic(master) as temporary:
        fits.PrimaryHDU(pixels, header).writeto(temporary)
    log.info(
        "%d frames -> %s: %s, median %.4g, scatter of the pixels %.3g",
        len(frames),
        master,
        kind,
        np.nanmedian(pixels),
        np.nanstd(pixels),
    )


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
        header.add_history(path)
    return header
