"""Train a small network on training images and measure it on galaxies held out."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from redpix.core.atomic_files import atomic, write_text
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.simulation import network, redshifting
from redpix.simulation.files import read_distance


def summary(predicted, targets, bands):
    """Median errors of images and fluxes."""
    image, flux = network.errors(predicted, targets)
    return {
        "image": float(np.median(image)),
        "flux": {band: float(np.median(np.abs(flux[:, k]))) for k, band in enumerate(bands)},
    }


def main(snakemake):
    params, inputs, output = snakemake.params, snakemake.input, snakemake.output
    before, targets = (np.load(inputs[name], mmap_mode="r") for name in ("inputs", "targets"))
    truth = pd.read_csv(inputs.truth)
    settings = json.loads(Path(inputs.settings).read_text(encoding="utf-8"))
    if settings["recipe"] != "physical":
        raise InputError(
            f"network: training images of recipe {settings['recipe']}; allowed: simulated galaxies "
            "of the physical recipe"
        )
    z_in, z_out = truth["z_in"].to_numpy(), truth["z_out"].to_numpy()
    dimming = redshifting.flux_factor(read_distance(settings["cosmology"]), z_in, z_out)
    learn, test = network.split(len(truth), params.held_out, params.seed)
    resampled = network.plain(before, truth["size_factor"].to_numpy(), dimming)
    trained = network.train(
        *(resampled, np.array(targets), z_in, z_out, learn, test, params.epochs, params.seed)
    )
    bands = settings["bands"]
    metrics = {
        "learnt_from": len(learn),
        "held_out": len(test),
        "device": trained.device,
        "losses": trained.losses,
        "network": summary(trained.predictions, targets[test], bands),
        "plain_resampling": summary(resampled[test], targets[test], bands),
    }
    for name in ("network", "plain_resampling"):
        log.info("%s: %s", name, metrics[name])
    for path, array in ((output.predictions, trained.predictions), (output.plain, resampled[test])):
        with atomic(path) as temporary:
            np.save(temporary, array)
    with atomic(output.held_out) as temporary:
        truth.iloc[test].to_csv(temporary, index=False)
    with atomic(output.weights) as temporary:
        np.savez(temporary, **trained.weights)
    write_text(output.metrics, json.dumps(metrics, indent=1) + "\n")
