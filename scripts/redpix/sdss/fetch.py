"""Fetch the frames and survey masks of one field, verify and unpack them.

If a field cannot be fetched, the job succeeds: the status file holds the reason, and the workflow
leaves the field out. Files that were fetched and verified are not fetched again.
"""

import json
from pathlib import Path

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic, write_json
from redpix.core.exceptions import InputError
from redpix.core.field_name import parse_field
from redpix.core.job import log
from redpix.image.wcs import frame_wcs
from redpix.io.fits_writing import write_fits
from redpix.io.whole_fits import open_whole
from redpix.sdss.archive import archive_of
from redpix.sdss.frames import check_frame, check_scale, frame_path, mask_path, mask_spans


def fetch_frames(
    status, masks, source, release, bands, with_masks, folder, field, retries, timeout
):
    """Fetch the frames and survey masks of a field.

    Parameters
    ----------
    status : str
        JSON file to write: field, delivered, reason, and the origin of each frame.
    masks : str
        FITS file to write: the table of masked spans of all bands.
    source : str
        Archive: a URL, or the path of a folder.
    release : str
        Data release, such as ``dr17``.
    bands : list of str
        Bands to fetch.
    with_masks : bool
        Whether the survey masks are fetched.
    folder : str
        Folder of the fetched frames.
    field : str
        Name of the field, ``run-camcol-field``.
    retries : int
        Number of attempts after the first one fails.
    timeout : float
        Seconds without a byte after which an attempt fails.

    Raises
    ------
    InputError
        If the name of the field is invalid.
    """
    archive, field = archive_of(source, retries, timeout), parse_field(field)
    try:
        frames, spans = fetch_field(archive, field, bands, release, Path(folder), with_masks)
        content = {"field": str(field), "delivered": True, "reason": "", "frames": frames}
    except InputError as error:
        log.warning("field %s is left out: %s", field, error)
        content = {"field": str(field), "delivered": False, "reason": str(error), "frames": {}}
        spans = dict.fromkeys(bands)
    write_masks(masks, spans, bands)
    write_json(status, content)


