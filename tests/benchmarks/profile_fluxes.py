"""Compare redshifts from pixels with those from fluxes of the true profiles, by held-out field.

    .venv/bin/python tests/benchmarks/profile_fluxes.py RESULTS [RESULTS ...] [--method knn]
    .venv/bin/python tests/benchmarks/profile_fluxes.py --seeds 2 3 4 [--method knn]

RESULTS are the results of runs of the demo, best of several seeds. With --seeds, the sky of each
seed is made first, with drizzle and up to its pixel vectors: 140 CPU s each. Each field is held out
in turn. The learner learns from the pixels of the others, and predicts the objects of the field by
the recommended combiner (`summary`), and from the sums of their pixels within the isophote (the
aperture baseline). The same learner learns from fluxes that a fit of the true profile would give:
the true flux, with noise of variance 1 / sum(P^2 / V), where P is the profile of the object behind
the PSF and V is the variance of the pixels. No fit to pixels has smaller errors.

Printed are NMAD of galaxies by seed, their ratios with errors by bootstrap over the objects, and
the share of redshifts within the central 68 % of the PDFs.
"""

import argparse
import logging
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / one) for one in ("scripts", "tests/workflow", "tests")]

from conftest import command, prepare
from field_cost import measured
from redpix.demo import camera, fields
from redpix.photoz import run_pixels
from redpix.photoz.run_catalogue import estimate_from_table
from redpix.photoz.split import TEST, TRAIN
from redpix.sdss import error_map
from redpix.sdss.camera import CALIBRATION
from redpix.simulation import rendering

BANDS = "ugriz"

#: settings of the learners, as in the default configuration
SETTINGS = {
    "knn": {"k": None, "mode": "linear", "index": "auto"},
    "mdn": {"networks": 5, "seed": 1},
}

#: half-width of the stamp of a profile, arcsec: light beyond adds nothing to an optimal flux
RADIUS = 12.0

#: number of bootstrap samples
SAMPLES = 400

#: largest NMAD over those of the true profiles and of the baseline, and of the coverage's distance
MOST_OF_PROFILES, MOST_OF_BASELINE, COVERAGE = 1.08, 0.85, 0.03

FILES = ("objects.csv", "pixels.dat", "metrics.json", "pdfs.parquet", "model.npz")


def made_sky(folder, seed):
    """Make the demo sky of a seed up to its pixel vectors; return its results."""
    prepare(folder)
    names = [field.name for field in fields.FIELDS if field.epoch == 1]
    settings = {"name": "sky", "seed": seed, "registration": {"engine": "drizzle"}}
    targets = [f"results/sky/pixels/{name}.parquet" for name in names]
    measured(command("--quiet=all", *targets, **settings), folder)
    return folder / "results/sky"


def profile_errors(truth, field):
    """Return the errors of optimal fluxes of the sources of a field, nanomaggies, (n, bands)."""
    scale = np.sqrt(np.prod(fields.PIXEL_SCALE))
    half = int(RADIUS / scale)
    errors = np.zeros((len(truth), len(BANDS)))
    for n, band in enumerate(BANDS):
        jacobian = rendering.jacobian(camera.band_wcs(field, band).wcs.cd)
        blur = rendering.psf_profile(camera.band_psf(field, band))
        sky = camera.sky_noise(field, band) ** 2
        photon = CALIBRATION[band] / field.transparency
        photon /= error_map.gain(field.camcol, band, field.run)
        for k, source in enumerate(truth.itertuples()):
            flux, profile = getattr(source, f"flux_{band}"), blur
            if source.kind == "galaxy":
                bulge = getattr(source, f"bulge_flux_{band}") / flux
                shape = rendering.galaxy_shape(source)
                profile = rendering.convolved(
                    rendering.galaxy_profile(shape, bulge, 1 - bulge), blur
                )
            stamp = np.zeros((2 * half + 1,) * 2)
            rendering.add(stamp, profile, jacobian, half, half, half)
            stamp = np.maximum(stamp, 0)
            errors[k, n] = np.sum(stamp**2 / (sky + photon * flux * stamp)) ** -0.5
    return errors


def profile_table(results, seed):
    """Return the catalogued objects of a sky with dereddened fluxes of their true profiles."""
    truth = pd.read_csv(results / "demo/truth.csv")
    objects = pd.read_csv(results / "catalogue/objects.csv")
    truth = truth.set_index("id").loc[objects["id"]].reset_index()
    names = objects[["run", "camcol", "field"]].astype(str).agg("-".join, axis=1)
    table, rng = (
        objects[["id", "redshift", "class"]].assign(field=names),
        np.random.default_rng(seed),
    )
    for name in names.unique():
        here = (names == name).to_numpy()
        error = profile_errors(truth[here], fields.find(name))
        for n, band in enumerate(BANDS):
            clear = 10 ** (0.4 * truth.loc[here, f"extinction_{band}"])
            noisy = truth.loc[here, f"flux_{band}"] + error[:, n] * rng.standard_normal(here.sum())
            table.loc[here, f"flux_{band} [nmgy]"] = noisy * clear
            table.loc[here, f"flux_err_{band} [nmgy]"] = error[:, n] * clear
    return table


