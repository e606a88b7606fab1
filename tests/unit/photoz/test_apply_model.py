"""A model that one table has trained predicts another one, and refuses what it cannot predict."""

import json
import re

import numpy as np
import pandas
import pytest
from redpix.core.exceptions import InputError
from redpix.photoz.files import read_model
from test_run_catalogue import SETTINGS, metrics_of, run, sky


@pytest.fixture(scope="module", params=["knn", "ensemble"])
def trained(request, tmp_path_factory):
    """Train on one table, and predict a second one in the same run."""
    method, folder = request.param, tmp_path_factory.mktemp("trained")
    settings = {"method": method, "settings": SETTINGS[method]}
    return run(folder, sky(300, 1), sky(100, 2, first=1001), **settings), settings


def apply(folder, model, table, **params):
    return run(folder, table, trained_model=str(model / "model.npz"), **params)


def test_another_table_gets_the_redshifts_of_the_run_that_trained(trained, tmp_path):
    first, settings = trained
    out = apply(tmp_path, first, sky(100, 2, first=1001), **settings)
    found, expected = (pandas.read_csv(one / "objects.csv") for one in (out, first))
    expected = expected[expected["split"] == "test"].reset_index(drop=True)
    columns = [c for c in found if c not in ("outside",)]
    pandas.testing.assert_frame_equal(found[columns], expected[columns])
    metrics = metrics_of(out)
    assert metrics["objects"] == metrics_of(first)["objects"]
    assert metrics["cross_validation"] == metrics_of(first)["cross_validation"]
    assert metrics["split"]["train"]["objects"] == 300
    again = read_model(out / "model.npz")
    assert again.origin.columns == read_model(first / "model.npz").origin.columns


def test_objects_outside_the_training_range_are_flagged(trained, tmp_path):
    first, settings = trained
    table = sky(60, 2, first=1001)
    table.loc[:9, list("griz")] += 6
    found = pandas.read_csv(apply(tmp_path, first, table, **settings) / "objects.csv")
    assert (found["outside"][:10] == 1).all()
    assert found["outside"][10:].mean() < 0.2


def test_a_table_in_another_unit_is_told(trained, tmp_path, caplog):
    first, settings = trained
    table = sky(60, 2, first=1001)
    table["g"] += 0.5
    table["r_err"] *= 1000
    out = apply(tmp_path, first, table, **settings)
    shift, words = metrics_of(out)["compared"]["g-r"]["shift"], metrics_of(out)["warnings"]
    assert shift == pytest.approx(0.5, abs=0.15)
    factor = re.search(r"r_err \((\d+) times larger\): check the unit", " ".join(words))
    assert float(factor[1]) == pytest.approx(1000, rel=0.2)
    assert "its distribution differs from that of the training table in" in caplog.text


def test_missing_bands_are_completed_from_the_training_objects_of_the_model(trained, tmp_path):
    first, settings = trained
    table = sky(60, 2, first=1001).drop(columns=["redshift"])
    truth = sky(60, 2, first=1001)["redshift"]
    table.loc[::3, "r"] = np.nan
    out = apply(tmp_path, first, table, **settings)
    found = pandas.read_csv(out / "objects.csv")
    assert (found["split"] == "target").all()
    assert np.abs(found["z_phot"] - truth).mean() < 0.05
    assert metrics_of(out)["completed"]["test"]["r"] == 20


def test_other_bands_are_refused_unless_they_are_named(trained, tmp_path):
    first, settings = trained
    table = sky(40, 2, first=1001)
    other = table.rename(columns={"i": "Imag", "i_err": "Imag_err"})
    with pytest.raises(InputError, match=r"train\.csv: no column i, which the training table has"):
        apply(tmp_path, first, other, **settings)
    named = {"magnitudes": ("g", "r", "Imag", "z")}
    errors = {"names": {"errors": ("g_err", "r_err", "Imag_err", "z_err")}}
    out = apply(tmp_path / "named", first, other, **settings, **named, **errors)
    plain = apply(tmp_path / "plain", first, table, **settings)
    found, expected = (pandas.read_csv(one / "objects.csv") for one in (out, plain))
    assert np.array_equal(found["z_phot"], expected["z_phot"])
    with pytest.raises(InputError, match=r"npz: trained on g, r, i, z, but the list names g"):
        apply(tmp_path, first, table, **settings, magnitudes=("g", "r"))


def test_another_method_is_refused(trained, tmp_path):
    first, settings = trained
    other = {"method": "tpz", "settings": SETTINGS["tpz"]}
    with pytest.raises(InputError, match=f"trained with method {settings['method']}, but"):
        apply(tmp_path, first, sky(40, 2), **other)


def test_a_damaged_origin_is_refused(trained, tmp_path):
    first, settings = trained
    arrays = dict(np.load(first / "model.npz"))
    for name in ("origin_low", "origin_errors", "origin_magnitudes"):
        folder = tmp_path / name
        folder.mkdir()
        np.savez(folder / "model.npz", **{**arrays, name: np.zeros(3)})
        with pytest.raises(InputError, match="model.npz: cannot be read as a model"):
            read_model(folder / "model.npz")
    about = json.loads(str(arrays["about"]))
    about["origin"]["columns"] = 3
    np.savez(tmp_path / "model.npz", **{**arrays, "about": np.array(json.dumps(about))})
    with pytest.raises(InputError, match="model.npz: cannot be read as a model"):
        read_model(tmp_path / "model.npz")


def refusal(path):
    """Return the message of an InputError, or None if the model can be read."""
    try:
        read_model(path)
    except InputError as error:
        return str(error)
    return None


DAMAGES = {
    "absent": lambda array: None,
    "other shape": lambda array: np.zeros(3),
    "empty": lambda array: np.zeros((0, *array.shape[1:])),
    "text": lambda array: array.astype("U8"),
    "not a number": lambda array: np.full(array.shape, np.nan),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_one_line_when_the_model_is_read(trained, tmp_path, damage):
    first, _ = trained
    arrays, path = dict(np.load(first / "model.npz")), tmp_path / "model.npz"
    refused = 0
    for name in arrays:
        damaged = {**arrays, name: DAMAGES[damage](arrays[name])}
        np.savez(path, **{key: value for key, value in damaged.items() if value is not None})
        message = refusal(path)
        refused += message is not None
        assert message is None or message.startswith(f"{path}: ")
        assert "\n" not in (message or "")
    assert refused > 0.3 * len(arrays)
