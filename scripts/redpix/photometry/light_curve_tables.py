"""Tables of light curves and of their scatter."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from redpix.core.job import log
from redpix.photometry.camera_check import UPPER_LIMIT
from redpix.photometry.light_curves import scatter
from redpix.photometry.measured_exposure import ForcedPhotometry
from redpix.photometry.scintillation import scintillation


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


def log_scale(name, scaled):
    """Log the transmission of the exposures of a field and the spread of the response.

    Parameters
    ----------
    name : str
        Name of the field.
    scaled : redpix.photometry.light_curves.Scaled
        Light curves on one scale.
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


def circles_of(measured):
    """Return the light within circles of all exposures.

    Parameters
    ----------
    measured : list of FieldExposure
        Measured exposures of a field.

    Returns
    -------
    dict of float to ndarray, shape (2, exposures, stars)
        Sums and 1-sigma errors, counts, by the radius that all exposures have, in pixels.
    """
    circles = [one.photometry.circles for one in measured]
    radii = [radius for radius in circles[0] if all(radius in other for other in circles)]
    return {
        radius: np.array([other[radius] for other in circles]).swapaxes(0, 1) for radius in radii
    }


def log_choice(name, chosen):
    """Log the excess of the scatter of bright stars, and which stars have fluxes of circles.

    Parameters
    ----------
    name : str
        Name of the field.
    chosen : redpix.photometry.flux_choice.Choice
        Light curves of the steadier flux of each star.
    """
    excess = chosen.excess[chosen.radius == 0]
    if len(excess) and excess[0] > 0:
        log.info(
            "%s: bright stars scatter by %.2g %% more than errors of the PSF fluxes explain",
            name,
            100 * excess[0],
        )
    for radius in np.unique(chosen.radius[chosen.radius > 0]):
        stars = chosen.radius == radius
        log.info(
            "%s: light curves of %d stars are of circles of %.1f px, where bright stars scatter by "
            "%.2g %% more than errors explain (columns aperture and excess)",
            name,
            np.count_nonzero(stars),
            radius,
            100 * chosen.excess[stars][0],
        )


def curve_table(name, measured, chosen, flags):
    """Return the light curves of a field, one row per star and exposure.

    Parameters
    ----------
    name : str
        Name of the field.
    measured : list of FieldExposure
        Measured exposures of the field.
    chosen : redpix.photometry.flux_choice.Choice
        Light curves of the steadier flux of each star.
    flags : ndarray of int, shape (n,)
        Flags of the stars.

    Returns
    -------
    pandas.DataFrame
    """
    tables = []
    scaled = chosen.scaled
    for i, (image, positions, photometry) in enumerate(measured):
        columns = {
            "field": name,
            "star": np.arange(1, len(flags) + 1),
            "image": image,
            "mjd": photometry.header.get("MJD-MID", np.nan),
            "airmass": photometry.header.get("AIRMASS", np.nan),
            "x": positions[0],
            "y": positions[1],
            "flux": chosen.flux[i],
            "flux_error": chosen.error[i],
            "relative_flux": scaled.relative[i],
            "relative_error": scaled.error[i],
            "response": scaled.response[i],
            "aperture": chosen.radius,
            "flags": flags,
        }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables)


def exposure_table(name, exposures, reference, left_out, measured=(), scaled=None):
    """Return the fate of the exposures of a field, one row per exposure.

    Parameters
    ----------
    name : str
        Name of the field.
    exposures : list of redpix.photometry.measured_exposure.MeasuredExposure
        All exposures of the field.
    reference : str
        Name of the reference, or an empty text.
    left_out : mapping of str to str
        Reason by the name of the image.
    measured : list of FieldExposure
        Exposures that have light curves.
    scaled : redpix.photometry.light_curves.Scaled, optional
        Light curves of the measured exposures.

    Returns
    -------
    pandas.DataFrame
    """
    light = {one.image: scaled.scale[i] for i, one in enumerate(measured)}
    rows = [
        {
            "field": name,
            "image": one.image,
            "used": "no" if one.image in left_out else "yes",
            "reason": left_out.get(one.image, ""),
            "reference": reference,
            "stars": len(one.stars),
            "mjd": one.header.get("MJD-MID", np.nan),
            "airmass": one.header.get("AIRMASS", np.nan),
            "fwhm": one.fwhm,
            "transmission": light.get(one.image, np.nan),
        }
        for one in exposures
    ]
    return pd.DataFrame(rows)


def scatter_table(name, reference, reference_scale, scaled, headers, settings):
    """Return the measured and the expected scatter of a field, one row per star.

    Parameters
    ----------
    name : str
        Name of the field.
    reference : MeasuredExposure
        Exposure whose stars are measured in all exposures.
    reference_scale : float
        Relative transmission of the reference.
    scaled : redpix.photometry.light_curves.Scaled
        Light curves on one scale.
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
    if any(header.get("GAINFROM") == UPPER_LIMIT for header in headers):
        log.warning(
            "%s: the gain is from %s, because the counts may hold a bias: errors and "
            "expected_photons of bright stars are lower limits; give a dark, or the column gain",
            name,
            UPPER_LIMIT,
        )
    if not np.isfinite(reference.zero_point):
        log.info(
            "%s: no zero point of the PSF fluxes of %s, so no magnitudes", name, reference.image
        )
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
