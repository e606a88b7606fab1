"""Configuration: defaults filled in, and one line that names key, value and what is allowed."""

import copy
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from redpix.config.contradictions import training_tables
from redpix.config.schema import _completed, keys, validated
from redpix.core.exceptions import InputError

ROOT = Path(__file__).parents[3]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
DEMO = {"name": "demo", "source": "demo"}
SURVEY = {"name": "a", "source": "https://example.org/sas", "catalogue": {"from": "skyserver"}}


def complaint(config, **arguments):
    """Return the lines about a configuration that is wrong."""
    with pytest.raises(InputError) as caught:
        validated(config, SCHEMA, **arguments)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("name", ["config.yaml", "sdss.yaml"])
def test_delivered_configurations_are_valid(name):
    config = yaml.safe_load((ROOT / "config" / name).read_text())
    full = validated(config, SCHEMA)
    assert full["photoz"]["k"] is None
    assert full["catalogue"]["area"]["dec"] == [45.0, 46.0]


def test_schema_is_a_schema_and_its_defaults_are_valid():
    Draft202012Validator.check_schema(SCHEMA)
    full = validated(DEMO, SCHEMA)
    for dotted, node in keys(SCHEMA):
        value = full
        for part in dotted.split("."):
            value = value[part]
        if "default" in node:
            assert value == node["default"]
            assert Draft202012Validator(node).is_valid(value)


def test_given_keys_are_kept_and_nothing_given_is_changed():
    given = {**SURVEY, "photoz": {"k": 7}, "download": {"masks": False}}
    before = copy.deepcopy(given)
    full = validated(given, SCHEMA)
    assert given == before
    assert (full["photoz"]["k"], full["download"]["masks"]) == (7, False)
    assert full["photoz"]["test_fraction"] == 0.3
    full["bands"].append("x")
    assert validated(given, SCHEMA)["bands"] == ["u", "g", "r", "i", "z"]


def test_completed_configuration_is_valid_and_unchanged_by_another_pass():
    full = validated(SURVEY, SCHEMA)
    assert validated(full, SCHEMA) == full


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"photoz": {"k": "5"}}, 5),  # snakemake --config 'photoz={"k": 5}'
        ({"photoz": {"k": 5.0}}, 5),
        ({"photoz": {"test_fraction": "1e-1"}}, 0.1),  # text to YAML 1.1
        ({"catalogue": {"duplicate_radius": 2}}, 2.0),
        ({"photoz": {"grid": ["0", "1", "1e-2"]}}, [0.0, 1.0, 0.01]),
        ({"download": {"masks": "True"}}, True),
        ({"fields": "null"}, None),
        ({"photoz": {"model": "null"}}, None),
        ({"injection": {"psf": "1.3"}}, 1.3),
        ({"injection": {"psf": "auto"}}, "auto"),
        ({"pixels": {"reject": '["BAD"]'}}, ["BAD"]),
    ],
)
def test_values_come_out_in_their_type(change, expected):
    full = validated({**DEMO, **change}, SCHEMA)
    ((key, value),) = change.items()
    result = full[key][next(iter(value))] if isinstance(value, dict) else full[key]
    assert repr(result) == repr(expected)


