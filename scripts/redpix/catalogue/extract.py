"""Find a field's catalogue objects in each of its registered bands with SExtractor."""

import csv
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits

from redpix.catalogue.assoc import NO_OBJECT, assigned_objects, assoc_list
from redpix.catalogue.detection_image import prepare_combined
from redpix.core.atomic_files import atomic, link_or_copy
from redpix.core.job import log
from redpix.image.wcs import frame_wcs
from redpix.io.fits_writing import write_fits
from redpix.psf.sextractor import copied_settings, prepare, run_sextractor


def find_objects(
    images, matched, objects, catalogues, maps, field, bands, reference_band, **settings
):
    """Run SExtractor on every band of a field; write its catalogues and segmentation maps.

    Parameters
    ----------
    images : list of str
        Paths of the registered images, one per band, in which sources are detected.
    matched : list of str
        Paths of images to measure instead, with one PSF, one per band; or empty.
    objects : str
        Path of the object catalogue, objects.csv.
    catalogues, maps : list of str
        Paths of the tables and of the segmentation maps to write, one per band.
    field : str
        ``run-camcol-field``, or a name of a table of images.
    bands : sequence of str
        Bands, in the order of `images`.
    reference_band : str
        Band of the objects' magnitudes.
    **settings : dict
        ``config``, ``parameters``, ``filter``: paths of SExtractor's settings, list of
        measurements and detection filter. ``detection``: "reference" (all bands have the sources
        of the reference band) or "band" (each its own). ``detection_image``: "reference", or
        "sum" or "chi2" of all bands. ``threshold``: detection threshold in
        units of the background's standard deviation. ``min_area``: smallest number of pixels
        above the threshold. ``assoc_radius``: largest distance of a source from its object,
        pixels. ``assoc_type``, ``assoc_selection``: SExtractor's ASSOC_TYPE, ASSOCSELEC_TYPE.

    Raises
    ------
    InputError
        If SExtractor fails.
    """
    rows = read_objects(objects, field, reference_band)
    outputs = dict(zip(bands, zip(images, catalogues, maps, strict=True), strict=True))
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        assoc = folder / "assoc.list"
        listed = write_assoc_list(assoc, rows, outputs[reference_band][0])
        table, copied = folder / "catalogue.fits", copied_settings(settings, folder)
        program = _Program(table, copied, _options(settings), assoc)
        detected, shared_map = None, None
        if settings["detection_image"] != "reference":
            detected = prepare_combined(images, settings["detection_image"], folder)
        seen = _prepared_matched(matched, bands, folder)
        # the reference band comes first: in one mode its segmentation serves the others
        for band in sorted(bands, key=lambda band: band != reference_band):
            image, catalogue, segmentation = outputs[band]
            measured = prepare(image, folder)
            if detected is None or settings["detection"] == "band":
                detected = measured
            measured = seen.get(band, measured)
            paths = catalogue, segmentation, shared_map
            counts = _measure(program, detected, measured, paths, listed["id"])
            words = "%s: %d detections, %d of %d objects found, -> %s"
            log.info(words, image, *counts, segmentation)
            if settings["detection"] == "reference":
                shared_map = shared_map or segmentation


def _prepared_matched(matched, bands, folder):
    """Return the files of the images with one PSF by band; their names are those of the others."""
    apart = folder / "matched"
    apart.mkdir()
    return {band: prepare(path, apart) for band, path in zip(bands, matched, strict=False)}


class _Program(NamedTuple):
    """Settings of SExtractor for all bands of a field.

    Attributes
    ----------
    table : Path
        Temporary table of SExtractor.
    settings : dict of str to Path
    options : dict
    assoc : Path
        The ASSOC list.
    """

    table: Path
    settings: dict
    options: dict
    assoc: Path


def _options(settings):
    """Return SExtractor's names and values of the settings."""
    return {
        "DETECT_THRESH": settings["threshold"],
        "ANALYSIS_THRESH": settings["threshold"],
        "DETECT_MINAREA": settings["min_area"],
        "ASSOC_RADIUS": settings["assoc_radius"],
        "ASSOC_TYPE": settings["assoc_type"],
        "ASSOCSELEC_TYPE": settings["assoc_selection"],
    }


def _measure(program, detected, measured, paths, ids):
    """Write catalogue and map of a band; return the numbers of detections, matches and objects."""
    catalogue, segmentation, shared_map = paths
    with atomic(catalogue) as table, atomic(segmentation) as map_path:
        sources = run_sextractor(
            detected,
            measured,
            program.table,
            None if shared_map else map_path,
            program.settings,
            program.options,
            program.assoc,
        )
        matched = assigned_objects(
            sources["VECTOR_ASSOC"], sources["X_IMAGE"], sources["Y_IMAGE"], ids
        )
        write_catalogue(table, sources, matched)
        if shared_map:
            link_or_copy(shared_map, map_path)
    return len(sources), np.sum(matched != NO_OBJECT), len(ids)


def read_objects(path, field, band):
    """Return the catalogue's objects in one field.

    Parameters
    ----------
    path : str
        Path of objects.csv.
    field : str
        ``run-camcol-field``, or a name of a table of images.
    band : str
        Band of the magnitudes.

    Returns
    -------
    structured ndarray, shape (n,)
        id, ra and dec (degrees), mag (NaN if unknown).
    """
    with open(path, newline="", encoding="utf-8") as file:
        rows = [
            (int(row["id"]), float(row["ra"]), float(row["dec"]), float(row[band] or "nan"))
            for row in csv.DictReader(file)
            if _field_of(row) == field
        ]
    table = np.array(rows, dtype=[("id", "i8"), ("ra", "f8"), ("dec", "f8"), ("mag", "f8")])
    if not len(table):
        log.warning("%s: no object in field %s", path, field)
    return table


def _field_of(row):
    """Return the field of a row of objects.csv."""
    if "run" not in row:
        return row["field"]
    return f"{row['run']}-{row['camcol']}-{row['field']}"


def write_assoc_list(path, objects, image):
    """Write SExtractor's ASSOC list of the objects that are on an image.

    Parameters
    ----------
    path : Path
        List to write.
    objects : structured ndarray
        As from `read_objects`.
    image : str
        Path of a registered image.

    Returns
    -------
    structured ndarray
        The objects on the image.
    """
    with fits.open(image) as hdus:
        wcs, shape = frame_wcs(hdus["SCI"].header), hdus["SCI"].shape
    x, y = wcs.all_world2pix(objects["ra"], objects["dec"], 0)
    on_image = (x > -0.5) & (x < shape[1] - 0.5) & (y > -0.5) & (y < shape[0] - 0.5)
    # an empty list is an error to SExtractor; an entry far outside matches nothing
    lines = assoc_list(x[on_image], y[on_image], objects["mag"][on_image]) or ["0 -1e4 -1e4 99"]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return objects[on_image]


def write_catalogue(path, sources, ids):
    """Write SExtractor's table with the object of each detection as OBJECT_ID.

    Parameters
    ----------
    path : str or path
        FITS table to write.
    sources : astropy.io.fits.FITS_rec
        SExtractor's table, n rows.
    ids : ndarray of int64, shape (n,)
        `NO_OBJECT` for a detection that is not a catalogue object.
    """
    column = fits.ColDefs([fits.Column("OBJECT_ID", "K", array=ids, null=NO_OBJECT)])
    table = fits.BinTableHDU.from_columns(column + sources.columns, name="OBJECTS")
    for name in table.columns.names:
        if name.startswith("FLUX"):
            table.columns[name].unit = "nanomaggy"  # SExtractor says count
    write_fits(path, table)
