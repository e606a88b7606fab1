"""Read the user's input of training images: spectra, filter curves, cosmology, galaxies."""

import numpy as np
import pandas as pd

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.io.table_bytes import is_path, stem_of
from redpix.io.tables import read_table
from redpix.simulation import redshifting, seds
from redpix.simulation.rendering import SHAPE_COLUMNS

#: wavelengths on which packaged spectra are sampled, Angstrom
WAVELENGTH = np.geomspace(600, 22000, 6000)


def number_columns(path):
    """Return the columns of a user's table of numbers.

    Parameters
    ----------
    path : str
        Table in any format of `redpix.io.tables.read_table`.

    Returns
    -------
    DataFrame of float64

    Raises
    ------
    InputError
        For the first cell that is not a finite number, with its line.
    """
    table = read_table(path)
    log.info("%s", table.understood)
    return pd.DataFrame({name: table.numbers(name, complete=True) for name in table.names})


def rising(values, path, column):
    """Refuse a first column unless it is positive and rising.

    Parameters
    ----------
    values : Series
        Values of the column.
    path, column : str
        File and column named in error messages.

    Raises
    ------
    InputError
    """
    if len(values) < 4 or values.iloc[0] <= 0 or not (np.diff(values) > 0).all():
        raise InputError(f"{path}: {column}; allowed: 4 rows or more, positive and rising")


def read_spectra(names):
    """Read spectra: packaged ones by name, or those of a table.

    Parameters
    ----------
    names : sequence of str
        Names of packaged spectra, or one path of a table: wavelength (Angstrom) and one column of
        f_lambda per spectrum.

    Returns
    -------
    redpix.simulation.redshifting.Spectra
        Each packaged spectrum has a mean of 1 over 5000 to 6000 Angstrom. The spectra of a table
        share one scale, which sets their largest value to 1.

    Raises
    ------
    InputError
        If a name is unknown, or the table does not hold spectra.
    """
    tables = [name for name in names if is_path(name)]
    unknown = set(names) - set(tables) - set(seds.TEMPLATES)
    if unknown or (tables and len(names) > 1):
        raise InputError(
            f"training_images.spectra: {', '.join(names)}; allowed: some of "
            f"{', '.join(seds.TEMPLATES)}, or one path of a table: wavelength, and "
            "one column per spectrum"
        )
    if not tables:
        flux = seds.spectra_on(WAVELENGTH, names)
        middle = (WAVELENGTH > 5000) & (WAVELENGTH < 6000)
        flux = flux / flux[:, middle].mean(axis=1, keepdims=True)
        return redshifting.Spectra(tuple(names), WAVELENGTH, flux)
    table = number_columns(names[0])
    if table.columns[0] != "wavelength":
        raise InputError(f"{names[0]}: first column {table.columns[0]}; allowed: wavelength")
    rising(table["wavelength"], names[0], "wavelength")
    flux = table.drop(columns="wavelength")
    if (flux < 0).any(axis=None) or not (flux > 0).any().all():
        raise InputError(
            f"{names[0]}: a spectrum is negative or zero everywhere; allowed: f_lambda"
        )
    flux = flux / flux.max(axis=None)
    return redshifting.Spectra(
        tuple(flux.columns), table["wavelength"].to_numpy(), flux.to_numpy().T.copy()
    )


def read_curves(bands, key="training_images.bands"):
    """Read the filter curves of bands.

    Parameters
    ----------
    bands : sequence of str
        u, g, r, i, z; names of speclite's filters; or paths of tables: wavelength (Angstrom) and
        response.
    key : str, optional
        Key that messages name.

    Returns
    -------
    names : list of str
    curves : list of speclite.filters.FilterResponse

    Raises
    ------
    InputError
        If a filter is unknown, its table cannot be used, or two bands share a name.
    """
    # imported here: speclite takes a second to import
    from speclite.filters import FilterResponse, load_filter

    curves = {}
    for band in bands:
        if is_path(band):
            table = number_columns(band)
            if list(table.columns) != ["wavelength", "response"]:
                raise InputError(
                    f"{band}: columns {', '.join(table.columns)}; allowed: wavelength, response"
                )
            rising(table["wavelength"], band, "wavelength")
            # speclite requires names that are Python identifiers
            meta = {"group_name": "user", "band_name": f"b{len(curves)}"}
            try:
                curves[stem_of(band)] = FilterResponse(*filter_curve(table), meta)
            except ValueError as error:
                raise InputError(
                    f"{band}: {str(error).splitlines()[0]}; allowed: responses from 0, some above 0"
                ) from None
            continue
        full = f"sdss2010-{band}" if band in "ugriz" else band
        try:
            curves[band] = load_filter(full)
        except (ValueError, OSError) as error:
            raise InputError(
                f"{key}: {band!r}: {str(error).splitlines()[0]}; allowed: u, g, "
                "r, i, z, a filter of speclite such as bessell-V, or the path of a table"
            ) from None
    if len(curves) < len(bands):
        raise InputError(f"{key}: two bands share a name; allowed: different names")
    return list(curves), list(curves.values())