@pytest.mark.parametrize(
    ("change", "key", "value", "allowed"),
    [
        # unknown keys
        ({"naem": 1}, "naem", "1", "did you mean name?"),
        (
            {"photoz": {"kk": 3}},
            "photoz.kk",
            "3",
            "allowed in photoz: methods, tables, table_attributes, k",
        ),
        ({"k": 3}, "k", "3", "did you mean photoz: {k: ...}?"),
        ({"photoz.k": 3}, "photoz.k", "3", "did you mean photoz: {k: ...}?"),
        ({True: 3}, "True", "3", "allowed: name, source"),
        # types
        ({"name": 1}, "name", "1", "put it in quotes"),
        ({"release": 17}, "release", "17", "such as dr17"),
        ({"release": "dr7"}, "release", '"dr7"', "dr8 to dr20"),
        ({"photoz": {"k": "many"}}, "photoz.k", '"many"', "a whole number not below 1"),
        ({"photoz": {"k": True}}, "photoz.k", "true", "a whole number not below 1"),
        ({"photoz": {"k": 2.5}}, "photoz.k", "2.5", "a whole number not below 1"),
        ({"photoz": None}, "photoz", "null", "test_fraction"),
        ({"bands": "r"}, "bands", '"r"', "a list of 1 or more"),
        ({"download": {"masks": "maybe"}}, "download.masks", '"maybe"', "true or false"),
        ({"sources": {"threshold": float("nan")}}, "sources.threshold", "NaN", "above 0"),
        ({"sources": {"threshold": "Infinity"}}, "sources.threshold", '"Infinity"', "above 0"),
        # values
        ({"name": "a/b"}, "name", '"a/b"', "letters, digits"),
        ({"name": "demo\n"}, "name", r'"demo\n"', "letters, digits"),
        ({"source": "ftp://x"}, "source", '"ftp://x"', "https://"),
        ({"bands": ["u", "y"]}, "bands", '"y"', "one of u, g, r, i, z"),
        ({"bands": ["u", "u"]}, "bands", '["u", "u"]', "no two the same"),
        ({"bands": []}, "bands", "[]", "a list of 1 or more"),
        ({"reference_band": "y"}, "reference_band", '"y"', "one of u, g, r, i, z"),
        ({"bands": ["g", "i"]}, "reference_band", '"r"', "one of g, i"),
        ({"fields": ["../x"]}, "fields", '"../x"', "run-camcol-field, as in 2820-3-122"),
        ({"fields": ["1-7-3"]}, "fields", '"1-7-3"', "camcol 1-6"),
        ({"fields": ["1-2-3\n"]}, "fields", r'"1-2-3\n"', "run-camcol-field"),
        ({"photoz": {"methods": ["svm"]}}, "photoz.methods", '"svm"', "one of knn, mdn, tpz"),
        (
            {"photoz": {"som": {"topology": "spherical", "size": 6}}},
            "photoz.som.size",
            "6 with photoz.som.topology spherical",
            "1, 2, 4, 8",
        ),
        ({"photoz": {"som": {"size": 1}}}, "photoz.som.size", "1 with", "2 to 64"),
        ({"photoz": {"test_fraction": 1}}, "photoz.test_fraction", "1.0", "below 1"),
        ({"photoz": {"grid": [1, 0, 0.1]}}, "photoz.grid", "[1.0, 0.0, 0.1]", "smallest below"),
        ({"photoz": {"grid": [0, 1, 0]}}, "photoz.grid", "[0.0, 1.0, 0.0]", "step above 0"),
        ({"photoz": {"grid": [0, 1, 2]}}, "photoz.grid", "[0.0, 1.0, 2.0]", "their difference"),
        ({"photoz": {"grid": [0, 1]}}, "photoz.grid", "[0.0, 1.0]", "a list of 3"),
        ({"photoz": {"model": "no.npz"}}, "photoz.model", '"no.npz"', "null, or the path"),
        ({"injection": {"galaxies": "no.csv"}}, "injection.galaxies", '"no.csv"', "demo, or the"),
        *(
            ({"training_images": {key: value}}, f"training_images.{key}", '"no.', "path of a table")
            for key, value in (
                *(("table", "no.txt"), ("cosmology", "no.csv")),
                *(("bands", ["r", "no.csv"]), ("spectra", ["no.csv"])),
            )
        ),
        *(
            ({"training_images": {key: [9, low]}}, f"training_images.{key}", "[9", "in order")
            for key, low in (("z_in", 0.1), ("z_out", 0.3), ("magnitude", 8), ("radius", 0.4))
        ),
        ({"training_images": {"sersic": [4, 1]}}, "training_images.sersic", "[4", "in order"),
        (
            {"training_images": {"axis_ratio": [1, 0.4]}},
            "training_images.axis_ratio",
            "[1",
            "order",
        ),
        ({"training_images": {"sersic": [1, 9]}}, "training_images.sersic", "9", "not above 6"),
        ({"training_images": {"axis_ratio": [1, 2]}}, "training_images.axis_ratio", "2", "above 1"),
        (
            {"training_images": {"magnitude": [9, 99]}},
            "training_images.magnitude",
            "99",
            "above 35",
        ),
        ({"injection": {"psf": 0.1}}, "injection.psf", "0.1", "not below 0.5"),
        ({"injection": {"psf": "best"}}, "injection.psf", '"best"', "auto, psfield, measured"),
        ({"registration": {"pixel_scale": 0}}, "registration.pixel_scale", "0.0", "0.05"),
        (
            {"bands": ["r"], "photoz": {"attributes": ["colours"]}},
            "photoz.attributes",
            '["colours"]',
            "more bands",
        ),
        (
            {"photoz": {"attributes": ["brightness", "magnitudes"]}},
            "photoz.attributes",
            '["brightness", "magnitudes"]',
            "only one of the two",
        ),
        ({"seed": -1}, "seed", "-1", "not below 0"),
        # the region
        ({"catalogue": {"area": {"ra": [359, 1]}}}, "catalogue.area.ra", "[359.0, 1.0]", "two run"),
        ({"catalogue": {"area": {"dec": [3, 2]}}}, "catalogue.area.dec", "[3.0, 2.0]", "smallest"),
        ({"catalogue": {"area": {"ra": [0, 361]}}}, "catalogue.area.ra", "361.0", "not above 360"),
        ({"catalogue": {"area": {"ra": [1]}}}, "catalogue.area.ra", "[1.0]", "a list of 2"),
        # the catalogue's origin
        ({"catalogue": {"from": "no.csv"}}, "catalogue.from", '"no.csv"', "the path of a table"),
        ({"catalogue": {"from": "skyserve"}}, "catalogue.from", '"skyserve"', "mean skyserver?"),
        ({"catalogue": {"from": "skyserver"}}, "catalogue.from", '"skyserver"', "detections"),
        ({"source": "file:///sky"}, "catalogue.from", '"demo"', "allowed: skyserver"),
        ({"catalogue": {"from": "detections"}}, "fields", "null", "[2820-3-122]"),
        ({"catalogue": {"sfd_maps": "no"}}, "catalogue.sfd_maps", '"no"', "SFD_dust_4096_ngp.fits"),
        # what this version does not have
        ({"pairs": "p.tsv"}, "pairs", '"p.tsv"', "null, or the path of a TSV"),
        ({"subtraction": {"threshold": 2}}, "subtraction.threshold", "2.0", "not below 3"),
        ({"stacks": "s.tsv"}, "stacks", '"s.tsv"', "the file does not exist"),
        ({"science": "a.fits"}, "reference", "null with a science", "path of a FITS image"),
        ({"reference": "a.fits"}, "science", "null with a reference", "path of a FITS image"),
        ({"exposures": {"gain": 0}}, "exposures.gain", "0", "a number above 0"),
        ({"images": 5}, "images", "5", "path of a TSV"),
        ({"photoz": {"tables": "t.tsv"}}, "photoz.tables", '"t.tsv"', "name, train or model, test"),
    ],
)
def test_one_line_names_key_value_and_what_is_allowed(change, key, value, allowed):
    (line,) = complaint({**DEMO, **change})
    assert re.match(rf"{re.escape(key)}: ", line)
    assert value in line
    assert allowed in line
    assert "allowed" in line


