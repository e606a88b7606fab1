"""Codes of missing values, fluxes, redshifts below 0 and classes of a table."""

import json
import logging

import numpy as np
import pandas
import pytest
from astropy.table import Table
from astropy.units import Unit
from redpix.core.exceptions import InputError
from redpix.photoz import run_catalogue
from redpix.photoz.catalogue_samples import read_tables
from redpix.photoz.column_names import Names
from redpix.photoz.column_values import labels_of
from redpix.photoz.table_input import read

FILES = {
    "objects": "objects.csv",
    "pixels": "pixels.dat",
    "metrics": "metrics.json",
    "pdfs": "pdfs.parquet",
    "model": "model.npz",
}


def galaxies(n=120, seed=1):
    """Return galaxies whose magnitudes in g, r, i follow the redshift, with errors."""
    generator = np.random.default_rng(seed)
    redshift = generator.uniform(0.02, 0.5, n)
    table = pandas.DataFrame({"redshift": redshift})
    for number, band in enumerate("gri"):
        table[band] = 20 - number * (0.4 + 2 * redshift) + generator.normal(0, 0.02, n)
        table[f"{band}_err"] = generator.uniform(0.01, 0.03, n)
    return table


def stored(folder, table, name="a.csv"):
    path = folder / name
    table.to_csv(path, index=False)
    return str(path)


def run(folder, path, method="knn", settings=None, magnitudes=()):
    """Run the stage on one table, and return its metrics."""
    out = folder / "table" / method
    out.mkdir(parents=True)
    run_catalogue.estimate_from_table(
        [path],
        **{name: str(out / file) for name, file in FILES.items()},
        method=method,
        settings=settings or {"k": 10, "mode": "linear"},
        attributes=["brightness", "colours", "errors"],
        magnitudes=magnitudes,
        test_fraction=0.3,
        tune=False,
        grid=[0.0, 1.0, 0.01],
        seed=1,
    )
    return json.loads((out / "metrics.json").read_text())


def test_galaxies_slightly_below_redshift_0_are_used(tmp_path):
    table = galaxies()
    table.loc[:2, "redshift"] = [-0.0001, -0.009, -0.5]
    found = run(tmp_path, stored(tmp_path, table))["input"][0]
    assert found["negative_redshifts"] == 2
    assert found["missing"] == {"redshift": {"-0.5": 1}}
    assert found["with_redshift"] == 119


def test_stars_keep_their_negative_redshift(tmp_path):
    table = galaxies().assign(**{"class": ["STAR", "galaxy"] * 60})
    table.loc[:1, "redshift"] = -0.0003
    assert read(stored(tmp_path, table)).objects.redshift[:2].tolist() == [-0.0003, 0]


@pytest.mark.parametrize("method", ["knn", "tpz"])
def test_one_missing_error_column_leaves_the_others(tmp_path, method):
    settings = {"trees": 10, "seed": 1} if method == "tpz" else None
    found = run(tmp_path, stored(tmp_path, galaxies().drop(columns="g_err")), method, settings)
    assert found["attributes"][-3:] == ["log_error_g", "log_error_r", "log_error_i"]
    assert found["input"][0]["errors"] == [None, "r_err", "i_err"]
    assert found["input"][0]["errors_filled"] == {"g": 120}
    assert found["left_out"] == {"train": 0, "test": 0}


def test_a_missing_error_is_the_median_of_the_other_bands(tmp_path):
    table = galaxies()
    table.loc[3, "g_err"], table.loc[4, "r"] = -9999, 99
    objects = read(stored(tmp_path, table)).objects
    assert objects.errors[3, 0] == pytest.approx(table.loc[3, ["r_err", "i_err"]].median())
    assert np.isnan(objects.magnitudes[4, 1])
    assert np.isnan(objects.magnitudes).sum() == 1


def test_codes_are_counted_and_told(tmp_path, caplog):
    table = galaxies()
    table.loc[:4, "g"], table.loc[5, "g"], table.loc[:1, "redshift"] = -99, 99, 9.99
    with caplog.at_level(logging.INFO):
        found = read(stored(tmp_path, table)).understood
    assert found["missing"] == {"g": {"-99": 5, "99": 1}, "redshift": {"9.99": 2}}
    line = next(r.getMessage() for r in caplog.records if "redshift from" in r.getMessage())
    assert "\n" not in line
    assert "magnitudes g r i; errors g_err r_err i_err" in line
    assert "missing values of g: -99 (rows: 5), 99 (rows: 1)" in line


