import json

import numpy as np
import pandas as pd
import pytest
from redpix.core.exceptions import InputError
from redpix.simulation import network, redshifting
from redpix.simulation.files import read_distance
from redpix.simulation.train_network import train_network
from test_make_training_images import run


def test_plain_resampling_keeps_the_light():
    axis = np.arange(61) - 30.0
    gauss = np.exp(-(axis**2 + axis[:, None] ** 2) / (2 * 6.0**2))[None, ..., None]
    found = network.plain(gauss, np.array([0.5]), np.array([0.1]))
    assert found.sum() == pytest.approx(0.1 * gauss.sum(), rel=1e-3)
    small = np.exp(-(axis**2 + axis[:, None] ** 2) / (2 * 3.0**2))
    assert found[0, ..., 0] / found.max() == pytest.approx(small, abs=0.02)


def test_split():
    learn, test = network.split(50, 0.2, 3)
    assert len(test) == 10
    assert np.array_equal(np.sort(np.concatenate([learn, test])), np.arange(50))
    with pytest.raises(InputError, match="network.held_out: 0.9 of 1 galaxies"):
        network.split(1, 0.9, 3)


def test_errors():
    truth = np.ones((2, 4, 4, 3))
    image, flux = network.errors(1.1 * truth, truth)
    assert image == pytest.approx(0.1)
    assert flux == pytest.approx(np.full((2, 3), 0.1))


def test_files_of_the_network(tmp_path, monkeypatch):
    """A network that predicts the targets, in place of a trained one, has error 0."""
    made = run(tmp_path / "a", number=5, bands=["g", "r"])

    def train(resampled, targets, z_in, z_out, learn, test, epochs, seed):
        return network.Trained(targets[test], [1.0] * epochs, {"bias": np.zeros(2)}, "cpu")

    monkeypatch.setattr(network, "train", train)
    names = {"predictions": "npy", "plain": "npy", "weights": "npz", "held_out_truth": "csv"}
    train_network(
        inputs=tmp_path / "a/inputs.npy",
        targets=tmp_path / "a/targets.npy",
        truth=tmp_path / "a/truth.csv",
        settings=tmp_path / "a/settings.json",
        **{name: tmp_path / f"{name}.{suffix}" for name, suffix in names.items()},
        metrics=tmp_path / "metrics.json",
        held_out=0.4,
        epochs=3,
        seed=1,
    )
    test = pd.read_csv(tmp_path / "held_out_truth.csv")["id"]
    assert len(test) == 2
    assert np.array_equal(np.load(tmp_path / "predictions.npy"), made["targets"][test])
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["learnt_from"] == 3
    assert metrics["losses"] == [1.0] * 3
    assert metrics["network"] == {"image": 0, "flux": {"g": 0, "r": 0}}
    plain, _ = network.errors(np.load(tmp_path / "plain.npy"), made["targets"][test])
    assert metrics["plain_resampling"]["image"] == pytest.approx(np.median(plain))
    assert metrics["plain_resampling"]["image"] > 0


def test_a_network_beats_plain_resampling(tmp_path):
    """Compare on held-out galaxies; a second training gives the same losses."""
    pytest.importorskip("torch", reason="PyTorch is optional")
    made = run(tmp_path / "a", number=80, bands=["g", "r"], size=42, radius=[0.2, 0.4])
    truth = made["truth"]
    dimming = redshifting.flux_factor(read_distance("Planck18"), truth["z_in"], truth["z_out"])
    resampled = network.plain(made["inputs"], truth["size_factor"], dimming)
    learn, test = network.split(len(truth), 0.25, 1)
    z_in, z_out = truth["z_in"].to_numpy(), truth["z_out"].to_numpy()
    arguments = (resampled, made["targets"], z_in, z_out, learn, test)
    trained = network.train(*arguments, 12, 1)
    assert trained.losses[-1] < 0.3 * trained.losses[0]
    targets = made["targets"][test]
    ours, _ = network.errors(trained.predictions, targets)
    plain, _ = network.errors(resampled[test], targets)
    assert np.median(ours) < 0.5 * np.median(plain)
    again = network.train(*arguments, 1, 1).losses[0]
    assert again == network.train(*arguments, 1, 1).losses[0]
