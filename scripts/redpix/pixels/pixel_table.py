"""Write a field's pixel table: one row per pixel of each catalogue object."""

import csv

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.io import fits

from redpix.core.atomic_files import atomic, write_text
from redpix.core.job import log
from redpix.image.masks import bit_value
from redpix.image.wcs import frame_wcs
from redpix.io.parquet_metadata import with_astropy_metadata
from redpix.pixels.arrow_columns import number_column, text_column, unit
from redpix.pixels.band_scales import band_scales, facts_of
from redpix.pixels.colour_gradients import colour_gradients
from redpix.pixels.dereddening import without_extinction
from redpix.pixels.detections import object_detections
from redpix.pixels.extinction import read_extinction
from redpix.pixels.field_pixels import FieldPixels, PixelValues
from redpix.pixels.membership import labels_of, members, relative_distance, usable
from redpix.sdss.magnitudes import asinh_magnitude


def write_pixel_table(
    images,
    catalogues,
    maps,
    objects,
    pixels,
    counts,
    bands,
    reference_band,
    detection,
    reject,
    **scale,
):
    """Write the pixel table of a field.

    Parameters
    ----------
    images : list of str
        FITS files of the registered images with the HDUs SCI, ERR and MASK, one per band.
    catalogues : list of str
        FITS tables of the detections, one per band.
    maps : list of str
        FITS files of the segmentation maps, one per band.
    objects : str
        CSV of the object catalogue.
    pixels : str
        Parquet file to write, one row per pixel.
    counts : str
        CSV to write: number of objects, of kept pixels, and of dropped pixels by reason.
    bands : list of str
        Bands in the order of the files.
    reference_band : str
        Band whose segments define the objects' pixels.
    detection : {"reference", "band"}
        With "band", a pixel must be in its object's segment in every band.
    reject : list of str
        Names of mask bits; pixels with one of them are dropped.
    **scale : dict
        softening, extinction, wavelengths and gradients, as for `scaled_table`.
    """
    every_band = detection == "band"
    reference = bands.index(reference_band) if every_band else 0
    selected = find_members(catalogues, maps, reference, every_band)
    values = read_values(images, selected.members.x, selected.members.y)
    number, masked = usable(values.fluxes, values.errors, values.mask, bit_value(*reject))
    dropped = selected.dropped | {
        "not a number in some band": int(np.sum(~number)),
        "masked": int(np.sum(masked)),
    }
    keep = number & ~masked
    selected, values = selected.only(keep), values.only(keep)
    table = scaled_table(selected, values, images, objects, bands, **scale)
    with atomic(pixels) as temporary:
        pq.write_table(with_astropy_metadata(table), temporary, compression="zstd")
    numbers = _write_counts(counts, selected, dropped)
    log.info("%s -> %s: %s", list(images), pixels, numbers)


def scaled_table(
    selected,
    values,
    images,
    objects,
    bands,
    softening=(),
    extinction="none",
    wavelengths=None,
    gradients=False,
):
    """Return the pixel table with its units, softening and correction for extinction.

    Parameters
    ----------
    selected, values : FieldPixels, PixelValues
        The kept pixels, and their measurements.
    images, objects, bands
        As for `write_pixel_table`.
    softening : str, optional
        JSON file with the softening parameter of each band's asinh magnitudes. Without it, those
        of SDSS are used.
    extinction : {"none", "catalogue"}
        With "catalogue", fluxes are corrected for the extinction that the catalogue states.
    wavelengths : dict of str to float, optional
        Effective wavelengths of bands that are not those of SDSS, Angstrom.
    gradients : bool, optional
        Whether the table has the local gradients of colours.

    Returns
    -------
    pyarrow.Table
    """
    headers = [fits.getheader(image) for image in images]
    scales = band_scales(bands, headers, softening)
    wcs = frame_wcs(headers[0])
    table = pixel_table(selected, values, wcs, read_truth(objects), bands, scales)
    stated = read_extinction(objects, bands, wavelengths or {}) if extinction != "none" else None
    if gradients:
        found = colour_gradients(images, bands, selected, wcs, scales, stated)
        for name, column in found.items():
            table = table.append_column(
                pa.field(name, pa.float32(), metadata=unit(name)), number_column(column)
            )
    if extinction == "catalogue":
        table = without_extinction(table, stated, scales)
    return table


def _write_counts(path, selected, dropped):
    """Write the counts of objects and pixels of a field, and return them."""
    numbers = {
        "objects": len(selected.ids),
        "objects with pixels": len(np.unique(selected.members.index)),
        "pixels": len(selected.members.index),
        **dropped,
    }
    rows = [f"{name},{number}" for name, number in numbers.items()]
    write_text(path, "\n".join(["what,number", *rows]) + "\n")
    return numbers


