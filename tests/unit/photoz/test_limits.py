"""Upper limits stand for the magnitudes of faint objects, and for no others."""

import json

import numpy as np
import pandas
import pytest
from redpix.photoz.limits import POGSON, Limits
from redpix.photoz.missing_bands import Donors
from table_runs import metrics_of, run

#: flux errors of three bands; the first is shallow
NOISE = np.array([0.5, 0.02, 0.02])
MDN = {"networks": 5, "steps": 300, "seed": 1, "arrays": "numpy"}


def photometry(n, seed):
    """Return magnitudes of galaxies whose first flux is often not positive, errors, redshifts."""
    generator = np.random.default_rng(seed)
    redshift = generator.uniform(0.1, 0.6, n)
    bright = generator.uniform(-1.5, 1.5, n)
    colours = np.stack([4 * redshift - 0.5, np.zeros(n), -redshift], axis=1)
    flux = 10 ** (-0.4 * (bright[:, None] + colours)) + NOISE * generator.normal(size=(n, 3))
    magnitudes = np.where(flux > 0, -2.5 * np.log10(np.maximum(flux, 1e-9)), np.nan)
    errors = np.where(flux > 0, POGSON * NOISE / np.maximum(flux, 1e-9), np.nan)
    return magnitudes, errors, redshift


def fitted(magnitudes, errors):
    donors = Donors(magnitudes, errors)
    return Limits.fit(magnitudes, errors, donors), donors


def test_the_noise_is_that_of_the_fluxes():
    magnitudes, errors, _ = photometry(2000, 1)
    limits, donors = fitted(magnitudes, errors)
    assert limits.bands == [0]
    assert limits.noise[0] == pytest.approx(-2.5 * np.log10(0.5), abs=1e-6)
    filled, filled_errors, limited = limits.fill(magnitudes, errors, donors)
    lacking = np.isnan(magnitudes[:, 0])
    assert 200 < lacking.sum() < 1000
    assert limited[lacking, 0].mean() > 0.9
    assert not limited[~lacking].any()
    flux = 10 ** (-0.4 * filled[limited])
    assert flux == pytest.approx(0.05)
    assert flux * filled_errors[limited] / POGSON == pytest.approx(0.5)
    np.testing.assert_array_equal(filled[~limited], magnitudes[~limited])


def test_bands_that_bright_objects_lack_have_no_limits():
    magnitudes, errors, _ = photometry(2000, 1)
    magnitudes, errors = magnitudes[:, 1:], errors[:, 1:]
    magnitudes[np.random.default_rng(2).random(2000) < 0.2, 1] = np.nan
    assert fitted(magnitudes, errors)[0].bands == []
    assert fitted(magnitudes, errors[:, :0])[0].bands == []


def test_a_bright_object_and_one_that_lacks_another_band_are_completed():
    limits, donors = fitted(*photometry(2000, 1)[:2])
    magnitudes = np.array([[np.nan, -3.0, -3.1], [np.nan, 1.4, np.nan], [np.nan, 1.4, 0.9]])
    limited = limits.fill(magnitudes, np.full((3, 3), 0.05), donors)[2]
    assert limited.tolist() == [[False] * 3, [False] * 3, [True, False, False]]


def test_limits_pass_through_json():
    limits = fitted(*photometry(2000, 1)[:2])[0]
    assert Limits.of(json.loads(json.dumps(limits.noise))) == limits
    assert Limits.of(()).bands == []


def table(n, seed, first=1):
    magnitudes, errors, redshift = photometry(n, seed)
    columns = {"id": np.arange(first, first + n), "redshift": redshift}
    for number, band in enumerate("gri"):
        columns[band] = np.where(np.isnan(magnitudes[:, number]), 99, 22 + magnitudes[:, number])
        # some surveys give the limiting magnitude as the error of what they do not detect
        columns[f"{band}_err"] = np.where(np.isnan(errors[:, number]), 26.6, errors[:, number])
    return pandas.DataFrame(columns)


def test_a_table_and_a_model_that_travels_use_the_limits(tmp_path):
    train, test = table(600, 1), table(200, 2, first=1001)
    settings = {"method": "mdn", "settings": MDN}
    out = run(tmp_path / "one", train, test, **settings)
    counts = metrics_of(out)["limits"]
    assert counts["test"]["g"] >= 0.9 * (test["g"] == 99).sum() > 10
    assert metrics_of(out)["completed"]["test"]["objects"] <= 0.1 * (test["g"] == 99).sum()
    again = run(tmp_path / "two", test, trained_model=str(out / "model.npz"), **settings)
    assert metrics_of(again)["limits"]["test"] == counts["test"]
    assert metrics_of(again)["objects"] == metrics_of(out)["objects"]
    found = pandas.read_csv(out / "objects.csv").set_index("object_id").loc[test["id"]]
    lacking = (test["g"] == 99).to_numpy()
    dz = (found["z_phot"] - found["redshift"])[lacking]
    assert dz.std() < 0.8 * found["redshift"][lacking].std()
    # the code in the column of errors is not used
    other = test.assign(g_err=np.where(lacking, 3.0, test["g_err"]))
    same = run(tmp_path / "three", other, trained_model=str(out / "model.npz"), **settings)
    assert metrics_of(same)["objects"] == metrics_of(again)["objects"]


def test_other_learners_complete(tmp_path):
    found = metrics_of(run(tmp_path, table(300, 1), table(60, 2, first=1001)))
    assert found["limits"] == {"train": {}, "test": {}}
    assert found["completed"]["test"]["g"] > 5
