"""Fetch one field's frames and survey masks, verify them, unpack them.

A field that cannot be had is no failure of this job: the status file says why, and the
workflow leaves the field out. What was fetched and verified once is not fetched again.
"""

import json
from pathlib import Path

import archive
import numpy as np
from astropy.io import fits
from files import atomic, write_text
from job import job, log
from redpix.exceptions import InputError
from redpix.frames import check_frame, frame_path, mask_path, mask_spans, parse_field


def verified_frame(field, band):
    """A function that opens an unpacked file and refuses it if it is not that frame."""

    def check(path):
        try:
            with fits.open(path, memmap=False) as hdus:
                check_frame(hdus, field, band)
        except InputError:
            raise
        except Exception as error:  # astropy raises many kinds on a damaged file
            raise InputError(f"does not open as FITS ({type(error).__name__}: {error})") from None

    return check


def fetch_frame(door, folder, field, band, release, manifest):
    """Bring one frame to ``<folder>/<band>.fits``; returns its entry of the manifest."""
    target = folder / f"{band}.fits"
    location = door.locate(frame_path(release, field, band), f"{field}-{band}.fits")
    known = manifest.get(target.name)
    if known and target.exists() and known == {**location.identity(), **size(target)}:
        log.info("%s: already here, from %s", target, location.url)
        return known
    door.fetch(location, target, verified_frame(field, band))
    return {**location.identity(), **size(target)}


def fetch_spans(door, folder, field, band, release):
    """Spans of the survey's mask of one frame, or None where the archive has none."""
    path = folder / f"{band}.fpM.fits"
    location = door.locate(mask_path(release, field, band), required=False)
    if location is None or not door.fetch(location, path, lambda _: None, required=False):
        log.info("%s-%s: the archive has no survey mask (fpM)", field, band)
        return None
    try:
        with fits.open(path, memmap=False) as hdus:
            spans = mask_spans(hdus)
    except (OSError, InputError) as error:
        raise InputError(f"{location.url}: {error}") from None
    finally:
        path.unlink()
    log.info("%s-%s: %d masked spans from %s", field, band, len(spans), location.url)
    return spans


def size(path):
    return {"unpacked_bytes": path.stat().st_size}


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
    """Fetch all bands of a field; returns the manifest and the mask spans a band."""
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / "manifest.json"
    manifest = json.loads(record.read_text()) if record.exists() else {}
    for band in bands:
        manifest[f"{band}.fits"] = fetch_frame(door, folder, field, band, release, manifest)
        write_text(record, json.dumps(manifest, indent=1))
    spans = {
        band: fetch_spans(door, folder, field, band, release) if masks else None for band in bands
    }
    return manifest, spans


def main(snakemake):
    params = snakemake.params
    field = parse_field(snakemake.wildcards.field)
    patience = snakemake.resources
    door = archive.Door(params.source, patience.download_retries, patience.download_timeout)
    folder = Path(params.folder)
    try:
        manifest, spans = fetch_field(
            door, field, params.bands, params.release, folder, params.masks
        )
        status = {"field": str(field), "delivered": True, "reason": "", "frames": manifest}
    except InputError as error:
        log.warning("field %s is left out: %s", field, error)
        status = {"field": str(field), "delivered": False, "reason": str(error), "frames": {}}
        spans = dict.fromkeys(params.bands)
    write_masks(snakemake.output.masks, spans, params.bands)
    write_text(snakemake.output.status, json.dumps(status, indent=1) + "\n")


if "snakemake" in globals():
    with job(snakemake):
        main(snakemake)
