"""Lines of the verdict on training images: whole stamps, fluxes, radii, the network."""

import json

import numpy as np
import pytest
from redpix.report.compared_verdicts import checks_of
from redpix.report.training_theory import check_stamps
from redpix.report.verdict_training import judge_training, median_ratio

GENERATOR = np.random.default_rng(5)
STAMPS = GENERATOR.uniform(1, 2, (8, 6, 6, 3))


def test_stamps_without_light_or_with_a_missing_value_are_counted():
    inputs, targets = STAMPS.copy(), STAMPS.copy()
    assert judge_training(check_stamps(inputs, targets))[0].value == "0 of 8"
    inputs[2, :, :, 1] = 0.0
    targets[5, 3, 3, 0] = np.nan
    (line,) = judge_training(check_stamps(inputs, targets))
    assert (line.value, line.mark, line.link) == ("2 of 8", "bad", "training")


@pytest.mark.parametrize(("lost", "mark"), [(0.0, "good"), (0.025, "look"), (0.2, "bad")])
def test_light_that_stamps_lose_is_seen(lost, mark):
    true = GENERATOR.uniform(1, 100, 60)
    seen = true * (1 - lost) * GENERATOR.normal(1, 0.002, 60)
    radii = np.full(60, 1.3)
    theory = ({"inputs, observed": (true, seen)}, {"inputs": (radii, radii)})
    lines = judge_training(check_stamps(STAMPS, STAMPS, theory))
    assert [line.mark for line in lines] == ["good", mark, "good"]
    assert lines[1].text.startswith("flux in the inputs over")
    assert float(lines[1].value.split()[0]) == pytest.approx(1 - lost, abs=0.002)


def test_the_sampling_error_of_a_median_is_its_scatter():
    medians, errors = zip(
        *(median_ratio(GENERATOR.normal(1, 0.1, 50), np.ones(50)) for _ in range(400)), strict=True
    )
    assert np.mean(errors) == pytest.approx(np.std(medians), rel=0.15)
    assert median_ratio([np.nan], [1.0]) is None


@pytest.mark.parametrize(("error", "mark"), [(0.05, "good"), (0.105, "look"), (0.2, "bad")])
def test_a_network_worse_than_plain_resampling_is_marked(error, mark):
    network = {"network": {"image": error}, "plain_resampling": {"image": 0.1}}
    assert judge_training(check_stamps(STAMPS, STAMPS, None, network))[-1].mark == mark


def test_a_comparison_has_the_lines_of_both_runs(tmp_path):
    assert judge_training(checks_of(tmp_path)) == []
    folder = tmp_path / "training_images"
    folder.mkdir()
    for name in ("inputs", "targets"):
        np.save(folder / f"{name}.npy", STAMPS)
    (folder / "truth.csv").write_text("id\n" + "\n".join(map(str, range(8))))
    (folder / "settings.json").write_text(json.dumps({"recipe": "simple"}))
    assert [line.value for line in judge_training(checks_of(tmp_path))] == ["0 of 8"]
