"""List every source of a field's reference band, for a catalogue made of detections."""

import tempfile
from pathlib import Path

import numpy as np
from astropy.io import fits

from redpix.catalogue.detection_image import prepare_combined
from redpix.core.atomic_files import write_csv
from redpix.core.job import log
from redpix.image.masks import edge_distance
from redpix.image.wcs import frame_wcs, pixel_area
from redpix.psf.sextractor import copied_settings, prepare, run_sextractor

#: columns of the list: pixel coordinates are 0-based, the number is 1-based
COLUMNS = ("number", "x", "y", "ra", "dec", "flux", "flux_error", "mag", "edge_distance", "radius")


def list_detections(
    image,
    config,
    parameters,
    filter,
    detections,
    threshold,
    min_area,
    bands=(),
    detection_image="reference",
):
    """Write a CSV of the sources that SExtractor detects in an image.

    Parameters
    ----------
    image : str
        Path of the registered image of the reference band.
    config, parameters, filter : str
        Paths of SExtractor's settings, list of measurements and detection filter.
    detections : str
        Path of the CSV to write, with `COLUMNS`: degrees, nanomaggies, magnitudes, pixels;
        the radius of the segment in arcsec.
    threshold : float
        Detection threshold in units of the background's standard deviation.
    min_area : int
        Smallest number of pixels above the threshold.
    bands : list of str
        Paths of the registered images of all bands, if they are combined.
    detection_image : {"reference", "sum", "chi2"}
        Image in which sources are detected: that of the reference band, or the weighted sum or the
        chi-square of all bands.

    Raises
    ------
    InputError
        If SExtractor fails.
    """
    options = {
        "DETECT_THRESH": threshold,
        "ANALYSIS_THRESH": threshold,
        "DETECT_MINAREA": min_area,
    }
    paths = {"config": config, "parameters": parameters, "filter": filter}
    with tempfile.TemporaryDirectory() as folder:
        settings = copied_settings(paths, Path(folder))
        prepared = prepare(image, Path(folder))
        table = Path(folder) / "detections.fits"
        seen = prepared
        if detection_image != "reference":
            seen = prepare_combined(bands, detection_image, Path(folder))
        sources = run_sextractor(seen, prepared, table, None, settings, options)
    wcs = frame_wcs(fits.getheader(image, "SCI"))
    _write(detections, sources, fits.getdata(image, "MASK"), wcs)
    log.info("%s: %d detections, -> %s", image, len(sources), detections)
    if not len(sources):
        log.warning("%s: no source is brighter than %s sigma", image, threshold)
    log.info("median magnitude %.2f", np.median(sources["MAG_AUTO"]) if len(sources) else np.nan)


def _write(path, sources, mask, wcs):
    """Write SExtractor's table as CSV with 0-based coordinates and distances from the edge."""
    x, y = sources["X_IMAGE"] - 1.0, sources["Y_IMAGE"] - 1.0
    # of a circle with the area of the segment
    scale = 3600 * np.sqrt(pixel_area(wcs))
    radius = np.sqrt(sources["ISOAREA_IMAGE"] / np.pi) * scale
    columns = (
        x,
        y,
        sources["ALPHA_J2000"],
        sources["DELTA_J2000"],
        sources["FLUX_AUTO"],
        sources["FLUXERR_AUTO"],
        sources["MAG_AUTO"],
        edge_distance(mask, x, y),
        radius,
    )
    rows = (
        [int(number)] + [repr(float(value)) for value in values]
        for number, *values in zip(sources["NUMBER"], *columns, strict=True)
    )
    write_csv(path, COLUMNS, rows)