@pytest.mark.parametrize("inverse", [False, True])
def test_fluxes_become_magnitudes_with_their_errors(tmp_path, inverse):
    table = galaxies()
    fluxes = pandas.DataFrame({"zspec": table["redshift"]})
    for band in "gri":
        fluxes[f"flux_{band}"] = flux = 10 ** (0.4 * (22.5 - table[band]))
        error = flux * table[f"{band}_err"] * np.log(10) / 2.5
        name = f"flux_ivar_{band}" if inverse else f"flux_err_{band}"
        fluxes[name] = error**-2 if inverse else error
    objects, columns, _, found = read(stored(tmp_path, fluxes))
    np.testing.assert_allclose(objects.magnitudes, table[["g", "r", "i"]], atol=0.002)
    np.testing.assert_allclose(objects.errors, table[["g_err", "r_err", "i_err"]], rtol=0.02)
    assert found["zero_points"] == [22.5] * 3
    assert bool(found["inverse_variances"]) == inverse
    again = read(stored(tmp_path, fluxes[60:], "b.csv"), columns=columns)
    np.testing.assert_array_equal(again.objects.magnitudes, objects.magnitudes[60:])


@pytest.mark.parametrize(
    ("unit", "janskys"),
    [("nmgy", 3.631e-6), ("Jy", 1), ("uJy", 1e-6), ("0.001 Jy", 1e-3), ("erg / (s cm2 Hz)", 1e23)],
)
def test_units_of_fluxes(tmp_path, unit, janskys):
    table = galaxies()
    flux = 3631 * 10 ** (-0.4 * table[["g", "r", "i"]].to_numpy()) / janskys
    lines = ["zspec," + ",".join(f"flux_{b} [{unit}],flux_err_{b} [{unit}]" for b in "gri")]
    for redshift, row in zip(table["zspec" if "zspec" in table else "redshift"], flux, strict=True):
        lines.append(
            f"{redshift}," + ",".join(f"{one!r},{0.01 * one!r}" for one in map(float, row))
        )
    path = tmp_path / "a.csv"
    path.write_text("\n".join(lines) + "\n")
    found = read(str(path)).objects
    np.testing.assert_allclose(found.magnitudes, table[["g", "r", "i"]], atol=2e-3)


def test_fluxes_of_another_unit_are_told(tmp_path, caplog):
    table = galaxies()
    fluxes = pandas.DataFrame({"zspec": table["redshift"]})
    for band in "gri":
        fluxes[f"flux_{band}"] = 3631 * 10 ** (-0.4 * table[band])
    read(stored(tmp_path, fluxes))
    assert "the median magnitude of the fluxes is 32" in caplog.text
    caplog.clear()
    read(stored(tmp_path, fluxes.rename(columns=lambda name: name.replace("_g", "_g [adu]"))))
    assert "the unit adu is not one of flux density; the zero point 22.5" in caplog.text
    caplog.clear()
    read(stored(tmp_path, fluxes.set_index("zspec").mul(1e9 / 3631).reset_index()))
    assert "median magnitude" not in caplog.text


def test_negative_fluxes_stay_and_unobserved_ones_do_not(tmp_path):
    table = pandas.DataFrame({"zspec": [0.1, 0.2, 0.3, 0.4]})
    for band in "gr":
        table[f"flux_{band}"], table[f"flux_ivar_{band}"] = [-1.0, 0.5, 80.0, 9.0], [4, 4, 4, 0]
    objects = read(stored(tmp_path, table)).objects
    assert np.isfinite(objects.magnitudes[:3]).all()
    assert (np.diff(objects.magnitudes[:3], axis=0) < 0).all()
    assert np.isnan(objects.magnitudes[3]).all()
    bare = read(stored(tmp_path, table[["zspec", "flux_g", "flux_r"]], "b.csv")).objects
    np.testing.assert_allclose(bare.magnitudes[2:, 0], 22.5 - 2.5 * np.log10([80, 9]))
    assert np.isnan(bare.magnitudes[0]).all()


@pytest.mark.parametrize("cells", [("Galaxy", "quasar", "star"), ("G", "Q", "s"), ("3", "", "6")])
def test_classes_in_any_spelling(tmp_path, cells):
    table = galaxies(3).assign(**{"class": cells})
    found = read(stored(tmp_path, table))
    assert found.objects.label.tolist() == [0, 1 if cells[1] else -1, 2]
    assert set(found.understood["classes"]) == set(filter(None, cells))


def test_an_unknown_class_is_named(tmp_path):
    table = galaxies(3).assign(**{"class": ["GALAXY", "1", "0"]})
    with pytest.raises(InputError, match="line 3: class '1' is unknown; allowed: GALAXY"):
        read(stored(tmp_path, table))


