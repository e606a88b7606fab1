"""Settings of a method in words: no raw value of Python reaches the page."""

import re

import pytest
from redpix.report.method_facts import method_facts, text_of, tried_settings

TRIED = [
    {"method": "knn", "change": {"k": 12}, "log_score": 0.643261147, "n": 2033, "chosen": False},
    {"method": "knn", "change": {"k": 100}, "log_score": -0.97603699, "n": 2033, "chosen": True},
]


def test_the_settings_that_were_tried_are_a_table():
    table = tried_settings({"tuning": TRIED})
    assert table["score"] == "mean log score, higher is better"
    assert table["rows"][0] == ("neighbours, k 12", "0.6433", 2033, False)
    assert table["rows"][1] == ("neighbours, k 100", "−0.9760", 2033, True)
    assert tried_settings({"tuning": []}) is None


def test_members_of_an_ensemble_are_named_and_no_change_is_said():
    tuning = [
        {"method": "knn", "change": {}, "mean_abs_dz": 0.02, "n": 9, "chosen": True},
        {"method": "tpz", "change": {"leaf": 5}, "mean_abs_dz": 0.03, "n": 9, "chosen": True},
    ]
    titles = [row[0] for row in tried_settings({"tuning": tuning})["rows"]]
    assert titles == ["knn: as configured", "tpz: smallest leaf 5"]


def test_facts_have_words_and_short_numbers():
    metrics = {
        "method": "knn",
        "k": 100,
        "tune": True,
        "exponent": 1.43219876543,
        "attributes": ["mag_u", "u-g"],
        "options": [{"leaf": None, "fast": False}],
        "tuning": TRIED,
        "model": None,
        "split": {"train": {"objects": 4120, "pixels": 72221}},
    }
    facts = method_facts(metrics)
    assert facts["neighbours, k"] == "100"
    assert facts["exponent of tempered PDFs"] == "1.432"
    assert facts["training set"] == "4,120 objects, 72,221 pixels"
    assert "trained model" not in facts
    raw = re.compile(r"None|True|False|[{}\[\]']|\d\.\d{5,}")
    assert [text for text in facts.values() if raw.search(text)] == []


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "–"), (True, "yes"), ((1, 2.5), "1, 2.5"), ({"size": None}, "size of the map –")],
)
def test_values_in_words(value, words):
    assert text_of(value) == words