def test_every_problem_has_its_line():
    lines = complaint({"source": "demo", "seed": -1, "photoz": {"k": 0, "kk": 1}})
    assert [line.split(":")[0] for line in lines] == ["name", "photoz.kk", "photoz.k", "seed"]


def test_long_values_are_cut():
    (line,) = complaint({**DEMO, "bands": ["u"] * 5000})
    assert len(line) < 250


def test_k_is_not_above_the_training_set():
    def objects(config):
        return 3 * (config["demo"]["galaxies"] + config["demo"]["stars"])

    config = {**DEMO, "photoz": {"k": 1651}}
    (line,) = complaint(config, training_objects=objects)
    assert line.startswith("photoz.k: 1651 ")
    assert "1 to 1650" in line
    assert validated({**DEMO, "photoz": {"k": 1650}}, SCHEMA, training_objects=objects)
    assert validated(config, SCHEMA, training_objects=1651)
    assert validated(config, SCHEMA, training_objects=lambda config: None)
    assert complaint(config, training_objects=100)


def test_paths_that_exist_are_accepted(tmp_path):
    table, model = tmp_path / "a table.csv", tmp_path / "model.npz"
    table.touch()
    model.touch()
    config = {**SURVEY, "catalogue": {"from": str(table)}, "photoz": {"model": str(model)}}
    assert validated(config, SCHEMA)["catalogue"]["from"] == str(table)


def test_tables_of_training_images():
    """All that the table is, whatever its name ends in; CSVs where names stand otherwise."""
    training = {"table": "galaxies.txt", "cosmology": "Planck18", "bands": ["r", "own.csv"]}
    found = list(training_tables(training | {"spectra": ["seds.csv"]}))
    assert found == [("table", "galaxies.txt"), ("bands", "own.csv"), ("spectra", "seds.csv")]
    none = {"table": None, "cosmology": "a.csv", "bands": [], "spectra": []}
    assert list(training_tables(none)) == [("cosmology", "a.csv")]


def test_a_value_that_names_itself_without_end_is_refused():
    """Ten lists of ten, each of the one before, are a configuration of 0.5 kB and 1e9 parts."""
    bomb = ["x"] * 10
    for _ in range(9):
        bomb = [bomb] * 10
    loop = []
    loop.append(loop)
    for value in (bomb, loop):
        with pytest.raises(InputError, match="^fields: more than 1000000 parts or 32 levels"):
            validated({"fields": value}, SCHEMA)


def test_numbers_in_a_list_of_several_types_may_be_text():
    """Snakemake gives floats of --config as text."""
    schema = {"type": "array", "items": {"type": "array"}}
    schema["items"]["prefixItems"] = [{"type": "string"}, {"type": "number"}]
    full = {"type": "object", "properties": {"targets": schema}}
    assert _completed({"targets": [["61", "10.5"]]}, full) == {"targets": [["61", 10.5]]}