def test_ids_stay_exact_or_are_refused(tmp_path):
    ids = 1237648704577140000 + np.arange(120)
    exact = galaxies().assign(objID=ids.astype(str))
    assert read(stored(tmp_path, exact)).objects.id.tolist() == ids.astype(str).tolist()
    rounded = galaxies().assign(specobjid=[f"{float(number):.5E}" for number in ids])
    path = stored(tmp_path, rounded)
    assert read(path).objects.id[:2].tolist() == [2, 3]
    assert read(path).understood["id"] is None
    with pytest.raises(InputError, match="specobjid: .* lost its last digits"):
        read(path, Names(id="specobjid"))


def test_a_training_table_without_redshift_is_named(tmp_path):
    path = stored(tmp_path, galaxies().drop(columns="redshift"))
    with pytest.raises(InputError, match=r"a\.csv: no column of redshifts; allowed: redshift"):
        read_tables([path], Names(), 0.3, 1)


def test_named_columns_and_a_test_table_with_another_redshift(tmp_path):
    train = galaxies().rename(columns={"redshift": "truth", "g_err": "sg"})
    names = Names(("g", "r"), ("sg", ""), redshift="truth")
    test = galaxies(30, 2).rename(columns={"redshift": "specz", "g_err": "sg"})
    paths = [stored(tmp_path, train), stored(tmp_path, test, "b.csv")]
    known, other, columns, understood = read_tables(paths, names, 0.3, 1)
    assert columns.errors == ("sg", "")
    np.testing.assert_array_equal(known.redshift, train["truth"])
    np.testing.assert_array_equal(other.redshift, test["specz"])
    assert [one["redshift"] for one in understood] == ["truth", "specz"]


def test_a_named_column_that_follows_the_redshift_is_doubtful(tmp_path, caplog):
    noise = np.random.default_rng(2).normal(0, 0.05, (2, 120))
    table = galaxies()
    table = table.assign(size=table["redshift"] + noise[0], shape=noise[1])
    run(tmp_path, stored(tmp_path, table), magnitudes=("g", "r", "i", "size", "shape"))
    told = [record.getMessage() for record in caplog.records if "follows" in record.getMessage()]
    assert len(told) == 1
    assert "size does not look like a magnitude and follows the redshift (rank cor" in told[0]


def test_ivar_errors_that_are_missing_are_not_filled(tmp_path):
    table = pandas.DataFrame({"zspec": [0.1, 0.2, 0.3]})
    table["flux_g"], table["flux_ivar_g"] = [5.0, 6.0, 7.0], [4, 0, 4]
    table["flux_r"], table["flux_ivar_r"] = [5.0, 6.0, 7.0], [4, 4, 4]
    objects = read(stored(tmp_path, table)).objects
    assert np.isnan(objects.magnitudes).tolist() == [[False] * 2, [True, False], [False] * 2]


def flux_table(folder, name, zero_point, unit, error_unit=None, inverse=False):
    """Write a FITS table of fluxes in a unit; return its path, magnitudes and their errors."""
    table = galaxies()
    columns = {"z_spec": table["redshift"].to_numpy()}
    for band in "gri":
        flux = 10 ** (-0.4 * (table[band].to_numpy() - zero_point))
        error = flux * table[f"{band}_err"].to_numpy() / 1.0857362
        columns[f"flux_{band}"] = flux * Unit(unit)
        error = (error * Unit(unit)).to(error_unit or unit)
        columns[f"flux_{'ivar' if inverse else 'err'}_{band}"] = error**-2 if inverse else error
    Table(columns).write(folder / name)
    errors = table[[f"{band}_err" for band in "gri"]].to_numpy()
    return str(folder / name), table[list("gri")].to_numpy(), errors


@pytest.mark.parametrize("inverse", [False, True])
def test_errors_in_another_unit_than_the_fluxes(tmp_path, inverse, caplog):
    caplog.set_level(logging.INFO, "redpix")
    path, magnitudes, errors = flux_table(tmp_path, "a.fits", 23.9, "uJy", "Jy", inverse)
    found = read(path)
    np.testing.assert_allclose(found.objects.magnitudes, magnitudes, atol=0.005)
    np.testing.assert_allclose(found.objects.errors, errors, rtol=0.01)
    assert set(found.understood["errors_converted"]) == set(found.columns.errors)
    assert "converted to the units of the photometry: flux_" in caplog.text


