"""Measure the stars of a field in all its exposures and write their light curves."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from astropy.io import fits

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.io.described_table import FLUX_UNITS, write_described
from redpix.photometry.curve_columns import FieldCurves, with_columns, with_star_columns
from redpix.photometry.ensemble import ensemble
from redpix.photometry.flux_choice import steadier
from redpix.photometry.forced_apertures import radii_of
from redpix.photometry.light_curve_tables import (
    FieldExposure,
    circles_of,
    curve_table,
    exposure_table,
    log_choice,
    log_scale,
    scatter_table,
)
from redpix.photometry.light_curves import put_on_one_scale
from redpix.photometry.measured_exposure import MeasuredExposure, forced
from redpix.photometry.quality import FLAGS
from redpix.photometry.reference_exposure import matched_exposures
from redpix.photometry.table_file import write_table

#: flags that bar a star from setting an exposure's scale
SPOILT = FLAGS["SATURATED"] | FLAGS["MASKED"] | FLAGS["EDGE"] | FLAGS["BLENDED"] | FLAGS["MISFIT"]

#: minimum number of stars without a flag; with fewer, flagged stars are comparison stars, too
LEAST_CLEAN = 3


#: what a row of each table is, for its header
ABOUT = {"curves": "one row per star and exposure", "scatter": "one row per star"}


class FieldTables(NamedTuple):
    """Tables of one field.

    Attributes
    ----------
    curves, scatter : pandas.DataFrame or None
        None for a field without light curves.
    exposures : pandas.DataFrame
        One row per exposure: whether it is used, and why not.
    """

    curves: pd.DataFrame | None
    scatter: pd.DataFrame | None
    exposures: pd.DataFrame


def make_light_curves(
    calibrated, stars, residuals, curves, scatter, exposures, images, fields, settings
):
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
    exposures : str
        CSV table to write, one row per exposure.
    images : list of str
        Names of the images, in the order of the files.
    fields : mapping of str to list of str
        Names of the images by field.
    settings : mapping
        `telescope_diameter` in metres or None, `site_altitude` in metres, `detrend`.
    """
    files = dict(zip(images, zip(calibrated, stars, residuals, strict=True), strict=True))
    made = []
    for field, names in fields.items():
        of_field = [MeasuredExposure(name, *files[name]) for name in names]
        try:
            made.append(curves_of_field(field, of_field, settings))
        except (InputError, np.linalg.LinAlgError) as problem:  # the other fields go on
            made.append(_without_curves(field, of_field, {}, str(problem)))
    for column, path in (("curves", curves), ("scatter", scatter), ("exposures", exposures)):
        tables = [getattr(one, column) for one in made if getattr(one, column) is not None]
        table = pd.concat(tables) if tables else pd.DataFrame({"field": [], "star": []})
        write_table(path, {name: table[name].to_numpy() for name in table})
        if column in ABOUT:
            write_described(path, ABOUT[column], _flux_unit(calibrated))
        log.info("%s: %d rows", path, len(table))


def _flux_unit(calibrated):
    """Return the unit of the fluxes of calibrated images, which all have the same."""
    return FLUX_UNITS.get(fits.getheader(calibrated[0]).get("BUNIT"), "ct")


def curves_of_field(name, exposures, settings):
    """Return the light curves of a field, their scatter, and the fate of each exposure.

    Parameters
    ----------
    name : str
        Name of the field.
    exposures : list of MeasuredExposure
        Exposures of the field.
    settings : mapping
        `telescope_diameter` in metres or None, `site_altitude` in metres, `detrend`.

    Returns
    -------
    FieldTables
    """
    left_out = {one.image: one.left_out for one in exposures if one.left_out}
    usable = [one for one in exposures if not one.left_out]
    if not usable:
        return _without_curves(name, exposures, left_out, "no exposure with stars")
    matched = matched_exposures(usable)
    left_out |= matched.left_out
    if len(matched.positions) < 2:
        words = "fewer than two exposures show the same stars"
        return _without_curves(name, exposures, left_out, words)
    used = [one for one in usable if one.image in matched.positions]
    measured = measure_exposures(used, matched)
    reference = matched.reference
    flags = reference.stars["flags"].to_numpy()
    x, y = np.array([one.positions for one in measured]).swapaxes(0, 1)
    flux = np.array([one.photometry.flux for one in measured])
    error = np.array([one.photometry.error for one in measured])
    steady = (flags & SPOILT) == 0
    try:
        scaled = put_on_one_scale(flux, error, steady, x, y)
    except InputError as problem:
        return _without_curves(name, exposures, left_out, str(problem))
    chosen = steadier(scaled, flux, error, circles_of(measured), steady, x, y)
    scaled, flux, error = chosen.scaled, chosen.flux, chosen.error
    log_left_out(name, left_out)
    log_scale(name, scaled)
    log_choice(name, chosen)
    headers = [one.photometry.header for one in measured]
    fluxes = FieldCurves(
        name=name,
        measured=measured,
        reference=[one.image for one in measured].index(reference.image),
        zero_point=reference.zero_point,
        scaled=scaled,
        ensemble=ensemble(flux / scaled.response, error / scaled.response, comparison(steady)),
        fwhm=np.array([one.fwhm for one in used]),
    )
    scale = scaled.scale[fluxes.reference]
    table = scatter_table(name, reference, scale, scaled, headers, settings)
    return FieldTables(
        with_columns(curve_table(name, measured, chosen, flags), fluxes, settings["detrend"]),
        with_star_columns(table, fluxes).assign(aperture=chosen.radius, excess=chosen.excess),
        exposure_table(name, exposures, reference.image, left_out, measured, scaled),
    )


def comparison(clean):
    """Return the stars that may be comparison stars: those without a flag, or else all.

    Parameters
    ----------
    clean : ndarray of bool, shape (stars,)
        Stars without a flag.

    Returns
    -------
    ndarray of bool, shape (stars,)
    """
    return clean if np.count_nonzero(clean) >= LEAST_CLEAN else np.ones_like(clean)


def _without_curves(name, exposures, left_out, words):
    """Return the tables of a field without light curves, with a warning."""
    log_left_out(name, left_out)
    log.warning("%s: %s, so no light curves", name, words)
    reasons = {one.image: left_out.get(one.image, words) for one in exposures}
    return FieldTables(None, None, exposure_table(name, exposures, "", reasons))


def log_left_out(name, left_out):
    """Name the exposures that are left out of the light curves of a field.

    Parameters
    ----------
    name : str
        Name of the field.
    left_out : mapping of str to str
        Reason by the name of the image.
    """
    for image, reason in left_out.items():
        log.warning("%s: left out of the light curves of %s: %s", image, name, reason)


def measure_exposures(exposures, matched):
    """Measure the reference's stars in all exposures that show them.

    Parameters
    ----------
    exposures : list of MeasuredExposure
        Exposures that match the reference.
    matched : redpix.photometry.reference_exposure.Matched
        The reference and the positions of its stars.

    Returns
    -------
    list of FieldExposure
    """
    measured = []
    radii = radii_of(np.array([one.fwhm for one in exposures]))
    for exposure in exposures:
        positions = matched.positions[exposure.image]
        photometry = forced(exposure, matched.reference, positions, radii)
        measured.append(FieldExposure(exposure.image, positions, photometry))
        shift_x, shift_y = np.median(positions - matched.reference.positions.T, axis=1)
        log.info(
            "%s: %d stars, moved by %.2f, %.2f px",
            exposure.image,
            np.isfinite(photometry.flux).sum(),
            shift_x,
            shift_y,
        )
    return measured