def filter_curve(table):
    """Return a filter curve as speclite requires it: fine steps, and zero at both ends.

    speclite integrates over the rows as they are: steps are at most 0.1 % of the wavelength.

    Parameters
    ----------
    table : DataFrame
        wavelength (Angstrom) and response.

    Returns
    -------
    wavelength, response : ndarray
    """
    wavelength, response = (table[column].to_numpy() for column in ("wavelength", "response"))
    first, last = wavelength[[0, -1]]
    fine = np.geomspace(first, last, int(1000 * np.log(last / first)) + 2)
    wave = np.union1d(wavelength, fine[1:-1])
    ends = int(response[0] != 0), int(response[-1] != 0)
    # the zeros lie just outside, so that the given curve does not change
    outside = first * (1 - 1e-6), last * (1 + 1e-6)
    values = np.pad(np.interp(wave, wavelength, response), ends)
    return np.pad(wave, ends, constant_values=outside), values


def wavelengths(curves):
    """Return the effective wavelengths of filter curves in Angstrom.

    Parameters
    ----------
    curves : sequence of speclite.filters.FilterResponse
        Filter curves.

    Returns
    -------
    list of float
    """
    return [float(curve.effective_wavelength.value) for curve in curves]


def read_distance(cosmology):
    """Return the luminosity distance as a function of redshift.

    Parameters
    ----------
    cosmology : str
        Name of a cosmology of astropy, or path of a table: redshift and luminosity_distance (Mpc).

    Returns
    -------
    callable
        Maps redshifts to Mpc.

    Raises
    ------
    InputError
        If the cosmology is unknown or its table cannot be used.
    """
    if not is_path(cosmology):
        return redshifting.luminosity_distances(cosmology)
    table = number_columns(cosmology)
    if list(table.columns) != ["redshift", "luminosity_distance"]:
        raise InputError(
            f"{cosmology}: columns {', '.join(table.columns)}; allowed: redshift, "
            "luminosity_distance (Mpc)"
        )
    rising(table["redshift"], cosmology, "redshift")
    rising(table["luminosity_distance"], cosmology, "luminosity_distance")
    return redshifting.luminosity_distances(cosmology, table.to_numpy().T)


def read_galaxies(path, spectra):
    """Read the galaxies of a user's table.

    Parameters
    ----------
    path : str
        Table in any format of `redpix.io.tables.read_table`.
    spectra : sequence of str
        Allowed names of spectra.

    Returns
    -------
    DataFrame
        The columns of `redpix.simulation.training_images.draw_galaxies`.

    Raises
    ------
    InputError
        If a column is missing or a value is impossible; the message names the line.
    """
    needed = ("z_in", "z_out", "magnitude", *SHAPE_COLUMNS, "bulge_sed", "disk_sed")
    table = read_table(path, required=needed)
    log.info("%s", table.understood)
    rows = pd.DataFrame({name: table.numbers(name, complete=True) for name in needed[:-2]})
    for column, good in (
        ("magnitude", rows["magnitude"].between(5, 35)),
        ("bulge_fraction", rows["bulge_fraction"].between(0, 1)),
        ("bulge_radius", rows["bulge_radius"] > 0),
        ("disk_radius", rows["disk_radius"] > 0),
        ("sersic", rows["sersic"].between(0.5, 6)),
        ("axis_ratio", rows["axis_ratio"].between(0.05, 1)),
    ):
        if not good.all():
            bad = int(np.argmin(good))
            raise InputError(
                f"{table.where(bad)}: {column} is {rows[column][bad]:g}; allowed: "
                "magnitudes 5 to 35, fractions 0 to 1, radii above 0, sersic 0.5 to 6, axis_ratio "
                "0.05 to 1"
            )
    for column in needed[-2:]:
        rows[column] = table.text(column)
        unknown = ~rows[column].isin(spectra)
        if unknown.any():
            bad = int(np.argmax(unknown))
            raise InputError(
                f"{table.where(bad)}: {column} is {rows[column][bad]!r}; allowed: "
                + ", ".join(spectra)
            )
    return rows
