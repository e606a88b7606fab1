"""Name, locate and check SDSS frames, and read their survey masks (fpM)."""

import numpy as np

from redpix.core.exceptions import InputError
from redpix.image.masks import BITS

#: rows and columns of every frame
SHAPE = (1489, 2048)

#: side of a pixel, arcsec
PIXEL = 0.396

#: planes of the survey's fpM masks that qualify a pixel's value, with the bits of our masks
PLANES = {
    "INTERP": "INTERPOLATED",
    "SATUR": "SATURATED",
    "NOTCHECKED": "NOT_CHECKED",
    "GHOST": "GHOST",
    "CR": "COSMIC_RAY",
}


def imaging_folder(release):
    """Return the folder of the imaging data below the archive's root.

    The folders are those of astroquery (`astroquery.sdss.SDSSClass.get_images_async`).

    Parameters
    ----------
    release : str
        Data release, from ``dr8`` on.

    Returns
    -------
    str
        ``dr12/boss``, ``dr17/eboss`` or ``dr18/prior-surveys/sdss4-dr17-eboss``.
    """
    number = int(release.removeprefix("dr"))
    if number < 13:
        return f"{release}/boss"
    return f"{release}/eboss" if number < 18 else f"{release}/prior-surveys/sdss4-dr17-eboss"


def frame_path(release, field, band):
    """Return the path of a frame below the archive's root.

    Parameters
    ----------
    release : str
        Data release, such as ``dr17``.
    field : redpix.core.field_name.Field
        Run, camera column and number.
    band : str
        One of u, g, r, i, z.

    Returns
    -------
    str
        ``dr17/eboss/photoObj/frames/301/...``
    """
    run, camcol, number = field
    return (
        f"{imaging_folder(release)}/photoObj/frames/301/{run}/{camcol}/"
        f"frame-{band}-{run:06d}-{camcol}-{number:04d}.fits.bz2"
    )


def mask_path(release, field, band):
    """Return the path of a frame's survey mask (fpM) below the archive's root.

    Parameters
    ----------
    release : str
        Data release, such as ``dr17``.
    field : redpix.core.field_name.Field
        Run, camera column and number.
    band : str
        One of u, g, r, i, z.

    Returns
    -------
    str
        ``dr17/eboss/photo/redux/301/...``
    """
    run, camcol, number = field
    return (
        f"{imaging_folder(release)}/photo/redux/301/{run}/objcs/{camcol}/"
        f"fpM-{run:06d}-{band}{camcol}-{number:04d}.fit.gz"
    )


def check_frame(hdus, field, band):
    """Refuse a file that is not the complete frame that its name promises.

    Parameters
    ----------
    hdus : sequence of astropy HDUs
        The opened file.
    field : redpix.core.field_name.Field
        Field that the name of the file states.
    band : str
        One of u, g, r, i, z.

    Raises
    ------
    InputError
        The message names the fault. The caller adds the name of the file.
    """
    if len(hdus) != 4:
        raise InputError(f"{len(hdus)} HDUs where a frame has 4")
    if hdus[0].shape != SHAPE:
        raise InputError(f"image of shape {hdus[0].shape} where a frame has {SHAPE}")
    if hdus[1].shape != SHAPE[1:]:
        raise InputError(f"calibration vector of shape {hdus[1].shape}, not {SHAPE[1:]}")
    if not np.isfinite(hdus[0].data).any():
        raise InputError("the image holds no number")
    if not np.all(np.isfinite(hdus[1].data) & (hdus[1].data > 0)):
        raise InputError("the calibration vector is not positive everywhere")
    sky = hdus[2].data
    if sky is None or len(sky) != 1 or not {"ALLSKY", "XINTERP", "YINTERP"} <= set(sky.names):
        raise InputError("HDU 2 is not the sky table (ALLSKY, XINTERP, YINTERP in one row)")
    if (sky["YINTERP"].shape[1], sky["XINTERP"].shape[1]) != SHAPE:
        raise InputError("the sky table's XINTERP and YINTERP do not fit the image")
    if sky["ALLSKY"].ndim != 3:
        raise InputError("the sky table's ALLSKY is not an image")
    for name in ("ALLSKY", "XINTERP", "YINTERP"):
        if not np.isfinite(sky[name]).all():
            raise InputError(f"the sky table's {name} is not finite everywhere")
    header = hdus[0].header
    named = {"RUN": field.run, "CAMCOL": field.camcol, "FIELD": field.field, "FILTER": band}
    for key, expected in named.items():
        stated = header.get(key)
        if stated is None and key != "FIELD":
            raise InputError(f"header card {key} is missing, expected {expected}")
        # FIELD is often missing or 'NA' on real frames
        unknown = key == "FIELD" and (stated is None or str(stated).strip() == "NA")
        if not unknown and str(stated).strip() != str(expected):
            raise InputError(f"header says {key} = {stated}, its name says {expected}")


