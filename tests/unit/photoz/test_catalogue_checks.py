"""Columns that follow the redshift, and tables that differ, are told; fair tables are not."""

import numpy as np
import pytest
from redpix.core.exceptions import InputError
from redpix.photoz.catalogue_doubts import check_named, mutual_information
from redpix.photoz.table_differences import check_alike, check_errors_alike
from redpix.photoz.table_input import read
from table_runs import metrics_of, run, sky


def test_mutual_information_of_normal_variables():
    generator = np.random.default_rng(1)
    x, y = generator.normal(size=(2, 20_000))
    for correlation in (0.0, 0.5, 0.8):
        other = correlation * x + np.sqrt(1 - correlation**2) * y
        expected = -0.5 * np.log(1 - correlation**2)
        assert mutual_information(np.exp(x), other) == pytest.approx(expected, abs=0.04)
    assert mutual_information(x[:9], y[:9]) == 0


def test_a_magnitude_by_name_that_tells_the_redshift_is_doubtful(tmp_path, caplog):
    table = sky(3000, 1)
    noise = np.random.default_rng(2).normal(0, 0.004, len(table))
    table["mag_M"], table["mag_M_err"] = abs(table["redshift"] - 0.25) + noise, 0.004
    magnitudes = (*"griz", "mag_M")
    found = metrics_of(run(tmp_path, table, magnitudes=magnitudes))
    told = [text for text in found["warnings"] if "follows the redshift" in text]
    assert len(told) == 1
    assert "mag_M follows the redshift: it tells" in told[0]
    assert told[0] in caplog.text
    clean = metrics_of(run(tmp_path, sky(3000, 1)))
    assert not any("follows" in text for text in clean["warnings"])


@pytest.mark.parametrize("name", ["dc2_training.csv", "sdss_galaxies.csv"])
def test_real_magnitudes_and_fair_splits_raise_no_warning(real, name):
    objects, columns, _, _ = read(str(real / "galaxies" / name))
    check_named(objects.magnitudes, objects.redshift, columns.magnitudes, name, pytest.fail)
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(len(objects.id))
        for size in (50, 1000, len(order) // 2):
            train, test = order[:size], order[size : 2 * size]
            check_alike(
                objects.magnitudes[train],
                objects.magnitudes[test],
                columns.magnitudes,
                name,
                pytest.fail,
            )


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda t: t.assign(g=t["r"], r=t["g"]), "g ("),
        (lambda t: t.assign(g=t["g"] + 0.5), "g-r (KS"),
        (lambda t: t.assign(**{band: t[band] + 0.5 for band in "griz"}), "g ("),
        (lambda t: t.assign(i=10 ** (-0.4 * (t["i"] - 22.5))), "i (KS"),
        (lambda t: t.assign(z=np.nan), "z (not measured)"),
    ],
)
def test_another_order_unit_or_zero_point_is_told(tmp_path, change, named):
    train, test = sky(600, 1), sky(600, 2, first=1001)
    found = metrics_of(run(tmp_path, train, change(test)))
    told = [text for text in found["warnings"] if "distribution differs" in text]
    assert len(told) == 1
    assert named in told[0]
    assert "\n" not in told[0]


def test_tables_of_one_distribution_are_not_told_and_are_compared(tmp_path):
    found = metrics_of(run(tmp_path, sky(600, 1), sky(600, 2, first=1001)))
    assert not any("differs" in text for text in found["warnings"])
    assert set(found["compared"]) == {*"griz", "g-r", "r-i", "i-z"}
    assert abs(found["compared"]["g"]["shift"]) < 0.3
    assert metrics_of(run(tmp_path, sky(300, 1)))["compared"] == {}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (sky(2, 1), "1 galaxies or quasars have a redshift and a magnitude; allowed: at least 10"),
        (sky(50, 1)[["id", "r", "r_err", "redshift"]], "at least two magnitudes are needed"),
        (sky(50, 1).astype(str)[["id"]].assign(a="x", b="y"), "at least two magnitudes"),
        (sky(50, 1).assign(g="x"), "line 2: g 'x' is not a number"),
        (sky(50, 1).assign(**dict.fromkeys("griz", 20.0)), "every magnitude is constant: g, r"),
    ],
)
def test_tables_that_cannot_be_learnt_from_end_in_one_line(tmp_path, table, message):
    with pytest.raises(InputError, match=message) as caught:
        run(tmp_path, table)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_a_table_of_many_columns_is_read_in_seconds(tmp_path):
    names = [f"column{number}" for number in range(9000)]
    table = sky(3, 1)
    cells = ",".join(["1.5"] * len(names))
    lines = table.to_csv(index=False).splitlines()
    text = "\n".join([f"{lines[0]},{','.join(names)}", *(f"{one},{cells}" for one in lines[1:])])
    path = tmp_path / "wide.csv"
    path.write_text(text + "\n")
    assert read(str(path)).columns.magnitudes == tuple("griz")


@pytest.mark.parametrize(
    ("method", "settings"),
    [
        ("tpz", {"trees": 10, "seed": 1}),
        (
            "som",
            {"topology": "hexagonal", "size": 3, "periodic": True, "update": "batch"}
            | {"maps": 2, "iterations": 2, "mode": "mean", "seed": 1},
        ),
    ],
)
def test_a_learner_that_takes_fewer_vectors_says_so(tmp_path, caplog, method, settings):
    tables = sky(250, 1), sky(20, 2, first=1001)
    asked = {"method": method, "settings": {**settings, "vectors": 100}}
    found = metrics_of(run(tmp_path / "few", *tables, **asked))
    assert found["training_vectors"] == {"given": 250, "taken": {method: 100}}
    assert f"photoz.{method}.vectors: 100 of 250 training vectors" in caplog.text
    whole = metrics_of(run(tmp_path / "all", *tables, method=method, settings=settings))
    assert whole["training_vectors"] == {"given": 250, "taken": {}}
    assert whole["objects"]["nmad"] != found["objects"]["nmad"]


def test_errors_in_another_unit_are_told():
    errors, lines = np.random.default_rng(1).uniform(0.01, 0.1, (50, 2)), []
    check_errors_alike(errors, 3 * errors, ("e_r", "e_i"), "test.csv", lines.append)
    assert not lines
    check_errors_alike(errors, errors * [1, 1000], ("e_r", "e_i"), "test.csv", lines.append)
    assert "the training table in e_i (1000 times larger): check the unit" in lines[0]
