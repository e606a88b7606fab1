"""Pixels of made-up galaxies and stars of known redshift, as the pixel tables have them.

A galaxy is a power law with a break at 4000 Angstrom, bluer outwards, with an exponential profile;
its pixels share its colours and differ in signal to noise, as on a real frame.
"""

import numpy as np
import pandas
import pyarrow
import pyarrow.parquet
from redpix.sdss.magnitudes import asinh_magnitude, pogson_flux

BANDS = ("u", "g", "r", "i", "z")
WAVELENGTHS = np.array([3551.0, 4686.0, 6166.0, 7480.0, 8932.0])  # Angstrom
SKY = np.array([0.06, 0.03, 0.04, 0.06, 0.2])  # nanomaggies a pixel


def catalogue(galaxies, stars, seed, fields=4, quasars=0):
    """A table as catalogue/objects.csv with the magnitudes of every object."""
    generator = np.random.default_rng(seed)
    count = galaxies + stars + quasars
    kind = np.repeat(["GALAXY", "STAR", "QSO"], [galaxies, stars, quasars])
    redshift = np.where(kind == "STAR", 0.0, generator.uniform(0.03, 0.5, count))
    youth = np.where(kind == "QSO", 3.0, generator.uniform(0, 1, count))
    rest = WAVELENGTHS / (1 + redshift[:, None])
    slope = np.where(kind == "STAR", generator.uniform(-2, 4, count), 1.6 - 1.2 * youth)
    depth = np.where(kind == "STAR", 0, np.clip(0.7 - 0.5 * youth, 0, 1))
    step = 1 / (1 + np.exp((rest - 4000) / 150))
    spectrum = (rest / 5500) ** slope[:, None] * (1 - depth[:, None] * step)
    r = 16.6 + 2.5 * np.log10(np.maximum(redshift, 0.05) / 0.1) + generator.normal(0, 0.6, count)
    magnitude = r[:, None] - 2.5 * np.log10(spectrum / spectrum[:, [2]])
    table = pandas.DataFrame({"id": 100 + np.arange(count) * 7})
    table["ra"] = np.round(generator.uniform(180, 181, count), 6)
    table["dec"] = np.round(generator.uniform(45, 46, count), 6)
    table["redshift"], table["redshiftError"], table["class"] = redshift.round(6), 1e-4, kind
    table["run"], table["camcol"] = 3813, 5
    table["field"] = 20 + np.arange(count) % fields
    table[list(BANDS)] = magnitude
    return table


def pixels(table, seed, noise=1.0):
    """A table of pixels as pixels/<f>.parquet, for objects of `catalogue`."""
    generator = np.random.default_rng([seed, 1])
    parts = []
    for row in table.itertuples():
        star = row[table.columns.get_loc("class") + 1] == "STAR"
        radius = 1.3 if star else np.exp(generator.normal(0.9, 0.3))
        y, x = np.mgrid[-9:10, -9:10]
        r = np.hypot(x, y / generator.uniform(0.5, 1))
        profile = np.exp(-np.hypot(r, 1.2) / radius)
        share = profile / profile.sum()
        gradient = 0 if star else generator.normal(0.03, 0.02)  # magnitudes a band and radius
        total = pogson_flux(np.array([getattr(row, band) for band in BANDS]))
        tint = 10 ** (0.4 * gradient * (2 - np.arange(5))[:, None, None] * (r / radius - 1))
        flux = total[:, None, None] * share * tint
        error = np.sqrt((noise * SKY[:, None, None]) ** 2 + 0.003 * flux)
        inside = flux[2] > 1.5 * error[2]
        seen = flux + error * generator.normal(size=flux.shape)
        part = {"object_id": np.full(inside.sum(), row.id)}
        part |= {"x": (x + 100)[inside], "y": (y + 100)[inside]}
        part["distance"] = r[inside] / max(r[inside].max(initial=0), 1)
        for number, band in enumerate(BANDS):
            part[f"flux_{band}"] = seen[number][inside]
            part[f"error_{band}"] = error[number][inside]
        parts.append(pandas.DataFrame(part))
    result = pandas.concat(parts, ignore_index=True)
    narrow = {name: "float32" for name in result.columns if name.startswith(("flux", "error"))}
    result = result.astype({**narrow, "distance": "float32", "x": "int32", "y": "int32"})
    for band in BANDS:
        result[f"mag_{band}"] = asinh_magnitude(result[f"flux_{band}"].to_numpy(), band)
    return result


def write(folder, table, sky):
    """Write objects.csv and a parquet a field; return the former's path and the list of others."""
    objects = folder / "objects.csv"
    table.to_csv(objects, index=False)
    field = dict(zip(table["id"], table["field"], strict=True))
    paths = []
    for name, part in sky.groupby(sky["object_id"].map(field)):
        paths.append(str(folder / f"3813-5-{name}.parquet"))
        pyarrow.parquet.write_table(
            pyarrow.Table.from_pandas(part, preserve_index=False), paths[-1]
        )
    return str(objects), paths
