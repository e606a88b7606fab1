"""Training images through the workflow: simulated galaxies, and those of the demo's frames."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from conftest import run
from galaxies_of_frames import redshifting_job, write_seeing
from redpix.core.exceptions import InputError
from redpix.simulation import redshift_frames, redshifting
from redpix.simulation.files import read_distance
from small import configuration, copy_archive, copy_catalogue

FIELD = "9001-3-100"
SEEING = {"u": 1.456, "g": 1.378, "r": 1.3, "i": 1.235, "z": 1.248}


def test_target(tmp_path):
    settings = {"number": 12, "bands": ["g", "r"], "recipe": "simple"}
    run(tmp_path, "training_images", cores=1, name="t", training_images=settings)
    folder = tmp_path / "results/t/training_images"
    inputs, targets = (np.load(folder / f"{name}.npy") for name in ("inputs", "targets"))
    assert inputs.shape == targets.shape == (12, 60, 60, 2)
    assert inputs.max() == pytest.approx(10000, rel=1e-6)
    facts = json.loads((folder / "settings.json").read_text())
    # undone, it is what spectra and distances say
    scale = pd.read_csv(folder / "truth.csv")["scale"][0]
    assert facts["scale"] == pytest.approx(scale, rel=1e-8)
    assert (inputs / facts["scale"]).max() == pytest.approx(10000 / facts["scale"], rel=1e-6)


def job(demo, folder, **changes):
    """Return the keywords of the function for a field of the demo."""
    results = demo / "results/demo"
    write_seeing(folder / "psf.fits", SEEING, 0.396)
    params = {"z_out": [0.3, 0.4], "size": 48, "targets": "observed"}
    inputs = {
        "objects": results / "catalogue/objects.csv",
        "registered": [str(results / f"registered/{FIELD}-{band}.fits") for band in "ugriz"],
        "segments": [str(results / f"sources/{FIELD}-r.seg.fits")],
        "psfs": [str(folder / "psf.fits")],
    }
    return redshifting_job(folder, inputs, list("ugriz"), [FIELD], **params | changes)


def test_galaxies_of_frames(demo, tmp_path):
    redshift_frames.redshift_galaxies(**job(demo, tmp_path))
    names = ("inputs", "input_errors", "targets", "target_errors")
    inputs, input_errors, targets, target_errors = (
        np.load(tmp_path / f"{name}.npy") for name in names
    )
    truth = pd.read_csv(tmp_path / "truth.csv")
    assert inputs.shape == targets.shape == input_errors.shape == (3, 48, 48, 5)
    assert np.isfinite(targets).all()
    known = np.isfinite(target_errors)
    # nothing is known beyond the edges of the shrunk input
    assert np.isinf(target_errors[:, 0]).all()
    assert np.all(targets[~known] == 0)
    assert known[:, 22:26, 22:26].all()
    shrunk = (48 * truth["size_factor"].to_numpy()) ** 2
    assert np.all(known[..., 2].sum(axis=(1, 2)) < shrunk)
    assert np.all(known[..., 2].sum(axis=(1, 2)) > 0.3 * shrunk)
    distance = read_distance("Planck18")
    assert truth["size_factor"].to_numpy() == pytest.approx(
        redshifting.size_factor(distance, truth["z_in"], truth["z_out"]), rel=1e-3
    )
    # the truth of these galaxies: i and z at z_out look at what r, i and z saw before
    light, before = targets[..., 3].sum(axis=(1, 2)), inputs[..., 2].sum(axis=(1, 2))
    dimming = redshifting.flux_factor(distance, truth["z_in"], truth["z_out"])
    assert light / before / dimming == pytest.approx(np.full(3, 1.1), abs=0.5)
    # the sky is as noisy as its error says, and as that of the input
    for k in range(3):
        seen = np.isfinite(input_errors[k, ..., 2])
        sky = np.percentile(input_errors[k, ..., 2][seen], 10)
        assert target_errors[k, ..., 2].min() == pytest.approx(sky, rel=0.15)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"z_in": [4.0, 5.0]}, "no galaxy with a redshift from 4 to 5"),
        ({"z_out": [0.01, 0.02]}, "z_out: 0.02 with z_in"),
        ({"targets": "psf_free"}, "psf_free with origin frames"),
        ({"seeing": [0.1] * 5}, "galaxy .*: a PSF of .* raise training_images.seeing"),
        ({"size": 3000}, "no galaxy found in the images has 3000 pixels around it"),
    ],
)
def test_what_cannot_be_is_named(demo, tmp_path, changes, words):
    with pytest.raises(InputError, match=words):
        redshift_frames.redshift_galaxies(**job(demo, tmp_path, **changes))
    assert not list(tmp_path.glob("*.npy"))


@pytest.fixture(scope="module")
def gathered(demo, tmp_path_factory):
    """Folder of a run that shows galaxies of gathered frames, and its settings."""
    folder = tmp_path_factory.mktemp("gathered")
    (folder / "shards").mkdir()
    (folder / "shards/9001-3").symlink_to(demo)
    settings = configuration(
        copy_archive(demo, folder, [FIELD], "ugriz"), copy_catalogue(demo, folder, [FIELD]), "ugriz"
    )
    settings |= {"name": "demo", "fields": [FIELD], "gather": "shards"}
    training = {"origin": "frames", "number": 2, "z_in": [0.05, 0.2], "size": 40}
    run(folder, "training_images", **settings, training_images=training)
    return folder, settings, training


def test_frames_of_shards_are_not_made_again(gathered):
    folder, _, _ = gathered
    results = folder / "results/demo"
    assert np.load(results / "training_images/targets.npy").shape == (2, 40, 40, 5)
    assert {path.name for path in (results / "injection/psf").iterdir()} == {f"{FIELD}.fits"}
    for stage in ("frames", "errors", "registered", "sources"):
        assert not list((results / stage).glob("*.fits"))


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ({"magnitude": [15, 16], "radius": [0.3, 0.4], "noise": [0.1] * 5}, False),
        ({"spectra": ["CWW_E"], "profile": "sersic", "inputs": "noiseless"}, False),
        ({"bands": ["r"], "pixel_scale": 0.5}, False),
        ({"z_out": [0.3, 0.5]}, True),
        ({"targets": "observed"}, True),
    ],
)
def test_galaxies_of_frames_are_made_again_for_what_they_depend_on(gathered, change, again):
    folder, settings, training = gathered
    words = run(folder, "training_images", "-n", **settings, training_images=training | change)
    assert bool(re.search(r"^training_images +1$", words, re.MULTILINE)) == again
