import numpy as np
import pytest
from redpix.core.exceptions import InputError
from redpix.simulation import network, redshifting
from redpix.simulation.files import read_distance
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
