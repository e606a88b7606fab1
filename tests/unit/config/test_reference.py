"""The reference of keys and columns: complete, made from the schemas, and right."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from redpix.config.schema import validated

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "docs/reference"
TABLES = ("objects", "pairs", "stacks", "frames", "images")

#: keys without which an example is not a whole configuration
COMPANIONS = {
    "science": {"reference": "old.fits"},
    "reference": {"science": "new.fits"},
}
SURVEY = {"name": "a", "source": "https://example.org/sas", "catalogue": {"from": "skyserver"}}


def load(name):
    """Import a module of docs/_ext by its path."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/_ext/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


schema_pages, api_pages = load("schema_pages"), load("api_pages")
SCHEMA = schema_pages.read_schema("config")
KEYS = dict(schema_pages.keys(SCHEMA))


def rows_of(page):
    """Name, description and labelled values of each row that is made from a schema."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    found = re.findall(r"^\| `(\S+)` \| (.+) \| (.+: .+) \|$", text, flags=re.MULTILINE)
    return [
        (name, description, dict(line.split(": ", 1) for line in values.split("<br>")))
        for name, description, values in found
    ]


def nested(key, value):
    """A configuration that sets one dotted key."""
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


@pytest.mark.parametrize("page", schema_pages.PAGES)
def test_pages_are_those_of_the_schemas(page):
    text = (REFERENCE / page).read_text(encoding="utf-8")
    assert schema_pages.filled(text) == text, "run .venv/bin/python docs/_ext/schema_pages.py"


def test_page_has_every_key_once_with_its_default():
    rows = rows_of("configuration.md")
    assert sorted(name for name, _, _ in rows) == sorted(KEYS)
    complete = validated(SURVEY, SCHEMA)
    for name, description, values in rows:
        assert description.endswith("."), name
        assert values["allowed"], name
        assert values["example"].startswith("`"), name
        assert values.get("unit") == KEYS[name].get("unit"), name
        assert ("required" in values) == (name in SCHEMA["required"]) != ("default" in values)
        if "default" in values and name != "catalogue.from":
            value = complete
            for part in name.split("."):
                value = value[part]
            assert yaml.safe_load(values["default"].strip("`")) == value, name


def test_tables_page_has_every_column_of_every_table():
    text = (REFERENCE / "tables.md").read_text(encoding="utf-8")
    assert sorted(schema_pages.blocks(text)) == sorted(TABLES)
    columns = [name for name, _, _ in rows_of("tables.md")]
    for table in TABLES:
        assert set(schema_pages.read_schema(table)["properties"]) <= set(columns), table


@pytest.mark.parametrize("key", KEYS)
def test_examples_of_a_key_are_allowed(key, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shards").mkdir()
    (tmp_path / "data/sfd").mkdir(parents=True)
    (tmp_path / "data/sfd/SFD_dust_4096_ngp.fits").touch()
    for example in KEYS[key]["examples"]:
        assert Draft202012Validator(KEYS[key]).is_valid(example)
        for path in example if isinstance(example, list) else [example]:
            if isinstance(path, str) and re.search(r"\.(csv|tsv|npz|fits)$", path):
                (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / path).touch()
        group = key.split(".")[0]
        given = {**SURVEY, **COMPANIONS.get(key, {}), **nested(key, example)}
        if example == "demo":
            del given["catalogue"]
        elif key != "catalogue.from":
            given["catalogue"] = SURVEY["catalogue"] | given["catalogue"]
        full = validated(given, SCHEMA)
        assert full[group] == validated(full, SCHEMA)[group]


def test_targets_are_those_of_the_front_door():
    """Each rule of the Snakefile is on the page, and each target of the page is a rule."""
    rule = re.compile(r"^ *rule (\w+):", flags=re.MULTILINE)
    front = set(rule.findall((ROOT / "Snakefile").read_text(encoding="utf-8"))) - {"all"}
    stages = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "workflow/rules").glob("*.smk")
    )
    page = (REFERENCE / "targets.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE))
    assert front <= targets
    assert targets - front <= set(rule.findall(stages))


def test_an_example_differs_from_the_default():
    same = [key for key, node in KEYS.items() if node.get("default", "") in node["examples"]]
    assert same == []


@pytest.mark.parametrize("table", TABLES)
def test_examples_of_a_column_are_allowed(table):
    schema = schema_pages.read_schema(table)
    Draft202012Validator.check_schema(schema)
    for column, node in schema["properties"].items():
        assert node["examples"], column
        for example in node["examples"]:
            assert Draft202012Validator(node).is_valid(example), column


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ({"type": "number", "minimum": 0, "maximum": 60}, "a number from 0 to 60"),
        (
            {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            "a number above 0 and below 1",
        ),
        ({"type": ["integer", "null"], "minimum": 1}, "a whole number from 1, or `null`"),
        ({"type": "boolean"}, "`true`, `false`"),
        ({"enum": ["a", "b"], "rule": "b on Sundays"}, "`a`, `b`; b on Sundays"),
        (
            {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 1},
            "one or more of `a`, `b`",
        ),
    ],
)
def test_allowed_values_in_words(node, words):
    assert schema_pages._allowed_with_rule(node) == words


def test_pages_of_the_library_follow_the_package(tmp_path):
    """A module that moves has a page at its new place and none at the old one."""
    package, pages = tmp_path / "redpix", tmp_path / "pages"
    (package / "sky").mkdir(parents=True)
    (package / "__init__.py").write_text('"""The package."""\n')
    (package / "sky/__init__.py").write_text('"""The sky."""\n')
    (package / "stars.py").write_text(
        '"""Stars."""\n\n\ndef count():\n    pass\n\n\ndef _own(): ...\n'
    )
    api_pages.write(package, pages)
    assert sorted(path.name for path in pages.iterdir()) == [
        "index.md",
        "redpix.stars.rst",
        "room-redpix.md",
    ]
    page = (pages / "redpix.stars.rst").read_text()
    assert ".. automodule:: redpix.stars" in page
    assert ":members: count\n" in page
    (package / "stars.py").rename(package / "sky/stars.py")
    api_pages.write(package, pages)
    assert sorted(path.name for path in pages.iterdir()) == [
        "index.md",
        "redpix.sky.stars.rst",
        "room-redpix.sky.md",
    ]
