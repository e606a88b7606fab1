"""Measure the stars of a field in all its exposures and write their light curves."""

import numpy as np
import pandas as pd

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.photometry.light_curve_tables import (
    FieldExposure,
    curve_table,
    log_scale,
    scatter_table,
)
from redpix.photometry.light_curves import put_on_one_scale
from redpix.photometry.measured_exposure import (
    MeasuredExposure,
    forced,
    positions_in,
)
from redpix.photometry.quality import FLAGS
from redpix.photometry.table_file import write_table

#: flags that bar a star from setting an exposure's scale
SPOILT = FLAGS["SATURATED"] | FLAGS["MASKED"] | FLAGS["EDGE"] | FLAGS["BLENDED"] | FLAGS["MISFIT"]


def make_light_curves(calibrated, stars, residuals, curves, scatter, images, fields, settings):
    """Measure the stars of each field in all its exposures and write their light curves.

    Parameters
    ----------
    calibrated : list of str
        FITS files of the calibrated images.
    stars : list of str
        CSV tables of their stars.
    residuals : list of str
        FITS files with their RESIDUAL, SKY and PSF.
    curves : str
        CSV table to write, one row per star and exposure.
    scatter : str
        CSV table to write, one row per star.
    images : list of str
        Names of the images, in the order of the files.
    fields : mapping of str to list of str
        Names of the images by field.
    settings : mapping
        `telescope_diameter` in metres or None, `site_altitude` in metres.
    """
    all_curves, all_scatters = [], []
    for field, names in fields.items():
        exposures = [
            MeasuredExposure(image, *files)
            for image, *files in zip(images, calibrated, stars, residuals, strict=True)
            if image in names
        ]
        exposures = [exposure for exposure in exposures if len(exposure.stars)]
        if len(exposures) < 2:
            log.warning("%s: fewer than two exposures with stars, so no light curves", field)
            continue
        tables = curves_of_field(field, exposures, settings)
        if tables is not None:
            all_curves.append(tables[0])
            all_scatters.append(tables[1])
    for tables, path in ((all_curves, curves), (all_scatters, scatter)):
        table = pd.concat(tables) if tables else pd.DataFrame({"field": [], "star": []})
        write_table(path, {column: table[column].to_numpy() for column in table})
        log.info("%s: %d rows", path, len(table))


def curves_of_field(name, exposures, settings):
    """Return the light curves of a field and their scatter.

    Parameters
    ----------
    name : str
        Name of the field.
    exposures : list of MeasuredExposure
        Exposures of the field.
    settings : mapping
        `telescope_diameter` in metres or None, `site_altitude` in metres.

    Returns
    -------
    (pandas.DataFrame, pandas.DataFrame) or None
        As of `curve_table` and `scatter_table`. None, with a warning, if the exposures have no
        common stars.
    """
    reference = max(exposures, key=lambda one: (len(one.stars), one.image))
    measured = measure_exposures(name, exposures, reference)
    if len(measured) < 2:
        log.warning("%s: fewer than two exposures show the same stars, so no light curves", name)
        return None
    flags = reference.stars["flags"].to_numpy()
    x, y = np.array([one.positions for one in measured]).swapaxes(0, 1)
    flux = np.array([one.photometry.flux for one in measured])
    error = np.array([one.photometry.error for one in measured])
    try:
        scaled = put_on_one_scale(flux, error, (flags & SPOILT) == 0, x, y)
    except InputError as problem:
        log.warning("%s: %s, so no light curves", name, problem)
        return None
    log_scale(name, scaled)
    headers = [one.photometry.header for one in measured]
    reference_scale = scaled.scale[[one.image for one in measured].index(reference.image)]
    return (
        curve_table(name, measured, scaled, flags),
        scatter_table(name, reference, reference_scale, scaled, headers, settings),
    )


def measure_exposures(name, exposures, reference):
    """Measure the reference's stars in all exposures of a field that show them.

    Parameters
    ----------
    name : str
        Name of the field.
    exposures : list of MeasuredExposure
        Exposures of the field.
    reference : MeasuredExposure
        Exposure whose stars are measured in all exposures.

    Returns
    -------
    list of FieldExposure
        Exposures of another sky are left out with a warning.
    """
    measured = []
    for exposure in exposures:
        try:
            positions = positions_in(exposure, reference)
        except InputError as problem:
            log.warning("%s: left out of the light curves of %s: %s", exposure.image, name, problem)
            continue
        photometry = forced(exposure, reference, positions)
        measured.append(FieldExposure(exposure.image, positions, photometry))
        shift_x, shift_y = np.median(positions - reference.positions.T, axis=1)
        log.info(
            "%s: %d stars, moved by %.2f, %.2f px",
            exposure.image,
            np.isfinite(photometry.flux).sum(),
            shift_x,
            shift_y,
        )
    return measured
