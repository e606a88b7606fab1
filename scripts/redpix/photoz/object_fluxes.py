"""Replace the summed fluxes of objects by those in Gaussian apertures before the seeing."""

import numpy as np
import pandas

from redpix.core.exceptions import InputError
from redpix.core.job import log

#: kinds of object fluxes: sums of pixels, or Gaussian apertures
PIXELS, GAAP = "pixels", "gaap"


def read_apertures(paths, ids, bands):
    """Return the aperture fluxes of objects, corrected for extinction where it is stated.

    Parameters
    ----------
    paths : list of str
        Tables ``apertures/<field>.csv``.
    ids : ndarray of int64, shape (n,)
        Objects.
    bands : sequence of str
        Names of the bands.

    Returns
    -------
    flux, error : ndarray, shape (n, bands)
        NaN where missing.

    Raises
    ------
    InputError
        If a table lacks a column of a band.
    """
    table = pandas.concat([pandas.read_csv(path) for path in paths]).drop_duplicates("id")
    table = table.set_index("id").reindex(ids)
    columns = []
    for band in bands:
        names = [f"gaap_flux_{band}", f"gaap_flux_err_{band}"]
        if not set(names) <= set(table.columns):
            raise InputError(f"{paths[0]}: the columns {' and '.join(names)} are missing")
        extinction = table.get(f"extinction_{band}", 0.0)
        columns.append(table[names].mul(10 ** (0.4 * np.nan_to_num(extinction)), axis=0))
    flux, error = np.moveaxis(np.stack([column.to_numpy(float) for column in columns]), 2, 0)
    return flux.T, error.T


def with_apertures(totals, ids, paths, attributes):
    """Return totals whose fluxes and colours are those of Gaussian apertures.

    The brightness among the features stays. An object without an aperture flux in a band keeps its
    summed flux, times the median ratio of both in that band.

    Parameters
    ----------
    totals : redpix.photoz.pixel_stream.Totals
        Sums over the pixels of each object.
    ids : ndarray of int64, shape (objects,)
        Identifiers of the objects.
    paths : list of str
        Tables of apertures, one per field.
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors: bands and softening.

    Returns
    -------
    redpix.photoz.pixel_stream.Totals
    """
    flux, error = read_apertures(paths, ids, attributes.bands)
    missing = ~(np.isfinite(flux) & (error > 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(missing | ~(totals.flux > 0), np.nan, flux / totals.flux)
    known = np.isfinite(ratios).any(axis=0)
    ratio = np.array(
        [np.nanmedian(one) if any_ else 1.0 for one, any_ in zip(ratios.T, known, strict=True)]
    )
    flux = np.where(missing, totals.flux * ratio, flux)
    error = np.where(missing, totals.error * ratio, error)
    log.info(
        "fluxes of %d objects in Gaussian apertures; %d without one in some band have sums of "
        "pixels there",
        len(ids),
        missing.any(axis=1).sum(),
    )
    magnitudes = attributes.magnitudes(flux)
    features = totals.features.copy()
    features[:, 1 : len(attributes.bands)] = magnitudes[:, :-1] - magnitudes[:, 1:]
    return totals._replace(flux=flux, error=error, features=features)
