"""Runs of the photo-z stage on small tables of simulated galaxies."""

import json

import numpy as np
import pandas
from redpix.photoz import run_catalogue

FILES = {
    "objects": "objects.csv",
    "pixels": "pixels.dat",
    "metrics": "metrics.json",
    "pdfs": "pdfs.parquet",
    "model": "model.npz",
}
KNN = {"k": 20, "mode": "linear"}
PARAMS = {
    "method": "knn",
    "attributes": ["brightness", "colours", "errors"],
    "magnitudes": (),
    "settings": KNN,
    "test_fraction": 0.3,
    "tune": False,
    "grid": [0.0, 1.0, 0.005],
    "seed": 1,
}


def sky(n, seed, first=1):
    """Return galaxies whose colours depend on their redshift."""
    generator = np.random.default_rng(seed)
    redshift = generator.uniform(0.05, 0.5, n)
    tilt, bright = generator.normal(0, 0.1, n), generator.normal(0, 0.3, n)
    table = pandas.DataFrame({"id": np.arange(first, first + n)})
    for number, band in enumerate("griz"):
        magnitude = 18 + 3 * redshift + bright + (3 - number) * (0.3 + redshift + tilt * number)
        table[band] = magnitude + 0.02 * generator.normal(size=n)
        table[f"{band}_err"] = 0.02
    table["r_err"] = generator.uniform(0.01, 0.03, n)
    return table.assign(redshift=redshift)


def run(folder, train, test=None, threads=1, **params):
    """Run the stage, and return the folder of its files."""
    out = folder / "mine" / params.get("method", "knn")
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, table in (("train", train), ("test", test)):
        if table is not None:
            paths.append(str(folder / f"{name}.csv"))
            table.to_csv(paths[-1], index=False)
    output = {name: str(out / file) for name, file in FILES.items()}
    params = {**PARAMS, **params}
    run_catalogue.estimate_from_table(paths, **output, **params, n_threads=threads)
    return out


def metrics_of(folder):
    return json.loads((folder / "metrics.json").read_text())
