"""Fluxes whose names do not say their unit: what brightness, redshifts and values say about it."""

import re

import numpy as np

from redpix.photoz.band_names import ZERO_POINTS, zero_point_of
from redpix.photoz.column_families import FLUXES, band_of
from redpix.photoz.learners.base import FEWEST, STAR

#: names of fluxes that surveys use with different units
_BARE = ("flux_{b}", "{b}_flux")

#: units of such fluxes in catalogues, by AB magnitude of a flux of 1
_UNITS = {
    8.9: "Jy",
    16.4: "mJy",
    22.5: "nanomaggies",
    23.9: "uJy",
    25.0: "SExtractor, zero point 25",
    27.0: "HSC coadds, zero point 27",
    30.0: "DES, zero point 30",
    31.4: "nJy",
}

#: median absolute magnitude of the galaxies of a sample in its reddest band: L* is about -22 there
_GALAXIES = -24.5, -15.5

#: redshifts from which distances follow
_NEAREST = 0.02

#: names of CIGALE's fluxes, instrument and band with a dot between them
_CIGALE = re.compile(r"[A-Za-z][\w-]*(\.[\w*'+-]+)+")

#: median below which positive values are not magnitudes
_MAGNITUDES = 5.0


def distance_modulus(redshift):
    """Return the distance modulus of a flat universe with 70 km/s/Mpc and 0.3 of matter.

    Parameters
    ----------
    redshift : ndarray, shape (n,)
        Positive redshifts.

    Returns
    -------
    ndarray, shape (n,)
        Magnitudes.
    """
    # slow to import; most tables state the units of their fluxes
    from astropy.cosmology import FlatLambdaCDM

    return FlatLambdaCDM(H0=70, Om0=0.3).distmod(redshift).value


def check_bare_fluxes(table, columns, units, name, warn):
    """Warn of fluxes without a unit, and say which units brightness and redshifts allow.

    Fluxes with inverse variances are those of the Legacy Surveys, in nanomaggies.

    Parameters
    ----------
    table : redpix.photoz.catalogues.GalaxyTable
        Objects of a table of fluxes.
    columns : redpix.photoz.magnitude_columns.Columns
        Columns of fluxes.
    units : dict of str to str
        Units by column, as the table gives them.
    name : str
        Name of the file, for messages.
    warn : callable
        Called with one line of text.
    """
    bare = [column for column in columns.magnitudes if _is_bare(column)]
    if columns.ivar or not bare or any(zero_point_of(units.get(one, "")) for one in bare):
        return
    used, absolute = columns.zero_points[-1], _absolute_magnitude(table)
    if used not in _UNITS or absolute is None:
        return
    low, high = _GALAXIES
    fits = {point: low <= absolute + point - used <= high for point in _UNITS}
    others = ", ".join(f"{_UNITS[point]}" for point in fits if fits[point] and point != used)
    words = f"{name}: {bare[-1]} and the like state no unit, and are taken as {_UNITS[used]}"
    advice = (
        "a unit in the header, such as flux_g [nJy], decides; fluxes of zero point 30 times 0.001 "
        "are nanomaggies"
    )
    if fits[used]:
        warn(
            f"{words}; redshifts and brightness would allow, too: {others or 'no other'}: {advice}"
        )
        return
    warn(
        f"{words}, so that the median galaxy has the absolute magnitude {absolute:.1f} at its "
        f"redshift, which galaxies do not have; likelier are {others or 'other units'}: {advice}"
    )


def _is_bare(column):
    """Return whether the name of a flux is used with different units."""
    families = [family for family in FLUXES if family.name in _BARE]
    return any(band_of(column, family) for family in families)


def _absolute_magnitude(table):
    """Return the median absolute magnitude of galaxies in the reddest band; None without them."""
    magnitude = table.magnitudes[:, -1]
    usable = np.isfinite(magnitude) & (table.redshift > _NEAREST) & (table.label != STAR)
    if usable.sum() < FEWEST:
        return None
    return float(np.median(magnitude[usable] - distance_modulus(table.redshift[usable])))


def as_cigale(table, columns, warn):
    """Return columns as CIGALE's fluxes in mJy, if their names and values are of them.

    CIGALE's manual defines the unit; its files do not state it (Boquien et al. 2019, A&A 622,
    A103). A name is an instrument and a band with a dot between them, such as ``sdss.up``, and
    ``sdss.up_err`` is its error.

    Parameters
    ----------
    table : redpix.io.table.Table
        Table with the columns.
    columns : redpix.photoz.magnitude_columns.Columns
        Columns that were chosen by name.
    warn : callable
        Called with one line of text if they are fluxes.

    Returns
    -------
    redpix.photoz.magnitude_columns.Columns
    """
    names, errors = columns.magnitudes, columns.errors
    pairs = zip(names, errors, strict=False)
    if columns.zero_points or not errors or not all(f"{n}_err" == e for n, e in pairs):
        return columns
    if not all(map(_CIGALE.fullmatch, names)) or any(table.units.get(one) for one in names):
        return columns
    values = [table.numbers(one) for one in names]
    middle = [np.median(one[one > 0]) if np.any(one > 0) else np.nan for one in values]
    if not np.nanmedian(middle) < _MAGNITUDES:
        return columns
    warn(
        f"{table.name}: {names[0]} and the like are named as CIGALE does, and their median is "
        f"{np.nanmedian(middle):.3g}: taken as fluxes in mJy; a unit in the header decides"
    )
    return columns._replace(zero_points=(ZERO_POINTS["mjy"],) * len(names))
