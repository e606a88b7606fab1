"""Bring one field of a user's table of images to the form of frames: one scale, errors, masks.

A field with a fault is left out: the job succeeds, and the status file holds the reason.
"""

import json
import os
import re
import zlib
from itertools import combinations
from pathlib import Path

import numpy as np
from astropy.io import fits

from redpix.config.given_frame import GivenFrame
from redpix.core.atomic_files import atomic, link_or_copy, write_text
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.pixel_map import pixels_of_sky, sky_of_pixels
from redpix.image.wcs import is_tangent, kept_cards, wcs_cards
from redpix.io.fits_writing import write_fits
from redpix.io.header_values import card_text
from redpix.pixels.given_band import read_band
from redpix.pixels.given_planes import spans_of_mask
from redpix.pixels.given_psf import check_psf
from redpix.sdss.fetch import write_masks

#: maximum number of remarks in a header; the status file has all
MOST_REMARKS = 20

#: minimum share of the reference band's image that another shows, without a remark
LEAST_SHARE = 0.5

#: difference of zero points between bands that is remarked on, mag
MOST_APART = 5.0


def prepare_field(status, masks, rows, fault, bands, reference_band, folder, field):
    """Write the calibrated image and error map of each band of a field, its masks and its status.

    Parameters
    ----------
    status : str
        JSON file to write: field, delivered, reason, properties of each band, and the WCS of the
        reference band.
    masks : str
        FITS file to write: the table of masked spans of all bands.
    rows : dict of str to list
        Cells of the field's rows by band, in the order of
        `redpix.config.given_frame.GivenFrame`.
    fault : str or None
        Fault of the field in the table.
    bands : list of str
        Bands of the run.
    reference_band : str
        Band whose footprint is written.
    folder : str
        Folder of the images, ``<band>.fits``, and of the error maps, ``<band>.error.fits``.
    field : str
        Name of the field.
    """
    spans, content = dict.fromkeys(bands), {"field": field, "delivered": False, "frames": {}}
    try:
        if fault:
            raise InputError(fault)
        content |= _prepared(rows, bands, reference_band, Path(folder), spans)
        content |= {"delivered": True, "reason": ""}
    except InputError as error:
        reason = " ".join(str(error).split())
        log.warning("field %s is left out: %s", field, reason)
        content["reason"] = reason
        spans = dict.fromkeys(bands)
    write_masks(masks, spans, bands)
    write_text(status, json.dumps(content, indent=1) + "\n")


def _prepared(rows, bands, reference_band, folder, spans):
    """Write all bands of a field and return their part of the status."""
    about, footprints, sums = {}, {}, {}
    for band in bands:
        row = GivenFrame._make(rows[band])
        try:
            given = read_band(row)
            given.about["remarks"] += check_psf(row.psf)
        except InputError as error:
            raise InputError(f"band {band}: {error}") from None
        header = frame_header(given, band)
        for name, plane in ((f"{band}.fits", given.image), (f"{band}.error.fits", given.error)):
            with atomic(folder / name) as temporary:
                hdu = fits.PrimaryHDU(plane, header)
                write_fits(temporary, hdu, output_verify="silentfix+ignore")
        spans[band] = spans_of_mask(given.mask)
        about[band] = given.about | {"image": row.image}
        footprints[band] = (given.wcs, given.image.shape)
        sums[band] = zlib.crc32(given.image)
        del given, plane  # before the next band is read
        log.info("%s: %s", band, about[band])
    _check_overlap(footprints)
    wcs, shape = footprints[reference_band]
    cards = wcs_cards(wcs).tostring(sep="\n")
    remarks = _far_zero_points(about) + _small_overlaps(footprints, reference_band)
    remarks += _same_pixels(sums)
    return {"frames": about, "remarks": remarks, "footprint": {"wcs": cards, "shape": shape}}


