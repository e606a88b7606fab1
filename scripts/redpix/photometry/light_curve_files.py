"""Measure the stars of a field in all its exposures and write their light curves."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.photometry.light_curves import put_on_one_scale, scatter, scintillation
from redpix.photometry.measured_exposure import (
    ForcedPhotometry,
    MeasuredExposure,
    forced,
    positions_in,
)
from redpix.photometry.quality import FLAGS
from redpix.photometry.table_file import write_table

#: flags that bar a star from setting an exposure's scale
SPOILT = FLAGS["SATURATED"] | FLAGS["MASKED"] | FLAGS["EDGE"] | FLAGS["BLENDED"] | FLAGS["MISFIT"]


class FieldExposure(NamedTuple):
    """The reference's stars in one exposure of a field.

    Attributes
    ----------
    image : str
        Name of the image.
    positions : ndarray, shape (2, n)
        0-based x and y.
    photometry : redpix.photometry.measured_exposure.ForcedPhotometry
    """

    image: str
    positions: np.ndarray
    photometry: ForcedPhotometry


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
    reference : MeasuredExposure

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


def log_scale(name, scaled):
    """Log the transmission of the exposures of a field and the spread of the response.

    Parameters
    ----------
    name : str
        Name of the field.
    scaled : redpix.photometry.light_curves.Scaled
    """
    scale = np.round(scaled.scale, 4)
    log.info("%s: %d exposures, relative transmission %s", name, len(scale), scale)
    if np.ptp(scaled.response) > 0:
        log.info(
            "%s: the flux depends on a star's position in the image and in its pixel, by %s in the "
            "exposures (standard deviation), and was divided by this response",
            name,
            np.round(scaled.response.std(axis=1), 4),
        )


def curve_table(name, measured, scaled, flags):
    """Return the light curves of a field, one row per star and exposure.

    Parameters
    ----------
    name : str
        Name of the field.
    measured : list of FieldExposure
    scaled : redpix.photometry.light_curves.Scaled
    flags : ndarray of int, shape (n,)

    Returns
    -------
    pandas.DataFrame
    """
    tables = []
    for i, (image, positions, photometry) in enumerate(measured):
        columns = {
            "field": name,
            "star": np.arange(1, len(flags) + 1),
            "image": image,
            "mjd": photometry.header.get("MJD-MID", np.nan),
            "airmass": photometry.header.get("AIRMASS", np.nan),
            "x": positions[0],
            "y": positions[1],
            "flux": photometry.flux,
            "flux_error": photometry.error,
            "relative_flux": scaled.relative[i],
            "relative_error": scaled.error[i],
            "response": scaled.response[i],
            "flags": flags,
        }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables)


def scatter_table(name, reference, reference_scale, scaled, headers, settings):
    """Return the measured and the expected scatter of a field, one row per star.

    Parameters
    ----------
    name : str
        Name of the field.
    reference : MeasuredExposure
    reference_scale : float
        Relative transmission of the reference.
    scaled : redpix.photometry.light_curves.Scaled
    headers : list of mapping
        Headers of the calibrated images.
    settings : mapping
        `telescope_diameter` in metres or None, `site_altitude` in metres.

    Returns
    -------
    pandas.DataFrame
    """
    number, measured, photons = scatter(scaled)
    air = air_scatter(name, headers, settings)
    if not np.isfinite(reference.zero_point):
        log.info("%s: no zero point of %s, so no magnitudes", name, reference.image)
    # the reference's zero point is valid for fluxes at the reference's transmission
    bright = np.where(scaled.mean > 0, scaled.mean * reference_scale, np.nan)
    columns = {
        "field": name,
        "star": np.arange(1, len(number) + 1),
        "x": reference.positions[:, 0],
        "y": reference.positions[:, 1],
        "exposures": number,
        "flux": scaled.mean,
        "magnitude": reference.zero_point - 2.5 * np.log10(bright),
        "scatter": measured,
        "expected_photons": photons,
        "expected_scintillation": air,
        "expected": np.hypot(photons, np.nan_to_num(air)),
        "flags": reference.stars["flags"].to_numpy(),
    }
    return pd.DataFrame(columns)


def air_scatter(name, headers, settings):
    """Return the relative scatter by scintillation that is expected of the median exposure.

    Parameters
    ----------
    name : str
        Name of the field.
    headers : list of mapping
        Headers of the calibrated images.
    settings : mapping
        `telescope_diameter` in metres or None, `site_altitude` in metres.

    Returns
    -------
    float
        0 without a telescope diameter. NaN, with a warning, if an exposure time or an airmass is
        unknown.
    """
    if settings["telescope_diameter"] is None:
        return 0.0
    # a header may hold 0 for an unknown value
    time, airmass = (
        float(np.median([header.get(card) or np.nan for header in headers]))
        for card in ("EXPTIME", "AIRMASS")
    )
    made = scintillation(settings["telescope_diameter"], time, airmass, settings["site_altitude"])
    if not np.isfinite(made):
        log.warning(
            "%s: exposure time or airmass is not known of all exposures: the expected scatter is "
            "without scintillation",
            name,
        )
    return made
