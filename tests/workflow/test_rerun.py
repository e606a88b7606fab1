"""A changed parameter reruns exactly the rules that depend on it."""

import re

import pytest
from conftest import run

LEARNING = {"photoz_method", "transients_of_pair", "report"}  # transients have hosts
FROM_PIXELS = {"pixels", *LEARNING}
FROM_SOURCES = {"sources", *FROM_PIXELS}
FROM_REGISTRATION = {"registration", *FROM_SOURCES}


def planned(words):
    """Return the names of the rules that a dry run plans, without targets."""
    counts = words.split("Job stats:")[1].split("\n\n")[0]
    return set(re.findall(r"^(\w+) +\d+$", counts, flags=re.MULTILINE)) - {"all", "total"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"sources": {"threshold": 2.0}}, FROM_SOURCES),
        ({"sources": {"assoc_radius": 2.0}}, FROM_SOURCES),
        ({"pixels": {"reject": ["NO_DATA"]}}, FROM_PIXELS),
        ({"photoz": {"k": 11}}, LEARNING),
        ({"photoz": {"knn": {"mode": "mean"}}}, LEARNING),
        ({"photoz": {"combiner": "mean"}}, LEARNING),
        ({"registration": {"engine": "swarp"}}, FROM_REGISTRATION),
        ({"registration": {"pixel_scale": 0.5}}, FROM_REGISTRATION),
        ({"catalogue": {"area": {"ra": [10, 11]}}}, {"report"}),  # it shows the configuration
        ({"subtraction": {"threshold": 7}}, {"subtraction", "transients_of_pair", "report"}),
        ({"coaddition": {"method": "mean"}}, {"coaddition", "report"}),
        ({"photometry": {"threshold": 6}}, {"photometry_of_image", "light_curves", "report"}),
        ({"download": {"timeout": 7, "retries": 1}}, set()),
        ({"photoz": {"k": None}}, set()),
    ],
)
def test_a_changed_parameter(demo, change, expected):
    words = run(demo, "-n", **change)
    if expected:
        assert planned(words) == expected
    else:
        assert "Nothing to be done" in words
