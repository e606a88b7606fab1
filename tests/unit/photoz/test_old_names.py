"""Old names of learners run mdn, and say so."""

import logging

import numpy as np
import pandas
import pytest
from redpix.config import run_settings
from redpix.core.exceptions import InputError
from redpix.photoz import pdf
from redpix.photoz.learners.mdn import MDN
from redpix.photoz.methods import METHODS, OLD_NAMES, warn_of_old_names
from table_runs import run, sky

MDN_SETTINGS = {"networks": 5, "steps": 60, "seed": 1, "arrays": "numpy"}


@pytest.mark.parametrize("name", OLD_NAMES)
def test_settings_are_those_of_mdn(name):
    mdn = {"networks": 6, "steps": 100}
    old = {"mlp": {"networks": None, "penalty": 1.0}, "boosting": {"trees": 300, "vectors": 100}}
    config = {"photoz": {"mdn": mdn, **old}, "seed": 3, "arrays": "numpy"}
    found = run_settings.learner_settings(config, name)
    assert found == run_settings.learner_settings(config, "mdn")
    assert METHODS[name] is MDN


def test_an_old_name_runs_mdn_and_says_so(tmp_path, caplog):
    train, test = sky(150, 1), sky(40, 2, first=1001)
    found = []
    for name in ("boosting", "mdn"):
        out = run(tmp_path / name, train, test, method=name, settings=MDN_SETTINGS)
        found.append(pandas.read_csv(out / "objects.csv"))
    pandas.testing.assert_frame_equal(*found)
    lines = [record for record in caplog.records if "photoz: boosting is gone" in record.message]
    assert [record.levelno for record in lines] == [logging.WARNING]


def test_members_are_told_and_new_names_are_not():
    lines = []
    warn_of_old_names("ensemble", {"members": {"knn": {}, "mlp": {}}}, lines.append)
    warn_of_old_names("mdn", {}, lines.append)
    assert len(lines) == 1
    assert "mlp is the old name of mdn" in lines[0]


def test_a_model_of_boosted_trees_is_refused():
    with pytest.raises(InputError, match="boosted trees.*train one of mdn"):
        MDN.from_arrays({"z_left": np.zeros(3)}, pdf.make_grid(0.0, 1.0, 0.1))
