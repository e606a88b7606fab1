"""A part of the sky that two fields show is counted once."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from redpix.catalogue.merge import merge_detections
from redpix.catalogue.twins import covered_twins

SCHEMA = yaml.safe_load(
    (Path(__file__).parents[3] / "workflow/schemas/objects.schema.yaml").read_text()
)
ARCSEC = 1 / 3600


def sources(*rows):
    """Detections from rows of number, offset in declination (arcsec), edge distance and radius."""
    table = pd.DataFrame(rows, columns=["number", "offset", "edge_distance", "radius"])
    table["ra"], table["dec"], table["mag"] = 10.0, 5.0 + table["offset"] * ARCSEC, 19.0
    return table.set_axis(np.arange(len(table)) + 2)


@pytest.mark.parametrize(("blended", "kept"), [(300, ["one"]), (100, ["two", "two"])])
def test_a_blend_in_one_field_and_its_parts_in_another_count_once(blended, kept):
    lists = {
        (1, "one"): sources((1, 0.0, blended, 4.0)),
        (2, "two"): sources((1, -2.0, 200, 2.5), (2, 2.0, 200, 2.5), (3, 40.0, 200, 2.5)),
    }
    schema = dict(SCHEMA)
    schema["properties"] = {
        column: rule
        for column, rule in SCHEMA["properties"].items()
        if column not in ("run", "camcol")
    }
    result = merge_detections(lists, schema, "r", 1.0)
    assert result.objects["field"].tolist() == sorted([*kept, "two"])
    assert set(result.rejected["reason"]) == {"seen in another field"}
    again = merge_detections(dict(reversed(lists.items())), schema, "r", 1.0)
    assert again.objects["id"].tolist() == result.objects["id"].tolist()


def test_sources_of_one_field_do_not_cover_each_other():
    dec = np.array([0.0, 1.0, 1.5]) * ARCSEC
    twin = covered_twins(np.zeros(3), dec, np.full(3, 5.0), np.arange(3), np.array([0, 0, 1]))
    assert twin.tolist() == [-1, -1, 0]
