"""Input that a user brings, and what asks for a sky beside it."""

import pytest
from conftest import ROOT
from redpix.config import own_input, run_settings
from redpix.config.images_table import Image
from redpix.config.pairs_table import Pair, StackRow

SCHEMA = run_settings.read_schema(ROOT / "workflow/schemas/config.schema.yaml")


def completed(**given):
    """Return a completed configuration of the demo with some keys."""
    base = {"name": "demo", "source": "demo", "catalogue": {"from": "demo"}}
    return run_settings.completed(base | given, SCHEMA, {"9001-3-100": 1})


def test_targets_follow_the_keys(tmp_path):
    table = tmp_path / "t.tsv"
    table.write_text("name\n")
    assert own_input.targets_of_input(completed()) == set()
    given = completed(pairs=str(table), photoz={"tables": str(table)})
    assert own_input.targets_of_input(given) == {"transients", "photoz"}
    given = completed(stacks=str(table), images=str(table))
    assert own_input.targets_of_input(given) == {"coadds", "photometry"}


def test_only_a_list_of_stages_asks_for_the_demo():
    assert own_input.asks_for_demo({"demo": {"shows": ["pairs"]}})
    for given in ({}, {"demo": None}, {"demo": {"shows": []}}, {"demo": {"stars": 3}}):
        assert not own_input.asks_for_demo(given)


@pytest.mark.parametrize(
    "change",
    [
        {"fields": ["9001-3-100"]},
        {"source": "file:///data/sas", "catalogue": {"from": "skyserver"}},
        {"shard": "9001-3"},
    ],
)
def test_fields_a_source_and_a_shard_ask_for_a_sky(change):
    assert not own_input.asks_for_sky(completed())
    assert own_input.asks_for_sky(completed(**change))


def test_fields_are_told_from_files():
    pair = Pair("p", "new.fits", "old.fits", "r")
    field = "9001-3-100"
    assert not own_input.names_a_field([pair], [StackRow("s", "a.fits", "r")], [Image("a", "b")])
    assert own_input.names_a_field([pair._replace(reference=f"old.fits,{field}")], [], [])
    assert own_input.names_a_field([], [StackRow("s", field, "r")], [])
    assert own_input.names_a_field([], [], [Image("a", f"{field}-r")])
