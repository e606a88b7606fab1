"""Metrics of classes and of their probabilities, against counts by hand."""

import json

import numpy as np
import pytest
from redpix.photoz.class_metrics import classification
from redpix.photoz.learners.base import CLASSES


def test_classification_counts():
    names = ("GALAXY", "QSO", "STAR")
    true = np.array([0] * 6 + [2] * 4 + [-1, 0])
    predicted = np.array([0, 0, 0, 0, 0, 2, 2, 2, 2, 1, 0, -1])
    found = classification(true, predicted, names)
    assert found["n"] == 10
    assert found["accuracy"] == 0.8
    assert found["confusion"]["GALAXY"] == {"GALAXY": 5, "QSO": 0, "STAR": 1}
    assert found["confusion"]["STAR"] == {"GALAXY": 0, "QSO": 1, "STAR": 3}


def test_no_accuracy_of_one_class_or_of_none():
    names = ("GALAXY", "QSO", "STAR")
    one = classification(np.zeros(20, int), np.zeros(20, int), names)
    assert one["accuracy"] is None
    assert one["reason"] == "one class only among the scored: GALAXY"
    assert classification(np.zeros(20, int), np.full(20, -1), names)["accuracy"] is None


def test_completeness_and_purity():
    true = np.array([0] * 6 + [2] * 4)
    predicted = np.array([0, 0, 0, 0, 0, 2, 2, 2, 2, 1])
    found = classification(true, predicted, CLASSES)["by_class"]
    assert found["GALAXY"] == {"n": 6, "completeness": 5 / 6, "purity": 1.0}
    assert found["QSO"] == {"n": 0, "completeness": None, "purity": 0.0}
    assert found["STAR"] == {"n": 4, "completeness": 0.75, "purity": 0.75}


def test_probabilities_that_are_true_are_calibrated():
    generator = np.random.default_rng(1)
    probability = generator.dirichlet([1, 1, 1], 20_000)
    true = (generator.random((20_000, 1)) > probability.cumsum(axis=1)).sum(axis=1)
    found = classification(true, probability.argmax(axis=1), CLASSES, probability)
    expected = np.log(probability[np.arange(20_000), true]).mean()
    assert found["log_loss"] == pytest.approx(-expected, rel=1e-3)
    for bins in found["calibration"].values():
        for one in bins:
            error = np.sqrt(one["probability"] * (1 - one["probability"]) / one["n"])
            assert abs(one["probability"] - one["fraction"]) < 4 * error + 0.01
    sure = np.eye(3)[probability.argmax(axis=1)]
    boast = classification(true, sure.argmax(axis=1), CLASSES, sure)
    assert boast["brier"] > found["brier"]
    assert boast["calibration"]["STAR"][-1]["fraction"] < 0.8
    assert json.loads(json.dumps(found, allow_nan=False)) == found
