"""Tables of services that a run keeps are refused in one line where a person damaged them."""

import numpy as np
import pytest
from astropy.table import Table
from redpix.core.exceptions import InputError
from redpix.io.kept_tables import read_kept
from redpix.photometry.star_catalogue import read_star_catalogue
from redpix.photometry.survey_zero_point import read_survey


@pytest.fixture
def kept(tmp_path):
    """A table with an id of 19 digits, a number that is missing, and a text."""
    table = Table({"source": [2**60 + 1, 5], "ra": [150.0, np.nan], "kind": ["star", "quasar"]})
    path = tmp_path / "kept.ecsv"
    table.write(path, format="ascii.ecsv")
    return path


def test_a_sound_table_is_read_as_it_was_written(kept):
    table = read_kept(str(kept), ("ra",), ("kind",))
    assert table["source"].tolist() == [2**60 + 1, 5]
    assert table["ra"][0] == 150.0
    assert np.isnan(table["ra"][1])
    assert table["kind"].tolist() == ["star", "quasar"]


@pytest.mark.parametrize(
    ("old", "new", "fact"),
    [
        ("150.0", "15x", "failed to convert"),
        ("name: ra", "name: rb", "do not match"),
        ("# %ECSV 1.0", "# %ECSV", "cannot be read as a table in ECSV"),
        ("# - {name: kind, datatype: string}\n", "", "do not match"),
        ("name: ra, datatype: float64", "name: ra, datatype: string", "column ra does not hold"),
        ("ra", "rx", "column ra is missing"),
    ],
)
def test_damage_is_one_line_with_a_remedy(kept, old, new, fact):
    kept.write_text(kept.read_text().replace(old, new))
    with pytest.raises(InputError) as caught:
        read_kept(str(kept), ("ra",), ("kind",))
    assert str(caught.value).startswith(f"{kept}: ")
    assert fact in str(caught.value)
    assert str(caught.value).endswith("remove it, and the same command makes it again")


def test_a_users_own_ecsv_is_not_taken_for_a_kept_one(tmp_path):
    path = tmp_path / "stars.ecsv"
    Table({"x": [1.0, 2.0], "y": [3.0, 4.0], "r": [15.0, 16.0]}).write(path, format="ascii.ecsv")
    assert read_survey(str(path)) is None
    path.write_text(path.read_text().replace("15.0", "15,0"))
    with pytest.raises(InputError, match=str(path)):
        read_star_catalogue(str(path), "r", None)
