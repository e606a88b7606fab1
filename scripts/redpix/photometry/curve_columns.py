"""Further columns of light curves: ensemble magnitudes, barycentric times, detrended fluxes."""

from typing import NamedTuple

import numpy as np

from redpix.core.job import log
from redpix.image.site_cards import CARDS
from redpix.photometry.barycentric_time import bjd_tdb
from redpix.photometry.detrending import LEAST_PER_TERM, detrend, trend_terms
from redpix.photometry.ensemble import EnsembleMagnitudes
from redpix.photometry.finite_moments import finite_moments
from redpix.photometry.image_zero_point import sky_wcs
from redpix.photometry.light_curves import LEAST_EXPOSURES, Scaled


class FieldCurves(NamedTuple):
    """The light curves of a field before they become tables.

    Attributes
    ----------
    name : str
        Name of the field.
    measured : list of redpix.photometry.light_curve_tables.FieldExposure
    reference : int
        Number of the reference among the exposures.
    zero_point : float
        Of the reference, mag; NaN if unknown.
    scaled : redpix.photometry.light_curves.Scaled
    ensemble : redpix.photometry.ensemble.EnsembleMagnitudes
    fwhm : ndarray, shape (exposures,)
        Pixels; NaN if unknown.
    """

    name: str
    measured: list
    reference: int
    zero_point: float
    scaled: Scaled
    ensemble: EnsembleMagnitudes
    fwhm: np.ndarray


def with_columns(table, curves, trends):
    """Return a table of light curves with further columns.

    Parameters
    ----------
    table : pandas.DataFrame
        As of `redpix.photometry.light_curve_tables.curve_table`.
    curves : FieldCurves
        Light curves of the field.
    trends : sequence of str
        Of ``airmass``, ``position`` and ``seeing``; empty: fluxes are not detrended.

    Returns
    -------
    pandas.DataFrame
        With ``bjd_tdb``, ``ensemble_magnitude``, ``ensemble_error`` and, with trends,
        ``detrended_flux``.
    """
    zero = _zero(curves)
    made = table.assign(
        bjd_tdb=barycentric_times(curves).ravel(),
        ensemble_magnitude=(curves.ensemble.magnitude + zero).ravel(),
        ensemble_error=curves.ensemble.error.ravel(),
    )
    if trends:
        made = made.assign(detrended_flux=detrended_flux(curves, trends).ravel())
    return made


def with_star_columns(table, curves):
    """Return a table of scatter with positions on the sky and the share in the ensemble.

    Parameters
    ----------
    table : pandas.DataFrame
        As of `redpix.photometry.light_curve_tables.scatter_table`.
    curves : FieldCurves
        Light curves of the field.

    Returns
    -------
    pandas.DataFrame
        With ``ra``, ``dec``, ``ensemble_weight`` and ``ensemble_scatter``.
    """
    ra, dec = star_positions(curves)
    number, _, square = finite_moments(curves.ensemble.magnitude)
    comparison = np.count_nonzero(curves.ensemble.weight)
    log.info("%s: %d steady stars make the ensemble", curves.name, comparison)
    return table.assign(
        ra=ra,
        dec=dec,
        ensemble_weight=curves.ensemble.weight,
        ensemble_scatter=np.where(number >= LEAST_EXPOSURES, np.sqrt(square), np.nan),
    )


def _zero(curves):
    """Return the constant that puts ensemble magnitudes on the zero point of the reference."""
    offset = curves.ensemble.offset[curves.reference]
    zero = curves.zero_point + offset
    return zero if np.isfinite(zero) else 0.0


def star_positions(curves):
    """Return right ascension and declination of the stars by the first exposure with a WCS.

    Parameters
    ----------
    curves : FieldCurves
        Light curves of the field. The reference is asked first.

    Returns
    -------
    ra, dec : ndarray, shape (stars,)
        ICRS, degrees; NaN without a WCS.
    """
    first = curves.measured[curves.reference]
    for exposure in (first, *curves.measured):
        wcs = sky_wcs(exposure.photometry.header, exposure.image)
        if wcs is not None:
            return wcs.all_pix2world(*exposure.positions, 0)
    return np.full((2, first.positions.shape[1]), np.nan)


def barycentric_times(curves):
    """Return the barycentric times (TDB) of the middles of the exposures for each star.

    Parameters
    ----------
    curves : FieldCurves
        Light curves of the field.

    Returns
    -------
    ndarray, shape (exposures, stars)
        Julian Dates; NaN, with a line in the log, without a WCS, a time or an observatory.
    """
    ra, dec = star_positions(curves)
    times = np.full((len(curves.measured), len(ra)), np.nan)
    headers = [one.photometry.header for one in curves.measured]
    undated = [one.image for one in curves.measured if "MJD-MID" not in one.photometry.header]
    if undated:
        log.warning("%s: no time of %s: mjd is empty there", curves.name, ", ".join(undated))
    sites = [all(card in header for card in CARDS) for header in headers]
    if not np.isfinite(ra).any():
        log.info("%s: no WCS, so no barycentric times", curves.name)
        return times
    if not all(sites):
        log.info("%s: an observatory is not known, so no barycentric times", curves.name)
    for number, (header, known) in enumerate(zip(headers, sites, strict=True)):
        if known and "MJD-MID" in header:
            xyz = tuple(header[card] for card in CARDS)
            times[number] = bjd_tdb(header["MJD-MID"], ra, dec, xyz)
    return times


def detrended_flux(curves, trends):
    """Return relative fluxes without the trends that a user names.

    Parameters
    ----------
    curves : FieldCurves
        Light curves of the field.
    trends : sequence of str
        Of ``airmass``, ``position`` and ``seeing``.

    Returns
    -------
    ndarray, shape (exposures, stars)
        NaN for a star that is measured in too few exposures.
    """
    headers = [one.photometry.header for one in curves.measured]
    airmass = np.array([header.get("AIRMASS", np.nan) for header in headers])
    x, y = np.array([one.positions for one in curves.measured]).swapaxes(0, 1)
    terms = trend_terms(trends, airmass, x, y, curves.fwhm)
    made = detrend(curves.scaled.relative, curves.scaled.error, terms)
    log.info("%s: light curves are detrended against %s", curves.name, ", ".join(made.terms))
    unused = [name for name in trends if name not in terms and name != "position"]
    if unused:
        log.warning(
            "%s: %s is constant or not known of all exposures: fluxes are not detrended against it",
            curves.name,
            " and ".join(unused),
        )
    if len(headers) < LEAST_PER_TERM * (len(terms) + 1):
        log.warning(
            "%s: %d exposures are too few for %d trends; %d are needed",
            curves.name,
            len(headers),
            len(terms),
            LEAST_PER_TERM * (len(terms) + 1),
        )
    return made.relative
