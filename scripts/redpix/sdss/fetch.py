"""Fetch one field's frames and survey masks, verify them, unpack them.

A field that cannot be had is no failure of this job: the status file says why, and the
workflow leaves the field out. What was fetched and verified once is not fetched again.
"""

import json
from pathlib import Path

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic, missing_bytes, write_text
from redpix.core.exceptions import InputError
from redpix.core.field_name import parse_field
from redpix.core.job import log
from redpix.image.wcs import frame_wcs
from redpix.sdss import archive
from redpix.sdss.frames import check_frame, frame_path, mask_path, mask_spans


def verified_frame(field, band):
    """A function that opens an unpacked file and refuses it if it is not that frame."""

    def check(path):
        try:
            with fits.open(path, memmap=False) as hdus:
                check_frame(hdus, field, band)
                frame_wcs(hdus[0].header)
                missing = missing_bytes(hdus[-1], path)
                if missing > 0:
                    raise InputError(f"truncated, {missing} bytes are missing")
        except InputError:
            raise
        except Exception as error:  # astropy raises many kinds on a damaged file
            raise InputError(f"does not open as FITS ({type(error).__name__}: {error})") from None

    return check


def fetch_file(door, location, target, check, manifest, required=True):
    """Bring one file here unless it came from the same place before; False if there is none."""
    known = manifest.get(target.name)
    if known and target.exists() and known == entry(location, target):
        log.info("%s: already here, from %s", target, location.url)
        return True
    if not door.fetch(location, target, check, required):
        return False
    manifest[target.name] = entry(location, target)
    write_text(target.with_name("manifest.json"), json.dumps(manifest, indent=1))
    return True


def entry(location, path):
    """What the manifest says of a file: where it came from, and its size here."""
    return {**location.identity(), "unpacked_bytes": path.stat().st_size}


def fetch_spans(door, folder, field, band, release, manifest):
    """Spans of the survey's mask of one frame, or None where none can be had.

    A frame is of use without its mask: a mask that is damaged or refused costs a warning only.
    """
    path = folder / f"{band}.fpM.fits"
    location = door.locate(mask_path(release, field, band), required=False)
    try:
        if location is None or not fetch_file(
            door, location, path, lambda _: None, manifest, required=False
        ):
            log.info("%s-%s: the archive has no survey mask (fpM)", field, band)
            return None
        with fits.open(path, memmap=False) as hdus:
            spans = mask_spans(hdus)
    except (OSError, InputError) as error:
        path.unlink(missing_ok=True)
        log.warning("%s-%s: its survey mask (fpM) cannot be used: %s", field, band, error)
        return None
    log.info("%s-%s: %d masked spans from %s", field, band, len(spans), location.url)
    return spans


def write_masks(path, spans, bands):
    """One table of masked spans for all bands; card MASK<band> says whether there was a mask."""
    known = [band for band in bands if spans[band] is not None]
    rows = np.concatenate([np.empty((0, 4), np.int32), *(spans[band] for band in known)])
    names = np.repeat(known, [len(spans[band]) for band in known]).astype("U1")
    columns = [fits.Column("BAND", "1A", array=names)]
    for name, values in zip(("BIT", "ROW", "FIRST", "LAST"), rows.T, strict=True):
        columns.append(fits.Column(name, "J", array=values))
    table = fits.BinTableHDU.from_columns(columns, name="SPANS")
    for band in bands:
        table.header[f"MASK{band}"] = (band in known, f"the archive has a survey mask in {band}")
    table.header["COMMENT"] = "ROW, FIRST and LAST count from 0; LAST is inclusive."
    with atomic(path) as temporary:
        table.writeto(temporary)


def fetch_field(door, field, bands, release, folder, masks):
    """Fetch all bands of a field; returns where they came from and the mask spans a band."""
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / "manifest.json"
    manifest = json.loads(record.read_text()) if record.exists() else {}
    for band in bands:
        location = door.locate(frame_path(release, field, band), f"{field}-{band}.fits")
        check = verified_frame(field, band)
        fetch_file(door, location, folder / f"{band}.fits", check, manifest)
    spans = {
        band: fetch_spans(door, folder, field, band, release, manifest) if masks else None
        for band in bands
    }
    return {band: manifest[f"{band}.fits"] for band in bands}, spans


def main(snakemake):
    params, door = snakemake.params, archive.door_of(snakemake)
    field = parse_field(snakemake.wildcards.field)
    folder = Path(params.folder)
    try:
        frames, spans = fetch_field(door, field, params.bands, params.release, folder, params.masks)
        status = {"field": str(field), "delivered": True, "reason": "", "frames": frames}
    except InputError as error:
        log.warning("field %s is left out: %s", field, error)
        status = {"field": str(field), "delivered": False, "reason": str(error), "frames": {}}
        spans = dict.fromkeys(params.bands)
    write_masks(snakemake.output.masks, spans, params.bands)
    write_text(snakemake.output.status, json.dumps(status, indent=1) + "\n")