def test_two_tables_of_fluxes_in_two_units(tmp_path):
    one = read(flux_table(tmp_path, "a.fits", 23.9, "uJy")[0])
    path = flux_table(tmp_path, "b.fits", 31.4, "nJy")[0]
    other = read(path, columns=one.columns)
    assert other.understood["zero_points"] == [31.4] * 3
    np.testing.assert_allclose(other.objects.magnitudes, one.objects.magnitudes, rtol=1e-9)
    np.testing.assert_allclose(other.objects.errors, one.objects.errors, rtol=1e-9)


def test_fluxes_under_the_names_of_bands_are_doubted(tmp_path, caplog):
    table = galaxies()
    for band in "gri":
        table[band] = 10 ** (-0.4 * (table[band] - 19.0))
    read(stored(tmp_path, table))
    assert "medians that magnitudes do not have: g (" in caplog.text


def test_z_is_told_from_the_magnitude_by_its_values(tmp_path, caplog):
    table = galaxies()
    redshift = table.pop("redshift")
    table["Z"], table["z"] = redshift, table["i"] - 0.2
    found = read(stored(tmp_path, table))
    assert found.understood["redshift"] == "Z"
    assert found.columns.magnitudes == ("g", "r", "i", "z")
    np.testing.assert_allclose(found.objects.redshift, redshift)
    assert "Z is taken as the redshift: its median is " in caplog.text
    table = table.drop(columns="z").rename(columns={"Z": "z"})
    found = read(stored(tmp_path, table))
    assert found.understood["redshift"] == "z"
    assert found.columns.magnitudes == ("g", "r", "i")
    table["z"] = table["i"] - 0.2
    assert read(stored(tmp_path, table)).understood["redshift"] is None


def test_a_redshift_of_0_that_is_too_frequent_is_a_code(tmp_path):
    table = galaxies()
    table.loc[::4, "redshift"] = 0.0
    found = read(stored(tmp_path, table))
    assert found.understood["missing"]["redshift"] == {"0": 30}
    assert np.isnan(found.objects.redshift).sum() == 30
    # a few, or beside others near 0, are measured
    table = galaxies()
    table.loc[::20, "redshift"] = 0.0
    assert np.isfinite(read(stored(tmp_path, table)).objects.redshift).all()
    table["redshift"] = np.round(np.linspace(0, 0.06, len(table)), 3)
    table.loc[:9, "redshift"] = 0.0
    assert np.isfinite(read(stored(tmp_path, table)).objects.redshift).all()


def test_errors_in_thousandths_of_a_magnitude(tmp_path, caplog):
    table = galaxies()
    expected = table[[f"{band}_err" for band in "gri"]].to_numpy()
    for band in "gri":
        table[f"{band}_err"] *= 1000
    read(stored(tmp_path, table))
    assert "median errors that magnitudes do not have: g_err (" in caplog.text
    caplog.clear()
    found = read(stored(tmp_path, table.rename(columns=lambda c: c.replace("_err", "_err [mmag]"))))
    np.testing.assert_allclose(found.objects.errors, expected)
    assert set(found.understood["errors_converted"].values()) == {"mmag"}
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []


def test_velocities_are_no_redshifts(tmp_path):
    table = galaxies(12)
    table["redshift"] = 299792.0
    with pytest.raises(InputError, match=r"0 objects have a redshift \(redshift of 299792 is"):
        read_tables([stored(tmp_path, table)], Names(), 0.3, 1)


def test_the_quality_of_redshifts_is_not_dropped_without_a_word(tmp_path, caplog):
    table = galaxies()
    table["ZWARN"] = np.arange(len(table)) % 4 // 3 * 4
    read(stored(tmp_path, table))
    assert (
        "ZWARN, the quality of redshifts, is not applied: 0 (90 rows), 4 (30 rows)" in caplog.text
    )


@pytest.mark.parametrize(
    ("cell", "label"),
    [("GALAXY STARFORMING", 0), ("QSO BROADLINE", 1), ("STAR_LATE", 2), ("?", -1), ("Unknown", -1)],
)
def test_classes_with_a_subclass_and_unknown_ones(cell, label):
    found, spellings = labels_of(np.array([cell, "GALAXY"]), str)
    assert found.tolist() == [label, 0]
    assert spellings == {cell: "unknown" if label < 0 else ("GALAXY", "QSO", "STAR")[label]}


@pytest.mark.parametrize("cell", ["STAR FORMING", "STARBURST", "STAR/GALAXY", "AGN"])
def test_words_that_are_no_class_are_refused(cell):
    with pytest.raises(InputError, match="is unknown; allowed: GALAXY, QSO, STAR"):
        labels_of(np.array([cell]), str)
