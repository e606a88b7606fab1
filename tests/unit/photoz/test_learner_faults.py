"""Bad tables for every learner: an error or a warning names the fault."""

import json

import numpy as np
import pandas
import pytest
from redpix.core.exceptions import InputError
from test_run_catalogue import SETTINGS, metrics_of, run, sky

METHODS = tuple(SETTINGS)
EVERY = pytest.mark.parametrize("method", METHODS)


def learn(folder, method, train, test=None, **asked):
    asked = {"method": method, "settings": SETTINGS[method], **asked}
    return run(folder, train, test, **asked)


@EVERY
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t[:12], r"(photoz\.k|photoz\.methods): .* training galaxies the smallest"),
        (
            lambda t: t.assign(
                r=t["r"].where(t.index < 9), redshift=t["redshift"].where(t.index > 8)
            ),
            r"train\.csv: r: measured for no object with a redshift",
        ),
        (
            lambda t: t.assign(**{c: np.nan for c in t if c not in ("id", "redshift")}),
            r"train\.csv: g, r, i, z, g_err, .*: measured for no object",
        ),
        (lambda t: t.assign(redshift=np.nan), r"train\.csv: no object has a redshift"),
        (lambda t: t.assign(i=t["redshift"] * 2 + 15), "is the redshift under another name"),
        (lambda t: t.assign(i_err=np.exp(-t["redshift"])), "log_error_i is the redshift"),
        (lambda t: t.assign(redshift=0.2), r"train\.csv: one redshift only, 0\.2, among"),
        (lambda t: t.assign(id=t["id"] + 900), r"test\.csv: shares 15 objects with .*train\.csv"),
        (
            lambda t: t.assign(**{b + s: 0.5 for b in "griz" for s in ("", "_err")}),
            r"train\.csv: every magnitude is constant: g, r, i, z",
        ),
    ],
)
def test_errors(tmp_path, method, change, message):
    with pytest.raises(InputError, match=message) as caught:
        learn(tmp_path, method, change(sky(115, 1)), sky(30, 2, first=1001))
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("mine/*/*"))


@EVERY
@pytest.mark.parametrize("code", [np.nan, -9999.0])
def test_a_band_without_values_is_left_out(tmp_path, method, code, caplog):
    tables = [sky(115, 1).assign(r=code), sky(30, 2, first=1001).assign(r=code)]
    found = learn(tmp_path, method, *tables)
    assert "train.csv: r: no object has a value, so these columns are not used" in caplog.text
    assert metrics_of(found)["input"][0]["magnitudes"] == ["g", "i", "z"]
    assert np.isfinite(pandas.read_csv(found / "objects.csv")["z_phot"]).all()


def test_another_redshift_is_left_out_and_a_missing_error_is_filled(tmp_path):
    """The column redshift is the truth; zspec has its values and must not be an attribute."""
    train = sky(115, 1).assign(i_err=np.nan)
    train["zspec"], train["zspec_err"] = train["redshift"], 0.001
    test = sky(30, 2, first=1001).assign(zspec=0.1, zspec_err=0.001)
    metrics = metrics_of(learn(tmp_path, "knn", train, test))
    train_input = metrics["input"][0]
    assert train_input["redshift"] == "redshift"
    assert train_input["magnitudes"] == ["g", "r", "i", "z"]
    assert train_input["errors_filled"] == {"i": 115}


@EVERY
def test_one_class_a_constant_attribute_and_few_tested(tmp_path, method, caplog):
    train, test = sky(140, 1), sky(6, 2, first=1001)
    for table in (train, test):
        table["g_err"] = 0.02
        table["class"] = "GALAXY"
    test.loc[:1, "r"] = np.nan
    found = learn(tmp_path, method, train, test)
    assert "train.csv: constant, so useless as attributes: log_error_g" in caplog.text
    assert "one class only among the training objects (GALAXY)" in caplog.text
    told = metrics_of(found)
    assert told["objects"]["nmad"] is None
    assert told["objects"]["reason"].endswith("at least 10 are needed")
    assert told["classification"]["accuracy"] is None
    table = pandas.read_csv(found / "objects.csv")
    assert table[["p_galaxy", "p_star", "class_phot"]].isna().all(axis=None)
    assert np.isfinite(table["z_phot"]).all()


@EVERY
def test_classes_have_probabilities(tmp_path, method):
    """Stars are bluer by a magnitude, quasars redder."""
    tables = []
    for seed, first, count in ((1, 1, 330), (2, 1001, 90)):
        table = sky(count, seed, first=first)
        kind = np.arange(count) % 3
        table["g"] += np.array([0, 2.0, -2.0])[kind]
        table["class"] = np.array(["GALAXY", "QSO", "STAR"])[kind]
        table.loc[table["class"] == "STAR", "redshift"] = 0.0
        tables.append(table)
    found = learn(tmp_path, method, *tables)
    told = metrics_of(found)["classification"]
    assert told["n"] == 90
    assert told["accuracy"] > 0.9
    table = pandas.read_csv(found / "objects.csv")
    columns = ["p_galaxy", "p_qso", "p_star"]
    assert table[columns].sum(axis=1).to_numpy() == pytest.approx(1, abs=2e-4)
    largest = np.array(["GALAXY", "QSO", "STAR"])[table[columns].to_numpy().argmax(axis=1)]
    assert np.mean(largest == table["class_phot"]) > 0.99


def test_no_number_without_meaning_in_what_is_written(tmp_path):
    """Every number of a run on few objects is finite or null."""
    for method in ("knn", "tpz", "som"):
        settings = {**SETTINGS[method], **({"k": 5} if method == "knn" else {})}
        found = run(tmp_path, sky(30, 1), sky(3, 2, first=1001), method=method, settings=settings)
        text = (found / "metrics.json").read_text()
        assert json.loads(text)
        assert "NaN" not in text
        assert "Infinity" not in text
