"""Settings that follow from the configuration."""

import pytest
from conftest import ROOT
from redpix.config import run_settings
from redpix.core.exceptions import InputError

SCHEMA = run_settings.read_schema(ROOT / "workflow/schemas/config.schema.yaml")
EPOCHS = {"9001-3-100": 1, "9002-4-57": 1, "9003-3-101": 2}
DEMO = {"name": "x", "source": "demo"}


def completed(**keys):
    return run_settings.completed({**DEMO, **keys}, SCHEMA, EPOCHS)


def test_fields_of_the_demo_must_be_its_own():
    assert completed(fields=["9002-4-57"])["fields"] == ["9002-4-57"]
    with pytest.raises(InputError, match="fields: 1-1-1 is not a field of the demo sky; allowed"):
        completed(fields=["1-1-1"])


def test_k_is_checked_against_the_training_set_only_if_it_was_set(tmp_path):
    objects = tmp_path / "objects.csv"
    objects.write_text("id,ra,dec\n" + "".join(f"{n},1,2\n" for n in range(20)))
    catalogue = {"from": str(objects)}
    assert completed(catalogue=catalogue)["photoz"]["k"] is None
    with pytest.raises(InputError, match="photoz.k"):
        completed(catalogue=catalogue, photoz={"k": 50})


def test_training_objects_are_counted_where_they_are_known(tmp_path):
    config = completed()
    held_out = 1 - config["photoz"]["test_fraction"]
    expected = int(2 * config["demo"]["galaxies"] * held_out)
    assert run_settings.largest_training_set(config, 2) == expected
    config["catalogue"]["from"] = "skyserver"
    assert run_settings.largest_training_set(config, 2) is None
    config["photoz"]["model"] = "model.npz"
    assert run_settings.largest_training_set(config, 2) is None


def test_an_ensemble_has_the_settings_of_its_members():
    config = completed(photoz={"k": 7}, seed=3)
    members = run_settings.learner_settings(config, "ensemble")["members"]
    assert set(members) == set(config["photoz"]["ensemble"]["members"])
    assert run_settings.learner_settings(config, "knn")["k"] == 7
    assert run_settings.learner_settings(config, "tpz")["seed"] == 3


def test_neighbours_are_searched_on_the_card_that_the_arrays_lie_on():
    config = completed(arrays="torch")
    assert run_settings.learner_settings(config, "knn")["index"] == "torch"


def test_simple_photometry_searches_no_cosmic_rays():
    full, simple = completed(), completed(photometry={"mode": "simple"})
    assert run_settings.calibration_settings(full)["cosmic_rays"] is True
    assert run_settings.calibration_settings(simple)["cosmic_rays"] is False


@pytest.mark.parametrize(
    ("config", "asked"),
    [
        (completed(), "demo"),
        (completed(fields=["9002-4-57"]), None),
        (completed(demo={"shows": []}), None),
        (completed(pairs=__file__), __file__),
    ],
)
def test_a_table_is_the_user_s_or_the_demo_s(config, asked):
    def read(path, schema, bands, of_demo):
        assert schema["properties"]
        return ["demo" if of_demo else path]

    assert run_settings.table_of_run("pairs", config, ROOT, read) == ([asked] if asked else [])


def test_a_fault_of_a_table_begins_with_its_key():
    def read(*table):
        raise InputError("p.tsv: line 2: wrong\np.tsv: line 3: wrong")

    with pytest.raises(InputError, match=r"pairs: p.tsv: line 2: wrong\npairs: p.tsv: line 3"):
        run_settings.table_of_run("pairs", completed(), ROOT, read)
