"""Turn a field's registered images and segments into a table with a row a pixel."""

import csv

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.io import fits

from redpix.catalogue.assoc import NO_OBJECT
from redpix.core.atomic_files import atomic, write_text
from redpix.core.job import log
from redpix.image.masks import bit_value
from redpix.image.wcs import frame_wcs
from redpix.pixels.membership import labels_of, members, relative_distance, usable
from redpix.sdss.magnitudes import asinh_magnitude


def read_truth(path):
    """Redshift, its error and class of each catalogue object by id; NaN and '' where unknown."""
    with open(path, newline="", encoding="utf-8") as file:
        return {
            int(row["id"]): (
                float(row["redshift"] or "nan"),
                float(row["redshiftError"] or "nan"),
                row["class"],
            )
            for row in csv.DictReader(file)
        }


def read_detections(path):
    """The detections that are catalogue objects, sorted by object."""
    found = fits.getdata(path, "OBJECTS")
    found = found[found["OBJECT_ID"] != NO_OBJECT]
    return found[np.argsort(found["OBJECT_ID"])]


def find_members(params, inputs):
    """Objects of the field, their pixels, and how many pixels were dropped for which reason."""
    # the catalogues and maps are those of all bands, or of the reference band alone
    every_band = params.detection == "band"
    reference = params.bands.index(params.reference_band) if every_band else 0
    found = read_detections(inputs.catalogues[reference])
    ids = np.asarray(found["OBJECT_ID"], np.int64)
    peak_x, peak_y = found["XPEAK_IMAGE"] - 1, found["YPEAK_IMAGE"] - 1  # SExtractor counts from 1
    chosen = members(fits.getdata(inputs.maps[reference]), found["NUMBER"], peak_x, peak_y)
    log.info("%d pixels of %d objects hang together with a peak", len(chosen.x), len(ids))
    dropped = {"isolated from the peak": int(chosen.isolated.sum())}
    if every_band:
        keep = np.ones(len(chosen.x), bool)
        for catalogue, segments in zip(inputs.catalogues, inputs.maps, strict=True):
            other = read_detections(catalogue)
            labels = labels_of(ids, other["OBJECT_ID"], other["NUMBER"])
            keep &= fits.getdata(segments)[chosen.y, chosen.x] == labels[chosen.index]
        dropped["not in the object's segment in every band"] = int(np.sum(~keep))
        chosen = chosen.only(keep)
    distance = relative_distance(chosen.index, chosen.x, chosen.y, peak_x, peak_y)
    return ids, chosen, distance, dropped


def read_values(paths, bands, x, y):
    """Fluxes and errors (bands, pixels) and the union of the masks at some pixels."""
    fluxes, errors = np.empty((2, len(bands), len(x)), np.float32)
    mask = np.zeros(len(x), np.int16)
    for number, path in enumerate(paths):
        with fits.open(path) as hdus:
            fluxes[number], errors[number] = hdus["SCI"].data[y, x], hdus["ERR"].data[y, x]
            mask |= hdus["MASK"].data[y, x].astype(np.int16)
    return fluxes, errors, mask


def numbers(values):
    """An Arrow column of numbers. (`pa.array` would import pandas, half the cost of this job.)"""
    values = np.ascontiguousarray(values)
    buffers = [None, pa.py_buffer(values)]
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), buffers)


def words(values):
    """An Arrow column of text."""
    encoded = [value.encode() for value in values]
    offsets = np.cumsum([0, *map(len, encoded)]).astype(np.int32)
    data = pa.py_buffer(b"".join(encoded))
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(offsets), data)


def pixel_table(ids, chosen, distance, values, wcs, truth, bands):
    """A row a pixel."""
    fluxes, errors, mask = values
    ra, dec = wcs.all_pix2world(chosen.x, chosen.y, 0)
    known = [truth[object_id] for object_id in ids.tolist()]
    redshift, redshift_error, classes = ([row[column] for row in known] for column in range(3))
    columns = {"object_id": ids[chosen.index]}
    columns |= {"x": chosen.x.astype(np.int32), "y": chosen.y.astype(np.int32)}
    columns |= {"ra": ra, "dec": dec, "distance": distance}
    for band, flux, error in zip(bands, fluxes, errors, strict=True):
        columns[f"flux_{band}"], columns[f"error_{band}"] = flux, error
        columns[f"mag_{band}"] = asinh_magnitude(flux, band).astype(np.float32)
    columns["mask"] = mask
    columns["redshift"] = np.array(redshift, np.float32)[chosen.index]
    columns["redshift_error"] = np.array(redshift_error, np.float32)[chosen.index]
    arrays = {name: numbers(column) for name, column in columns.items()}
    arrays["class"] = words(classes).take(numbers(chosen.index))
    schema = [pa.field(name, array.type, metadata=unit(name)) for name, array in arrays.items()]
    return pa.Table.from_arrays(list(arrays.values()), schema=pa.schema(schema))


def unit(name):
    """Metadata of a column: its unit."""
    units = {"flux": "nanomaggy", "error": "nanomaggy", "mag": "asinh magnitude"}
    units |= {"x": "pixel, 0-based", "y": "pixel, 0-based", "ra": "deg", "dec": "deg"}
    return {"unit": units.get(name.split("_")[0], "")}


def main(snakemake):
    params, inputs, output = snakemake.params, snakemake.input, snakemake.output
    ids, chosen, distance, dropped = find_members(params, inputs)
    values = read_values(inputs.images, params.bands, chosen.x, chosen.y)
    number, masked = usable(*values, bit_value(*params.reject))
    dropped |= {"not a number in some band": int(np.sum(~number)), "masked": int(np.sum(masked))}
    keep = number & ~masked
    chosen, distance = chosen.only(keep), distance[keep]
    values = [value[..., keep] for value in values]
    wcs = frame_wcs(fits.getheader(inputs.images[0]))
    truth = read_truth(inputs.objects)
    table = pixel_table(ids, chosen, distance, values, wcs, truth, params.bands)
    with atomic(output.pixels) as temporary:
        pq.write_table(table, temporary, compression="zstd")
    kept = {"objects": len(ids), "objects with pixels": len(np.unique(chosen.index))}
    counts = {**kept, "pixels": len(table), **dropped}
    rows = [f"{what},{count}" for what, count in counts.items()]
    write_text(output.counts, "\n".join(["what,number", *rows]) + "\n")
    log.info("%s -> %s: %s", list(inputs.images), output.pixels, counts)