def fetch_field(archive, field, bands, release, folder, with_masks):
    """Fetch all bands of a field.

    Parameters
    ----------
    archive : redpix.sdss.archive.Archive
        Where the files come from.
    field : redpix.core.field_name.Field
        Run, camera column and number.
    bands : list of str
        Bands to fetch.
    release : str
        Data release.
    folder : Path
        Folder of the fetched frames.
    with_masks : bool
        Whether the survey masks are fetched.

    Returns
    -------
    frames : dict of str to dict
        Origin and size of each band's frame.
    spans : dict of str to ndarray or None
        Masked spans of each band as from `redpix.sdss.frames.mask_spans`; None without a mask.

    Raises
    ------
    InputError
        If a frame cannot be fetched or is refused.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / "manifest.json"
    manifest = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    for band in bands:
        location = archive.locate(frame_path(release, field, band), f"{field}-{band}.fits")
        check = verified_frame(field, band)
        fetch_file(archive, location, folder / f"{band}.fits", check, manifest)
    spans = dict.fromkeys(bands)
    if with_masks:
        for band in bands:
            spans[band] = fetch_spans(archive, folder, field, band, release, manifest)
    return {band: manifest[f"{band}.fits"] for band in bands}, spans


def verified_frame(field, band):
    """Return a check that refuses every file except one frame.

    Parameters
    ----------
    field : redpix.core.field_name.Field
        Run, camera column and number.
    band : str
        One of u, g, r, i, z.

    Returns
    -------
    callable
        Takes the path of an unpacked file and raises InputError.
    """

    def check(path):
        with open_whole(path, "a frame", name=False) as hdus:
            check_frame(hdus, field, band)
            check_scale(frame_wcs(hdus[0].header))

    return check


def fetch_file(archive, location, target, check, manifest, required=True):
    """Fetch one file unless it is here already and came from the same place.

    Parameters
    ----------
    archive : redpix.sdss.archive.Archive
        Where the file comes from.
    location : redpix.sdss.archive.Location
        Location of the file in the archive.
    target : Path
        File to write.
    check : callable
        Takes the path of the unpacked file and raises InputError to refuse it.
    manifest : dict
        Origin of each fetched file by its name. It is updated and written beside the target.
    required : bool, optional
        Whether a missing file is an error.

    Returns
    -------
    bool
        False if the file is missing and not required.
    """
    earlier = manifest.get(target.name)
    if earlier and target.exists() and earlier == origin(location, target):
        log.info("%s: already here, from %s", target, location.url)
        return True
    if not archive.fetch(location, target, check, required):
        return False
    manifest[target.name] = origin(location, target)
    write_json(target.with_name("manifest.json"), manifest)
    return True


def origin(location, path):
    """Return the entry of a fetched file in the manifest: its origin and its size here.

    Parameters
    ----------
    location : redpix.sdss.archive.Location
        Location of the file in the archive.
    path : Path
        The fetched, unpacked file.

    Returns
    -------
    dict
        As of `Location.identity`, and unpacked_bytes.
    """
    return {**location.identity(), "unpacked_bytes": path.stat().st_size}


def fetch_spans(archive, folder, field, band, release, manifest):
    """Fetch the survey's mask of one frame and return its spans.

    A frame is useful without its mask, so a mask that is damaged or refused leads to a warning.

    Parameters
    ----------
    archive : redpix.sdss.archive.Archive
        Where the mask comes from.
    folder : Path
        Folder of the fetched files.
    field : redpix.core.field_name.Field
        Run, camera column and number.
    band : str
        One of u, g, r, i, z.
    release : str
        Data release.
    manifest : dict
        As for `fetch_file`.

    Returns
    -------
    ndarray or None
        As from `redpix.sdss.frames.mask_spans`; None without a usable mask.
    """
    path = folder / f"{band}.fpM.fits"
    location = archive.locate(mask_path(release, field, band), required=False)
    try:
        if location is None or not fetch_file(
            archive, location, path, lambda _: None, manifest, required=False
        ):
            log.info("%s-%s: the archive has no survey mask (fpM)", field, band)
            return None
        with open_whole(path, "a survey mask (fpM)", name=False) as hdus:
            spans = mask_spans(hdus)
    except InputError as error:
        path.unlink(missing_ok=True)
        log.warning("%s-%s: its survey mask (fpM) cannot be used: %s", field, band, error)
        return None
    log.info("%s-%s: %d masked spans from %s", field, band, len(spans), location.url)
    return spans


def write_masks(path, spans, bands):
    """Write one table of masked spans for all bands.

    Parameters
    ----------
    path : str
        FITS file to write. Its cards MASK<band> say which bands have a mask.
    spans : dict of str to ndarray or None
        As from `fetch_field`.
    bands : list of str
        All bands of the field.
    """
    masked = [band for band in bands if spans[band] is not None]
    rows = np.concatenate([np.empty((0, 4), np.int32)] + [spans[band] for band in masked])
    width = max(map(len, bands))
    names = np.repeat(masked, [len(spans[band]) for band in masked]).astype(f"U{width}")
    columns = [fits.Column("BAND", f"{width}A", array=names)]
    for name, values in zip(("BIT", "ROW", "FIRST", "LAST"), rows.T, strict=True):
        columns.append(fits.Column(name, "J", array=values))
    table = fits.BinTableHDU.from_columns(columns, name="SPANS")
    for band in (band for band in bands if len(band) == 1):  # a card has room for these
        table.header[f"MASK{band}"] = (band in masked, f"the archive has a survey mask in {band}")
    table.header["COMMENT"] = "ROW, FIRST and LAST count from 0; LAST is inclusive."
    with atomic(path) as temporary:
        write_fits(temporary, table)
