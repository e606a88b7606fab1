"""Tables of magnitudes as people have them: each is understood, or refused with the reason."""

from pathlib import Path

import numpy as np
import pandas
import pytest
from redpix.core.exceptions import InputError
from redpix.photoz.table_input import read

FOLDER = Path(__file__).resolve().parents[4] / "shared/strangers/tables"
if not FOLDER.is_dir():
    pytest.skip("no folder of strangers' files beside the project", allow_module_level=True)

BANDS = list("ugriz")
ERRORS = [f"{band}_err" for band in BANDS]

#: files whose values are not those of ok.csv, or that are refused; the other tests name them
OTHER = {
    *("id_excel.csv", "mlz_head.train", "eazy_head.cat", "rail_dc2_head.csv"),
    *("kaggle_sdss_negative_galaxy.csv", "neg_z.csv", "one_error_missing.csv", "zmiss_99.csv"),
    *("err_m9999_only.csv", "miss_masked.csv", "mass_clean.csv", "mass_leak.csv"),
    *("flux_boss.csv", "flux_mgs.csv", "flux_negative.csv", "legacysurvey_flux_ivar.csv"),
    "mag_boss.csv",
}


def numbers(name):
    return pandas.read_csv(FOLDER / name, na_values=["masked"])


def same(found, expected):
    """Assert that values agree, and that the same ones are missing."""
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def read_file(name):
    return read(str(FOLDER / name))


@pytest.mark.parametrize(
    "name", sorted(path.name for path in FOLDER.iterdir() if path.name not in OTHER)
)
def test_names_formats_classes_and_ids_give_the_same_objects(name):
    expected = numbers("ok.csv")
    objects, columns, with_ids, understood = read_file(name)
    same(objects.magnitudes, expected[BANDS])
    same(objects.errors, expected[ERRORS])
    same(objects.redshift, expected["redshift"].clip(lower=0))
    assert understood["negative_redshifts"] == 2
    assert len(columns.errors) == 5
    label = 1 if name == "class_quasar.csv" else 0
    assert set(objects.label) == {label}
    assert with_ids == name.startswith("id_")
    if with_ids:
        assert objects.id[1] == "1237648704577140001"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("id_excel.csv", r"line 2: id: '1\.23765E\+18' lost its last digits"),
        ("mlz_head.train", "line 2: 19 values, the line above has 18 names"),
    ],
)
def test_files_that_cannot_be_used_are_refused(name, words):
    with pytest.raises(InputError, match=words):
        read_file(name)


@pytest.mark.parametrize("name", ["neg_z.csv", "kaggle_sdss_negative_galaxy.csv"])
def test_slightly_negative_redshifts(name):
    found = read_file(name)
    same(found.objects.redshift, numbers(name)["redshift"].clip(lower=0))
    assert found.understood["negative_redshifts"] == 1


def test_missing_redshifts_by_a_code():
    table = numbers("zmiss_99.csv")
    found = read_file("zmiss_99.csv")
    count = int((table["redshift"] == 99).sum())
    assert found.understood["missing"]["redshift"] == {"99": count}
    assert np.isnan(found.objects.redshift).sum() == count > 0


def test_missing_errors_leave_the_others():
    table = numbers("one_error_missing.csv")
    found = read_file("one_error_missing.csv")
    same(found.objects.errors[:, 1:], table[ERRORS[1:]])
    same(found.objects.errors[:, 0], table[ERRORS[1:]].median(axis=1))
    table = numbers("err_m9999_only.csv")
    found = read_file("err_m9999_only.csv")
    gone = table["u_err"] == -9999
    assert found.understood["missing"]["u_err"] == {"-9999": gone.sum()}
    assert found.understood["errors_filled"] == {"u": gone.sum()}
    same(found.objects.errors[~gone, 0], table["u_err"][~gone])
    same(found.objects.magnitudes, table[BANDS])


def test_missing_magnitudes():
    table = numbers("miss_masked.csv")
    found = read_file("miss_masked.csv").objects
    same(found.magnitudes, table[BANDS])
    assert np.isnan(found.magnitudes[:, 0]).sum() == table["u"].isna().sum() == 100


def test_a_mass_is_not_a_magnitude(caplog):
    leak, clean = read_file("mass_leak.csv"), read_file("mass_clean.csv")
    assert leak.columns == clean.columns
    for one, two in zip(leak.objects, clean.objects, strict=True):
        np.testing.assert_array_equal(one, two)
    assert "do not look like magnitudes: logmass;" in caplog.text


@pytest.mark.parametrize(
    ("name", "magnitudes", "faintest"),
    [
        ("flux_mgs.csv", "mass_clean.csv", 19.0),
        ("flux_boss.csv", "mag_boss.csv", 20.5),
        ("flux_negative.csv", "ok.csv", 20.5),
        ("legacysurvey_flux_ivar.csv", "ok.csv", 20.5),
    ],
)
def test_fluxes_in_nanomaggies(name, magnitudes, faintest):
    table, found = numbers(magnitudes), read_file(name)
    assert found.understood["zero_points"] == [22.5] * 5
    assert np.isfinite(found.objects.magnitudes).all()
    bright = (table["i"] < faintest).to_numpy()
    assert bright.sum() > 100
    difference = found.objects.magnitudes[bright, 3] - table["i"][bright]
    assert abs(np.median(difference)) < 0.01
    same(found.objects.redshift, numbers(name)["redshift"].clip(lower=0))


def test_public_training_files():
    table, found = numbers("rail_dc2_head.csv"), read_file("rail_dc2_head.csv")
    assert found.columns.magnitudes == tuple(f"mag_{band}_lsst" for band in "ugrizy")
    assert found.columns.errors == tuple(f"mag_err_{band}_lsst" for band in "ugrizy")
    magnitudes = table[list(found.columns.magnitudes)]
    same(found.objects.magnitudes, magnitudes.where(magnitudes < 90))
    assert found.understood["missing"]["mag_u_lsst"] == {"99": (table["mag_u_lsst"] == 99).sum()}
    np.testing.assert_array_equal(found.objects.id, table["id"])
    eazy = read_file("eazy_head.cat")
    assert eazy.columns.magnitudes[0] == "f_f300w"
    assert eazy.columns.errors[-1] == "e_irimk"
    assert eazy.understood["zero_points"] == [25.0] * 7
    assert "-1" in eazy.understood["missing"]["z_spec"]
