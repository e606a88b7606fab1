"""Section of the report on training images: galaxies, their fluxes and sizes, the network."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from redpix.report.figures import data_uri
from redpix.report.training_plots import (
    SHOWN,
    expected_half_light,
    half_light,
    pair_figure,
    residual_figure,
    theory_figure,
)

#: maximum number of galaxies whose fluxes and sizes are measured
MEASURED = 60


def show_training(paths, network=()):
    """Return figures and facts of training images, or None without training images.

    Parameters
    ----------
    paths : sequence of str
        inputs.npy, targets.npy, truth.csv and settings.json of one folder, or empty.
    network : sequence of str
        metrics.json, predictions.npy, plain.npy and held_out.csv of the network, or empty.

    Returns
    -------
    dict or None
    """
    if not paths:
        return None
    files = {Path(path).name: path for path in paths}
    inputs, targets = (
        np.load(files[f"{name}.npy"], mmap_mode="r") for name in ("inputs", "targets")
    )
    truth = pd.read_csv(files["truth.csv"])
    settings = json.loads(Path(files["settings.json"]).read_text(encoding="utf-8"))
    physical = settings["recipe"] == "physical"
    first = slice(0, min(SHOWN, len(truth)))
    pairs = pair_figure(
        inputs[first],
        targets[first],
        z_in=truth["z_in"][first],
        z_out=truth["z_out"][first],
        wavelengths=settings["wavelengths"],
    )
    return {
        "facts": {
            "galaxies": f"{len(truth):,}",
            "recipe": settings["recipe"],
            "bands": ", ".join(settings["bands"]),
            "stamp": f"{inputs.shape[1]} × {inputs.shape[2]} pixels of "
            f"{settings['pixel_scale'][0]:g}″",
            "inputs": settings["inputs"],
            "targets": settings["targets"],
            "cosmology": settings["cosmology"],
            "scale": f"{settings['scale']:.6g}",
        },
        "pairs": data_uri(pairs, photograph=True),
        "theory": data_uri(against_theory(inputs, targets, truth, settings)) if physical else None,
        "network": show_network(network, targets, settings["bands"]) if network else None,
    }


def show_network(paths, targets, bands):
    """Return figure and errors of the network, with those of plain resampling.

    Parameters
    ----------
    paths : sequence of str
        metrics.json, predictions.npy, plain.npy and held_out.csv.
    targets : ndarray, shape (n, ny, nx, c)
        All targets.
    bands : list of str
        Names of the c bands.

    Returns
    -------
    dict
    """
    files = {Path(path).name: path for path in paths}
    metrics = json.loads(Path(files["metrics.json"]).read_text(encoding="utf-8"))
    held_out = pd.read_csv(files["held_out.csv"])["id"].to_numpy()
    images = {"target": np.asarray(targets[held_out])}
    keys = {"network": "network", "plain resampling": "plain_resampling"}
    for name, file in zip(keys, ("predictions", "plain"), strict=True):
        images[name] = np.load(files[f"{file}.npy"])
    facts = {"training set": f"{metrics['learnt_from']:,} galaxies"}
    facts["held out"] = f"{metrics['held_out']:,}"
    for name, key in keys.items():
        facts[f"error of images, {name}"] = f"{100 * metrics[key]['image']:.1f} %"
    for name, key in keys.items():
        fluxes = (f"{band} {100 * metrics[key]['flux'][band]:.1f} %" for band in bands)
        facts[f"error of fluxes, {name}"] = ", ".join(fluxes)
    figure = residual_figure(images, len(bands) // 2)
    return {"facts": facts, "residuals": data_uri(figure, photograph=True)}


def against_theory(inputs, targets, truth, settings):
    """Return the figure of fluxes and sizes of the first galaxies in the middle band.

    Parameters
    ----------
    inputs, targets : ndarray, shape (n, ny, nx, c)
        Stamps in nanomaggies.
    truth : DataFrame
        truth.csv.
    settings : dict
        settings.json.

    Returns
    -------
    Figure
    """
    number = len(settings["bands"]) // 2
    band, fwhm = settings["bands"][number], settings["seeing"][number]
    scales = settings["pixel_scale"]
    rows = truth.head(MEASURED)
    rows = rows.assign(angular_factor=rows["size_factor"] * scales[1] / scales[0])
    fluxes, sizes = {}, {}
    for name, end, array, scale in (
        ("inputs", "in", inputs, scales[0]),
        ("targets", "out", targets, scales[1]),
    ):
        stamps = np.array(array[: len(rows), ..., number], dtype=float)
        light = rows[[f"{name}_flux_{end}_{band}" for name in ("bulge", "disk")]].to_numpy()
        fluxes[f"{name}, {settings[name]}"] = (light.sum(axis=1), stamps.sum(axis=(1, 2)))
        psf = 0.0 if settings[name] == "psf_free" else fwhm
        sizes[name] = (
            [
                expected_half_light(row, end, both, psf, scale)
                for row, both in zip(rows.itertuples(), light, strict=True)
            ],
            [half_light(stamp, scale) for stamp in stamps],
        )
    return theory_figure(fluxes, sizes)