def frame_header(given, band):
    """Return the header of a band's calibrated image.

    Parameters
    ----------
    given : redpix.pixels.given_band.GivenBand
        The band.
    band : str
        Its name.

    Returns
    -------
    astropy.io.fits.Header
    """
    header = kept_cards(given.header)
    if not is_tangent(given.wcs):
        # the cards of distortions and other projections go where the WCS goes
        for key in [key for key in header if re.match(r"(LTM|LTV|WAT|WCSDIM|CTYPE)", key)]:
            header.remove(key, ignore_missing=True, remove_all=True)
    header.extend(wcs_cards(given.wcs), update=True)
    header["BAND"] = (band, "name in the table of frames")
    header["BUNIT"] = (given.about["unit"], "flux per pixel")
    header["ZPOINT"] = (given.about["zero_point"], "AB magnitude of one unit before")
    header["ZPFROM"] = (given.about["zero_point_from"][:60], "origin of the zero point")
    for key in [key for key in header if re.fullmatch(r"REMARK\d+", key)]:
        del header[key]
    for number, remark in enumerate(given.about["remarks"][:MOST_REMARKS], start=1):
        header[f"REMARK{number}"] = card_text(remark)
    return header


def _check_overlap(footprints):
    """Refuse bands that do not overlap."""
    for (band, one), (other, two) in combinations(footprints.items(), 2):
        if not (_touches(one, two) or _touches(two, one)):
            raise InputError(
                f"band {other}: its image does not overlap with that of band {band}; allowed: "
                "images of one field"
            )


def _touches(image, other_image):
    """Return whether a position of an image lies inside another; each is its WCS and shape."""
    return _share(image, other_image) > 0


def _share(image, other_image):
    """Return the share of an image that lies inside another; each is its WCS and shape."""
    (wcs, shape), (other, other_shape) = image, other_image
    rows, columns = (np.linspace(0, side - 1, 17) for side in shape)
    x, y = np.meshgrid(columns, rows)
    sky = sky_of_pixels(wcs, x.ravel(), y.ravel())
    u, v = pixels_of_sky(other, sky)
    return np.mean((u > 0) & (v > 0) & (u < other_shape[1] - 1) & (v < other_shape[0] - 1))


def _small_overlaps(footprints, reference_band):
    """Return a remark per band that shows little of the image of the reference band."""
    remarks = []
    for band, footprint in footprints.items():
        share = _share(footprints[reference_band], footprint)
        if share < LEAST_SHARE:
            remarks.append(
                f"the image of band {band} shows {100 * share:.0f} % of that of the reference band "
                f"{reference_band}; pixels outside of it have no value"
            )
            log.warning("%s", remarks[-1])
    return remarks


def _same_pixels(sums):
    """Return a remark per two bands whose images have the same pixels, by their checksums."""
    remarks = [
        f"the images of the bands {band} and {other} have the same pixels; check the column image"
        for (band, one), (other, two) in combinations(sums.items(), 2)
        if one == two
    ]
    for remark in remarks:
        log.warning("%s", remark)
    return remarks


def _far_zero_points(about):
    """Return a remark if the zero points of the bands differ much."""
    values = {band: one["zero_point"] for band, one in about.items()}
    low, high = min(values, key=values.get), max(values, key=values.get)
    if values[high] - values[low] < MOST_APART:
        return []
    remark = (
        f"zero points differ by {values[high] - values[low]:.1f} mag between the bands {low} "
        f"({values[low]:g}) and {high} ({values[high]:g})"
    )
    log.warning("%s", remark)
    return [remark]


def name_given(status, frames, errors, rows, bands, reference_band, folder, keep):
    """Give the images and error maps of a field their names in the results folder.

    Parameters
    ----------
    status : str
        JSON file of `prepare_field`.
    frames, errors : list of str
        FITS files to write, one per band.
    rows : dict of str to list
        As for `prepare_field`: files that were removed after use are made again.
    bands : list of str
        Bands in the order of the files.
    reference_band : str
        One of them.
    folder : str
        Folder of `prepare_field`.
    keep : bool
        Whether the files stay in their folder, too.

    Raises
    ------
    InputError
        If the field is left out, or a removed file cannot be made again.
    """
    content = json.loads(Path(status).read_text(encoding="utf-8"))
    if not content["delivered"]:
        raise InputError(f"field {content['field']}: {content['reason']}")
    ends = (".fits", frames), (".error.fits", errors)
    made = [Path(folder) / f"{band}{end}" for end, _ in ends for band in bands]
    missing = [path for path in made if not path.exists()]
    if missing:
        log.warning("%s: was removed after use; made again", missing[0])
        _prepared(rows, bands, reference_band, Path(folder), {})
    for end, outputs in ends:
        for band, output in zip(bands, map(Path, outputs), strict=True):
            path = Path(folder) / f"{band}{end}"
            output.unlink(missing_ok=True)
            if keep:
                link_or_copy(path, output)
            else:
                os.replace(path, output)
            log.info("%s -> %s", path, output)