def read_truth(path):
    """Read the redshifts and classes of the catalogue objects.

    Parameters
    ----------
    path : str
        CSV of the object catalogue.

    Returns
    -------
    dict of int to (float, float, str)
        Redshift, its error and class by identifier; NaN and '' if unknown.
    """
    with open(path, newline="", encoding="utf-8") as file:
        return {
            int(row["id"]): (
                float(row["redshift"] or "nan"),
                float(row["redshiftError"] or "nan"),
                row["class"],
            )
            for row in csv.DictReader(file)
        }


def find_members(catalogues, maps, reference, in_every_band):
    """Find the pixels of a field's objects.

    Parameters
    ----------
    catalogues, maps : list of str
        FITS tables of the detections and FITS segmentation maps, one of each per band; of the
        reference band alone if `in_every_band` is false.
    reference : int
        Index of the reference band among them.
    in_every_band : bool
        Whether a pixel must be in its object's segment in every band.

    Returns
    -------
    FieldPixels
    """
    detections = object_detections(catalogues[reference])
    ids = np.asarray(detections["OBJECT_ID"], np.int64)
    # SExtractor's positions are 1-based
    peak_x, peak_y = detections["XPEAK_IMAGE"] - 1, detections["YPEAK_IMAGE"] - 1
    chosen = members(fits.getdata(maps[reference]), detections["NUMBER"], peak_x, peak_y)
    log.info("%d pixels of %d objects are connected to a peak", len(chosen.x), len(ids))
    dropped = {"isolated from the peak": int(chosen.isolated.sum())}
    if in_every_band:
        keep = np.ones(len(chosen.x), bool)
        for catalogue, segments in zip(catalogues, maps, strict=True):
            other = object_detections(catalogue)
            labels = labels_of(ids, other["OBJECT_ID"], other["NUMBER"])
            keep &= fits.getdata(segments)[chosen.y, chosen.x] == labels[chosen.index]
        dropped["not in the object's segment in every band"] = int(np.sum(~keep))
        chosen = chosen.only(keep)
    distance = relative_distance(chosen.index, chosen.x, chosen.y, peak_x, peak_y)
    return FieldPixels(ids, chosen, distance, dropped)


def read_values(paths, x, y):
    """Read fluxes, errors and masks at some pixels.

    Parameters
    ----------
    paths : list of str
        FITS files of the registered images, one per band.
    x, y : ndarray of int, shape (m,)
        0-based pixel positions.

    Returns
    -------
    PixelValues
    """
    fluxes, errors = np.empty((2, len(paths), len(x)), np.float32)
    mask = np.zeros(len(x), np.int16)
    for number, path in enumerate(paths):
        with fits.open(path) as hdus:
            fluxes[number], errors[number] = hdus["SCI"].data[y, x], hdus["ERR"].data[y, x]
            mask |= hdus["MASK"].data[y, x].astype(np.int16)
    return PixelValues(fluxes, errors, mask)


def pixel_table(selected, values, wcs, truth, bands, scales=None):
    """Return the pixel table.

    Parameters
    ----------
    selected : FieldPixels
        The kept pixels.
    values : PixelValues
        Measurements at the same pixels.
    wcs : astropy.wcs.WCS
        WCS of the grid.
    truth : dict of int to (float, float, str)
        Result of `read_truth`.
    bands : list of str
        Bands in the order of the values.
    scales : dict of str to redpix.pixels.band_scales.BandScale, optional
        Unit and softening of each band; by default those of SDSS.

    Returns
    -------
    pyarrow.Table
        One row per pixel; each column's metadata hold its unit.
    """
    chosen = selected.members
    ra, dec = wcs.all_pix2world(chosen.x, chosen.y, 0)
    of_objects = [truth[object_id] for object_id in selected.ids.tolist()]
    redshift, redshift_error, classes = ([row[column] for row in of_objects] for column in range(3))
    columns = {"object_id": selected.ids[chosen.index]}
    columns |= {"x": chosen.x.astype(np.int32), "y": chosen.y.astype(np.int32)}
    columns |= {"ra": ra, "dec": dec, "distance": selected.distance}
    for band, flux, error in zip(bands, values.fluxes, values.errors, strict=True):
        columns[f"flux_{band}"], columns[f"error_{band}"] = flux, error
        softening = scales[band].softening if scales else None
        columns[f"mag_{band}"] = asinh_magnitude(flux, band, softening).astype(np.float32)
    columns["mask"] = values.mask
    columns["redshift"] = np.array(redshift, np.float32)[chosen.index]
    columns["redshift_error"] = np.array(redshift_error, np.float32)[chosen.index]
    arrays = {name: number_column(column) for name, column in columns.items()}
    arrays["class"] = text_column(classes).take(number_column(chosen.index))
    facts = {name: unit(name) | facts_of(name, scales) for name in arrays}
    schema = [pa.field(name, array.type, metadata=facts[name]) for name, array in arrays.items()]
    return pa.Table.from_arrays(list(arrays.values()), schema=pa.schema(schema))
