"""Measure what further attributes of pixels are worth on fields that were not trained on.

    .venv/bin/python tests/benchmarks/attribute_worth.py results/demo [--pixels 60]

Each field of a run is held out in turn. Gradient-boosted trees learn the redshift of a pixel from
its magnitudes and colours, and from one further kind of attribute at a time:

- distance: distance from the peak of the object, divided by the largest one;
- gradients: changes of the colours outwards (`redpix.pixels.colour_gradients`);
- unsoftened: the same with asinh magnitudes softened at the noise of the smoothed images;
- seeing: FWHM of the PSF in each band, measured on the stars of the registered images;
- extinction: E(B-V) beside fluxes as observed, instead of the correction of the fluxes, if the
  catalogue states the extinction.

Printed are the NMAD of the redshifts of galaxies (means of their pixels, weighted by the squared
signal-to-noise ratio), and its change with the error by bootstrap over the galaxies.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import pandas as pd
import pyarrow.parquet as pq
from astropy.io import fits
from redpix.image.wcs import frame_wcs
from redpix.photoz.pixel_stream import signal_to_noise
from redpix.pixels.band_psf import registered_band
from redpix.pixels.band_scales import BandScale
from redpix.pixels.colour_gradients import colour_gradients, gradient_columns
from redpix.pixels.extinction import COEFFICIENTS
from redpix.pixels.field_pixels import FieldPixels
from redpix.pixels.membership import Members
from redpix.psf.psf_model import full_width
from redpix.sdss.magnitudes import asinh_magnitude
from sklearn.ensemble import HistGradientBoostingRegressor

BANDS = "ugriz"

#: folders of a field's images
STAGES = ("frames", "registered")

#: number of bootstrap samples
SAMPLES = 400


def galaxies_of(results, field):
    """Return the pixels of a field's galaxies with a redshift, and their attributes by kind."""
    table = pq.read_table(results / f"pixels/{field}.parquet").to_pandas()
    table = table[(table["class"] == "GALAXY") & table["redshift"].notna()]
    flux, error = (
        table[[f"{kind}_{band}" for band in BANDS]].to_numpy(float) for kind in ("flux", "error")
    )
    usable = np.isfinite(flux).all(axis=1) & (error > 0).all(axis=1)
    table, flux, error = table[usable], flux[usable], error[usable]
    kinds = {
        "plain": plain(flux),
        "distance": table[["distance"]].to_numpy(),
        "gradients": gradients(results, field, table, [None] * len(BANDS)),
        # softened at the noise of smoothed images
        "unsoftened": gradients(results, field, table, 0.2e-9 * np.median(error, axis=0)),
        "seeing": np.tile(seeing(results, field), (len(table), 1)),
    }
    if "observed_r" in table:
        observed = table[[f"observed_{band}" for band in BANDS]].to_numpy(float)
        kinds["as observed"] = plain(observed)
        dimmed = 2.5 * np.log10(flux[:, 2:3] / observed[:, 2:3])  # in r
        kinds["extinction"] = dimmed / COEFFICIENTS["r"]
    about = table[["object_id", "redshift"]].assign(field=field, snr=signal_to_noise(flux, error))
    return about.reset_index(drop=True), kinds


def plain(flux):
    """Return magnitudes and colours."""
    magnitude = np.stack([asinh_magnitude(flux[:, k], band) for k, band in enumerate(BANDS)], 1)
    return np.hstack([magnitude, magnitude[:, :-1] - magnitude[:, 1:]])


def gradients(results, field, table, softening):
    """Return the change of each colour outwards at each pixel, magnitudes."""
    ids, index = np.unique(table["object_id"], return_inverse=True)
    members = Members(index, table["x"].to_numpy(), table["y"].to_numpy(), None)
    selected = FieldPixels(ids, members, table["distance"].to_numpy(), {})
    paths = [str(results / f"registered/{field}-{band}.fits") for band in BANDS]
    scales = {band: BandScale("nanomaggy", b) for band, b in zip(BANDS, softening, strict=True)}
    wcs = frame_wcs(fits.getheader(paths[0], "SCI"))
    found = colour_gradients(paths, list(BANDS), selected, wcs, scales)
    return np.stack([found[name] for name in gradient_columns(BANDS)], axis=1)


def seeing(results, field):
    """Return the FWHM of the PSF in each band, pixels."""
    names = ("sources.sex", "stars.param", "sources.conv")
    settings = [str(ROOT / f"resources/sextractor/{name}") for name in names]
    programs = settings, str(ROOT / "resources/psfex/stars.psfex")
    widths = []
    for band in BANDS:
        frame, image = (results / f"{stage}/{field}-{band}.fits" for stage in STAGES)
        psf = registered_band(band, str(frame), str(image), None, None, programs).psf
        ny, nx = fits.getdata(image, "SCI").shape
        widths.append(full_width(psf.at(nx / 2, ny / 2)))
    return np.array(widths)


def sampled(about, most):
    """Return rows of at most `most` pixels of each galaxy, drawn at random."""
    shuffled = about.sample(frac=1, random_state=1)
    return np.sort(shuffled.groupby("object_id").head(most).index.to_numpy())


def held_out_redshifts(about, vectors, most):
    """Return the redshift of each galaxy, learned on the other fields."""
    parts = []
    for field in about["field"].unique():
        test = (about["field"] == field).to_numpy()
        known = about[~test]
        rows = sampled(known, most)
        learner = HistGradientBoostingRegressor(
            loss="absolute_error", max_iter=200, min_samples_leaf=40, random_state=1
        )
        learner.fit(vectors[rows], about["redshift"].to_numpy()[rows])
        pixels = about[test].assign(z=learner.predict(vectors[test]))
        weight = pixels["snr"] ** 2
        sums = pixels.assign(product=pixels["z"] * weight, weight=weight).groupby("object_id")
        sums = sums[["product", "weight"]].sum()
        parts.append(sums["product"] / sums["weight"])
    return pd.concat(parts)


def nmad(error):
    """Return the normalised median absolute deviation along the last axis."""
    middle = np.median(error, axis=-1, keepdims=True)
    return 1.4826 * np.median(abs(error - middle), axis=-1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="results of a run with several fields")
    parser.add_argument("--pixels", type=int, default=60, help="training pixels per galaxy")
    options = parser.parse_args()
    frames = pd.read_csv(options.results / "catalogue/frames.csv")
    fields = ["-".join(map(str, row)) for row in frames.to_numpy()]
    made = [galaxies_of(options.results, field) for field in fields]
    about = pd.concat([one for one, _ in made], ignore_index=True)
    kinds = {name: np.concatenate([one[name] for _, one in made]) for name in made[0][1]}
    truth = about.groupby("object_id")["redshift"].first()
    print(f"{len(truth)} galaxies of {len(fields)} fields, each held out in turn")
    rows = np.random.default_rng(2).integers(len(truth), size=(SAMPLES, len(truth)))
    base = None
    for name in kinds:
        first = "as observed" if name == "extinction" else "plain"
        columns = [kinds[first]] if name == first else [kinds[first], kinds[name]]
        if name == "as observed":
            columns = [kinds[name]]
        z = held_out_redshifts(about, np.hstack(columns), options.pixels).loc[truth.index]
        error = ((z - truth) / (1 + truth)).to_numpy()
        base = error if base is None else base
        change = nmad(error[rows]) / nmad(base[rows]) - 1
        words = f"{100 * (nmad(error) / nmad(base) - 1):+5.1f} +- {100 * change.std():.1f} %"
        print(f"{name:12} NMAD {nmad(error):.4f}  {words if name != 'plain' else ''}")


if __name__ == "__main__":
    main()
