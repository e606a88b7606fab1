"""Limits and codes of missing values that the values betray, and cells that are no numbers."""

import numpy as np
import pandas
import pytest
from redpix.core.exceptions import InputError
from redpix.photoz.table_input import read


def galaxies(n=100, seed=1):
    """Return galaxies in g, r, i with errors."""
    generator = np.random.default_rng(seed)
    table = pandas.DataFrame({"redshift": generator.uniform(0.1, 1, n)})
    for number, band in enumerate("gri"):
        table[band] = generator.uniform(18, 22 - number, n)
        table[f"{band}_err"] = generator.uniform(0.01, 0.1, n)
    return table


def stored(folder, table):
    table.to_csv(folder / "a.csv", index=False)
    return str(folder / "a.csv")


def test_limits_in_cells_are_missing_and_counted(tmp_path, caplog):
    caplog.set_level("INFO")
    table = galaxies().astype(object)
    table.loc[3:5, "r"] = ">24.5"
    table.loc[7, "redshift"] = "<0.3"
    found = read(stored(tmp_path, table))
    assert np.flatnonzero(np.isnan(found.objects.magnitudes[:, 1])).tolist() == [3, 4, 5]
    assert np.flatnonzero(np.isnan(found.objects.redshift)).tolist() == [7]
    assert "r: 3 cells such as '>24.5': limits, taken as not measured" in caplog.text
    assert found.understood["written"]["redshift"]["counts"] == {"limits": 1}


def test_errors_in_cells_are_used(tmp_path, caplog):
    caplog.set_level("INFO")
    table = galaxies()
    errors = {band: table.pop(f"{band}_err").round(3) for band in "gri"}
    for band in "gri":
        table[band] = [f"{m:.3f}±{e:.3f}" for m, e in zip(table[band], errors[band], strict=True)]
    found = read(stored(tmp_path, table))
    assert found.columns.errors == ("g_err", "r_err", "i_err")
    np.testing.assert_allclose(found.objects.errors.T, list(errors.values()))
    assert "errors in the cell, used as g_err" in caplog.text


@pytest.mark.parametrize("error", ["", "-1", "-99"])
def test_a_faint_magnitude_without_error_is_a_limit(tmp_path, error):
    table = galaxies().astype(object)
    table.loc[:9, "r"], table.loc[:9, "r_err"] = np.linspace(22.5, 23, 10), error
    table.loc[20:29, "g_err"] = error
    found = read(stored(tmp_path, table))
    assert np.flatnonzero(np.isnan(found.objects.magnitudes[:, 1])).tolist() == list(range(10))
    assert np.isfinite(found.objects.magnitudes[:, 0]).all()
    assert found.understood["limits"] == {"r": 10}
    assert found.understood["errors_filled"] == {"g": 10}


@pytest.mark.parametrize("code", [0, -1, 40, 26.5])
def test_codes_among_magnitudes(tmp_path, code):
    table = galaxies()
    table.loc[:9, "r"] = code
    found = read(stored(tmp_path, table))
    assert np.isnan(found.objects.magnitudes[:, 1]).sum() == 10
    assert found.understood["missing"]["r"] == {f"{code:g}": 10}


@pytest.mark.parametrize("code", [-1e30, 1e20, -777, 0])
def test_codes_among_fluxes(tmp_path, code):
    table = galaxies()
    for band in "gri":
        table[f"flux_{band}"] = table.pop(band) - 19
        table[f"flux_{band}_err"] = table.pop(f"{band}_err")
    table.loc[:9, "flux_r"], table.loc[:9, "flux_r_err"] = code, 0
    found = read(stored(tmp_path, table))
    assert np.flatnonzero(np.isnan(found.objects.magnitudes[:, 1])).tolist() == list(range(10))


def test_positions_may_be_sexagesimal(tmp_path):
    table = galaxies()
    table["RA"], table["DEC"] = "12:30:00", "-00:30:36"
    found = read(stored(tmp_path, table))
    np.testing.assert_allclose(found.objects.about[0, :2], [187.5, -0.51])


@pytest.mark.parametrize("cell", ["0", "2", "1.0", "True"])
def test_numbers_of_classes_are_asked_for(tmp_path, cell):
    table = galaxies()
    table["class"] = cell
    with pytest.raises(InputError, match=f"line 2: class '{cell}' .*: write GALAXY, QSO or STAR"):
        read(stored(tmp_path, table))


def test_flags_of_limits(tmp_path, caplog):
    caplog.set_level("INFO")
    table = galaxies().assign(l_g="")
    table.loc[[2, 5], "l_g"] = ">"
    found = read(stored(tmp_path, table))
    assert np.flatnonzero(np.isnan(found.objects.magnitudes[:, 0])).tolist() == [2, 5]
    assert found.understood["limits"] == {"g": 2}
    assert "g: 2 limits by their flag" in caplog.text
