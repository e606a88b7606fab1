"""Section of the report on training images: galaxies, their fluxes and sizes, the network."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from redpix.report.figures import data_uri
from redpix.report.training_plots import SHOWN, pair_figure, residual_figure, theory_figure
from redpix.report.training_theory import check_stamps, measure_stamps


def show_training(paths, network=()):
    """Return figures, facts and checks of training images, or None without training images.

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
    theory = measure_stamps(inputs, targets, truth, settings) if physical else None
    first = slice(0, min(SHOWN, len(truth)))
    pairs = pair_figure(
        inputs[first],
        targets[first],
        z_in=truth["z_in"][first],
        z_out=truth["z_out"][first],
        wavelengths=settings["wavelengths"],
    )
    return {
        "checks": check_stamps(inputs, targets, theory, read_network(network)),
        "facts": {
            "galaxies": f"{len(truth):,}",
            "recipe": settings["recipe"],
            "bands": ", ".join(settings["bands"]),
            "stamp": f"{inputs.shape[1]} × {inputs.shape[2]} pixels of "
            f"{settings['pixel_scale'][0]:g}″",
            "inputs": settings["inputs"],
            "targets": settings["targets"],
            "cosmology": settings["cosmology"],
            "unit": in_unit(settings["scale"]),
        },
        "pairs": data_uri(pairs, photograph=True),
        "theory": data_uri(theory_figure(*theory)) if theory else None,
        "network": show_network(network, targets, settings["bands"]) if network else None,
    }


def in_unit(scale):
    """Return the unit of the stamps in words.

    Parameters
    ----------
    scale : float
        Factor of all stamps.

    Returns
    -------
    str
    """
    return "nanomaggies" if scale == 1 else f"nanomaggies times {scale:.6g}"


def read_network(paths):
    """Return the metrics of the network, or None without a network.

    Parameters
    ----------
    paths : sequence of str
        metrics.json and other files of the network, or empty.

    Returns
    -------
    dict or None
    """
    path = next((path for path in map(Path, paths) if path.name == "metrics.json"), None)
    return json.loads(path.read_text(encoding="utf-8")) if path else None


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
    metrics = read_network(paths)
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