def from_pixels(results, field, method, folder):
    """Return the objects of a field with redshifts that the pixels of the others teach."""
    tables = sorted(map(str, (results / "pixels").glob("*.parquet")))

    def split_sky(sky, *_):
        return np.where(sky.groups("field") == field, TEST, TRAIN)

    run_pixels.split_sky, kept = split_sky, run_pixels.split_sky
    try:
        run_pixels.estimate_from_pixels(
            str(results / "catalogue/objects.csv"),
            tables,
            *(str(folder / name) for name in FILES),
            **{"method": method, "bands": list(BANDS), "attributes": ["magnitudes", "colours"]},
            **{"settings": SETTINGS[method], "test_fraction": 0.3, "split_by": "field"},
            **{"pixels_per_object": 100, "tune": False, "grid": "auto"},
            **{"combiner": "summary", "trained_model": None, "seed": 1},
        )
    finally:
        run_pixels.split_sky = kept
    made = pd.read_csv(folder / FILES[0])
    return made[made["split"] == "test"].set_index("object_id")


def from_profiles(table, field, method, folder):
    """Return the objects of a field with redshifts that the profiles of the others teach."""
    paths = []
    for name, rows in (("train", table["field"] != field), ("test", table["field"] == field)):
        paths.append(str(folder / f"{name}.csv"))
        table[rows].drop(columns="field").to_csv(paths[-1], index=False)
    (folder / "a/b").mkdir(parents=True, exist_ok=True)
    estimate_from_table(
        paths,
        *(str(folder / "a/b" / name) for name in FILES),
        **{"method": method, "attributes": ["magnitudes", "colours"], "magnitudes": ()},
        **{"settings": SETTINGS[method], "test_fraction": 0.3, "tune": False},
        **{"grid": "auto", "seed": 1},
    )
    made = pd.read_csv(folder / "a/b" / FILES[0])
    return made.set_index(made.columns[0])


def deviations(results, method, seed):
    """Return the errors (z_phot - z) / (1 + z) of galaxies by way, and whether z is within 68 %."""
    table, parts = profile_table(results, seed), []
    for field in table["field"].unique():
        with tempfile.TemporaryDirectory() as folder:
            pixels = from_pixels(results, field, method, Path(folder))
            profiles = from_profiles(table, field, method, Path(folder))
        pixels = pixels[(pixels["class"] == "GALAXY") & pixels["redshift"].notna()]
        z = pixels["redshift"]
        ways = {
            "pixels": pixels["z_phot"],
            "baseline": pixels["z_aperture"],
            "profiles": profiles["z_phot"].reindex(z.index),
        }
        part = pd.DataFrame({way: (values - z) / (1 + z) for way, values in ways.items()})
        part["within"] = (z >= pixels["z_lo68"]) & (z <= pixels["z_hi68"])
        parts.append(part.dropna())
    return pd.concat(parts)


def nmad(error):
    """Return the normalised median absolute deviation along the last axis."""
    middle = np.median(error, axis=-1, keepdims=True)
    return 1.4826 * np.median(abs(error - middle), axis=-1)


def ratio(made, way):
    """Return the NMAD of pixels over that of another way, over all seeds, and its error."""
    rng, sums = np.random.default_rng(1), []
    for part in made:
        rows = rng.integers(len(part), size=(SAMPLES, len(part)))
        widths = [nmad(part[one].to_numpy()[rows]) for one in ("pixels", way)]
        plain = [nmad(part[one].to_numpy()) for one in ("pixels", way)]
        sums.append((plain, widths))
    value = np.sum([one[0][0] for one in sums]) / np.sum([one[0][1] for one in sums])
    drawn = np.sum([one[1][0] for one in sums], 0) / np.sum([one[1][1] for one in sums], 0)
    return value, drawn.std()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, nargs="*", help="results of runs of the demo")
    parser.add_argument("--seeds", type=int, nargs="*", default=[], help="seeds of skies to make")
    parser.add_argument("--method", choices=SETTINGS, default="knn")
    options = parser.parse_args()
    logging.getLogger("redpix").setLevel(logging.ERROR)
    made = []
    with tempfile.TemporaryDirectory() as folder:
        skies = list(options.results)
        for seed in options.seeds:
            skies.append(made_sky(Path(folder) / str(seed), seed))
        for number, results in enumerate(skies):
            made.append(deviations(results, options.method, number))
            widths = {way: nmad(made[-1][way].to_numpy()) for way in made[-1].columns[:3]}
            words = ", ".join(f"{way} {width:.4f}" for way, width in widths.items())
            within = made[-1]["within"].mean()
            print(f"{results}: {len(made[-1])} galaxies; NMAD {words}; {within:.3f} within 68 %")
    for way, goal in (("profiles", MOST_OF_PROFILES), ("baseline", MOST_OF_BASELINE)):
        value, error = ratio(made, way)
        print(f"pixels / {way}: {value:.3f} +- {error:.3f} (goal: at most {goal})")
    within = pd.concat(made)["within"]
    error = np.sqrt(within.mean() * (1 - within.mean()) / len(within))
    words = f"{within.mean():.3f} +- {error:.3f} (goal: 0.68 +- {COVERAGE})"
    print(f"redshifts within the central 68 % of their PDFs: {words}")


if __name__ == "__main__":
    main()
