"""Train a small network on training images and measure it on held-out galaxies."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from redpix.core.atomic_files import atomic, write_json
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.simulation import network, redshifting
from redpix.simulation.array_files import save_array
from redpix.simulation.files import read_distance


def median_errors(predicted, targets, bands):
    """Return the median errors of images and of fluxes.

    Parameters
    ----------
    predicted, targets : ndarray, shape (n, ny, nx, c)
        Predicted and true images.
    bands : sequence of str
        Names of the bands.

    Returns
    -------
    dict
        image : float, and flux : dict of band to float; see `redpix.simulation.network.errors`.
    """
    image, flux = network.errors(predicted, targets)
    return {
        "image": float(np.median(image)),
        "flux": {band: float(np.median(np.abs(flux[:, k]))) for k, band in enumerate(bands)},
    }


def read_settings(path):
    """Read the description of training images; refuse those of another recipe than physical.

    Parameters
    ----------
    path : str
        settings.json.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        If the recipe is not "physical".
    """
    settings = json.loads(Path(path).read_text(encoding="utf-8"))
    if settings["recipe"] != "physical":
        raise InputError(
            f"network: training images of recipe {settings['recipe']}; allowed: simulated galaxies "
            "of the physical recipe"
        )
    return settings


def resample(inputs, truth, cosmology):
    """Bring the inputs to z_out by plain resampling.

    Parameters
    ----------
    inputs : str
        Training images at z_in, shape (n, ny, nx, c).
    truth : DataFrame
        z_in, z_out and size_factor.
    cosmology : str
        Name or table of the cosmology.

    Returns
    -------
    ndarray, shape (n, ny, nx, c), float32
    """
    images = np.load(inputs, mmap_mode="r")
    z_in, z_out = truth["z_in"].to_numpy(), truth["z_out"].to_numpy()
    dimming = redshifting.flux_factor(read_distance(cosmology), z_in, z_out)
    return network.plain(images, truth["size_factor"].to_numpy(), dimming)


def write_metrics(path, trained, learnt_from, held_out, scores):
    """Write and log the metrics.

    Parameters
    ----------
    path : str
        JSON that is written.
    trained : redpix.simulation.network.Trained
        Result of the training.
    learnt_from, held_out : int
        Numbers of galaxies in the training set and held out.
    scores : dict of str to dict
        Median errors of the network and of plain resampling.
    """
    for name, score in scores.items():
        log.info("%s: %s", name, score)
    metrics = {
        "learnt_from": learnt_from,
        "held_out": held_out,
        "device": trained.device,
        "losses": trained.losses,
        **scores,
    }
    write_json(path, metrics)


def train_network(
    inputs,
    targets,
    truth,
    settings,
    predictions,
    plain,
    held_out_truth,
    weights,
    metrics,
    held_out=0.2,
    epochs=30,
    seed=0,
):
    """Train the network, predict the held-out galaxies and write the results.

    Parameters
    ----------
    inputs, targets : str
        Training images, shape (n, ny, nx, c).
    truth, settings : str
        CSV and JSON that belong to the training images.
    predictions, plain : str
        Arrays that are written: held-out galaxies by the network, and by plain resampling.
    held_out_truth : str
        CSV that is written: the truth of the held-out galaxies.
    weights : str
        Weights that are written, as npz.
    metrics : str
        JSON that is written: losses and median errors.
    held_out : float, optional
        Fraction of the galaxies that is held out.
    epochs, seed : int, optional
        Number of passes over the training set, and seed of the random numbers.

    Raises
    ------
    InputError
        If the training images cannot be used, or PyTorch is not installed.
    """
    true_images = np.load(targets, mmap_mode="r")
    table, facts = pd.read_csv(truth), read_settings(settings)
    z_in, z_out = table["z_in"].to_numpy(), table["z_out"].to_numpy()
    learn, test = network.split(len(table), held_out, seed)
    resampled = resample(inputs, table, facts["cosmology"])
    trained = network.train(
        resampled, np.array(true_images), z_in, z_out, learn, test, epochs, seed
    )
    save_array(predictions, trained.predictions)
    save_array(plain, resampled[test])
    with atomic(held_out_truth) as temporary:
        table.iloc[test].to_csv(temporary, index=False)
    with atomic(weights) as temporary:
        np.savez(temporary, **trained.weights)
    results = {"network": trained.predictions, "plain_resampling": resampled[test]}
    scores = {
        name: median_errors(images, true_images[test], facts["bands"])
        for name, images in results.items()
    }
    write_metrics(metrics, trained, len(learn), len(test), scores)