def check_scale(wcs):
    """Refuse a WCS whose pixels are not those of the survey's camera.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        WCS of a frame.

    Raises
    ------
    InputError
        If a side of a pixel differs from `PIXEL`, or the axes are not perpendicular.
    """
    from redpix.image.wcs import pixel_area  # slow; the plan of a run needs only the paths

    sides = 3600 * np.hypot(*wcs.pixel_scale_matrix)
    square = 3600**2 * pixel_area(wcs) > 0.98 * sides.prod()
    if not (square and np.all(abs(sides / PIXEL - 1) < 0.05)):
        raise InputError(
            f"WCS with pixels of {sides[0]:.3g} x {sides[1]:.3g} arcsec"
            f"{'' if square else ', not square'}; allowed: {PIXEL} x {PIXEL}"
        )


def mask_spans(hdus):
    """Return the masked runs of pixels of a survey mask (fpM).

    HDU k+1 holds plane k; the last HDU names the planes. Each row of a plane is an object of
    `nspan` spans with six bytes per span. They are row, first column and last column as big-endian
    uint16.

    Parameters
    ----------
    hdus : sequence of astropy HDUs
        The opened file.

    Returns
    -------
    ndarray, shape (n, 4), int32
        Bit, row, first column, last column. Pixels are 0-based; the last column is inclusive.

    Raises
    ------
    InputError
        If the file is not a survey mask, or a span leaves the frame.
    """
    try:
        planes = {
            str(row["attributeName"]).strip(): int(row["Value"])
            for row in hdus[-1].data
            if str(row["defName"]).strip() == "S_MASKTYPE"
        }
        rows = [np.empty((0, 4), np.int32)]
        for plane, bit_name in PLANES.items():
            spans = _plane_spans(hdus[planes[f"S_MASK_{plane}"] + 1].data, plane)
            bits = np.full((len(spans), 1), BITS[bit_name], np.int32)
            rows.append(np.hstack([bits, spans]))
    except (LookupError, TypeError, AttributeError) as error:
        raise InputError(f"not a survey mask (fpM): {error}") from None
    return np.concatenate(rows)


def _plane_spans(table, plane):
    """Return row, first and last column of the spans of one plane, shape (n, 3)."""
    rows, pixels = [np.empty((0, 3), np.int32)], 0
    for row in table if table is not None else ():
        spans, count = np.asarray(row["s"], np.uint8).ravel(), int(row["nspan"])
        if not 0 <= 6 * count <= len(spans):
            raise InputError(f"plane {plane} of the survey mask has {count} spans where fewer are")
        spans = spans[: 6 * count].view(">u2").reshape(-1, 3).astype(np.int32)
        # an object at the edge of the frame may have a span from column -1, written as 65535
        spans[spans[:, 2] == 65535, 2] = 0
        y, first, last = spans.T
        if np.any((y >= SHAPE[0]) | (first > last) | (last >= SHAPE[1])):
            raise InputError("a span of the survey mask leaves the frame")
        # a small file may repeat its spans without end
        pixels += int((last - first + 1).sum())
        if pixels > SHAPE[0] * SHAPE[1]:
            raise InputError(f"plane {plane} of the survey mask covers more than the frame")
        rows.append(spans)
    return np.concatenate(rows)


def masked_pixels(spans):
    """Return the pixels that spans cover.

    Parameters
    ----------
    spans : ndarray, shape (n, 4), int
        Result of `mask_spans`.

    Returns
    -------
    bit, y, x : ndarray, shape (m,)
        Bit, 0-based row and 0-based column of each covered pixel. A pixel that several spans
        cover is listed several times.
    """
    bit, row, first, last = np.asarray(spans).T
    lengths = last - first + 1
    starts = np.cumsum(lengths) - lengths
    x = np.arange(lengths.sum()) - np.repeat(starts - first, lengths)
    return np.repeat(bit, lengths), np.repeat(row, lengths), x
