"""What a user gives for training images: spectra, filter curves, a cosmology, galaxies."""

import numpy as np
import pandas as pd

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.io.table_bytes import is_path, stem_of
from redpix.io.tables import read_table
from redpix.sdss import camera
from redpix.sdss.camera import BAND_SEEING
from redpix.sdss.error_map import dark_variance, gain
from redpix.simulation import redshifting, seds
from redpix.simulation.rendering import SHAPE_COLUMNS
from redpix.simulation.training_images import Camera

#: wavelengths of packaged spectra, Angstrom; the templates change slowly between them
WAVELENGTH = np.geomspace(600, 22000, 6000)

# camera column and run whose gain and dark current a survey-like camera has
_CAMCOL, _RUN = 3, 3000
# FWHM in r, arcsec
_SEEING = 1.3


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
    """Refuse a first column that is not positive and rising."""
    if len(values) < 4 or values.iloc[0] <= 0 or not (np.diff(values) > 0).all():
        raise InputError(f"{path}: {column}; allowed: 4 rows or more, positive and rising")


def read_spectra(names):
    """Packaged spectra by name, and those of a user's tables: wavelength (Angstrom), f_lambda.

    Packaged ones are normalised to a mean of 1 over 5000 to 6000 Angstrom, a user's all together
    to a brightest value of 1.
    """
    tables = [name for name in names if is_path(name)]
    strange = set(names) - set(tables) - set(seds.TEMPLATES)
    if strange or (tables and len(names) > 1):
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
        raise InputError(f"{names[0]}: a spectrum is negative, or nothing; allowed: f_lambda")
    flux = flux / flux.max(axis=None)
    return redshifting.Spectra(
        tuple(flux.columns), table["wavelength"].to_numpy(), flux.to_numpy().T.copy()
    )


def read_curves(bands):
    """Names and filter curves of bands: u, g, r, i, z, names of speclite, or tables."""
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
            # speclite wants a name that is an identifier
            meta = {"group_name": "user", "band_name": f"b{len(curves)}"}
            try:
                curves[stem_of(band)] = FilterResponse(*filter_curve(table), meta)
            except ValueError as error:
                raise InputError(
                    f"{band}: {str(error).splitlines()[0]}; allowed: a response not below 0, "
                    "somewhere above it"
                ) from None
            continue
        full = f"sdss2010-{band}" if band in "ugriz" else band
        try:
            curves[band] = load_filter(full)
        except (ValueError, OSError) as error:
            raise InputError(
                f"training_images.bands: {band!r}: {str(error).splitlines()[0]}; allowed: u, g, "
                "r, i, z, a filter of speclite such as bessell-V, or the path of a table"
            ) from None
    if len(curves) < len(bands):
        raise InputError("training_images.bands: two bands have one name")
    return list(curves), list(curves.values())


def filter_curve(table):
    """Wavelength and response as speclite wants them: zero at both ends, and in steps of a
    thousandth, as it adds up over the rows alone.
    """
    wavelength, response = (table[column].to_numpy() for column in ("wavelength", "response"))
    first, last = wavelength[[0, -1]]
    fine = np.geomspace(first, last, int(1000 * np.log(last / first)) + 2)
    wave = np.union1d(wavelength, fine[1:-1])
    ends = int(response[0] != 0), int(response[-1] != 0)
    # just outside, so that nothing of what is given changes
    outside = first * (1 - 1e-6), last * (1 + 1e-6)
    values = np.pad(np.interp(wave, wavelength, response), ends)
    return np.pad(wave, ends, constant_values=outside), values


def wavelengths(curves):
    """Effective wavelengths of filter curves, Angstrom."""
    return [float(curve.effective_wavelength.value) for curve in curves]


def read_distance(cosmology):
    """Luminosity distance by redshift, of a named cosmology or a user's table."""
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
    """Galaxies of a user's table, in the columns of `training_images.draw_galaxies`."""
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
        strange = ~rows[column].isin(spectra)
        if strange.any():
            bad = int(np.argmax(strange))
            raise InputError(
                f"{table.where(bad)}: {column} is {rows[column][bad]!r}; allowed: "
                + ", ".join(spectra)
            )
    return rows


def make_camera(params, bands):
    """What takes the pictures; where nothing is said of u, g, r, i, z: as the survey does."""
    values = {}
    for key in ("seeing", "noise", "electron"):
        given = getattr(params, key)
        if given is None:
            strange = [band for band in bands if band not in BAND_SEEING]
            if strange:
                raise InputError(
                    f"training_images.{key}: null with band {strange[0]}; allowed: a value a "
                    "band, or null where all are of u, g, r, i, z"
                )
            given = [_survey(key, band) for band in bands]
        elif len(given) != len(bands):
            raise InputError(
                f"training_images.{key}: {len(given)} values for {len(bands)} bands; allowed: one "
                "a band"
            )
        values[key] = np.array(given, dtype=np.float32)
    out = params.pixel_scale_out or params.pixel_scale
    return Camera(tuple(bands), params.size, params.pixel_scale, out, **values)


def _survey(key, band):
    if key == "seeing":
        return _SEEING * BAND_SEEING[band]
    electrons_per_dn = gain(_CAMCOL, band, _RUN)
    unit = camera.CALIBRATION[band]
    if key == "electron":
        return unit / electrons_per_dn
    dark = dark_variance(_CAMCOL, band, _RUN)
    return unit * np.sqrt(camera.SKY[band] / electrons_per_dn + dark)
