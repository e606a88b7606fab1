"""The table and the plot of a star that is named by its coordinates."""

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from redpix.report.target_curve import nearest_stars, write_target_curve

STARS = pd.DataFrame(
    {
        "field": ["a", "a", "b", "c"],
        "star": [1, 2, 1, 1],
        "ra": [97.6366, 97.64, 97.6361, np.nan],
        "dec": [29.6723, 29.67, 29.6723, np.nan],
    }
)


def write(folder):
    """Write light curves of four stars in three exposures."""
    rows = [
        {
            "field": s.field,
            "star": s.star,
            "image": f"i{n}",
            "mjd": 61000 + n / 50,
            "bjd_tdb": np.nan,
        }
        | {"relative_flux": 1.0 + 0.1 * s.star, "relative_error": 0.01}
        for n in range(3)
        for s in STARS.itertuples()
    ]
    pd.DataFrame(rows).to_csv(folder / "curves.csv", index=False)
    STARS.to_csv(folder / "scatter.csv", index=False)
    return [str(folder / name) for name in ("curves.csv", "scatter.csv", "t.csv", "t.png")]


def test_the_nearest_star_of_each_field():
    found = nearest_stars(STARS, (97.6366, 29.6723))
    assert found[["field", "star"]].to_numpy().tolist() == [["a", 1], ["b", 1]]
    # 0.0005 degrees of right ascension at declination 29.67
    assert found["distance"].tolist() == pytest.approx([0, 1.8 * 0.8689], abs=0.001)


def test_a_target_gets_its_table_and_its_plot(tmp_path):
    files = write(tmp_path)
    write_target_curve(*files, "wasp_12", (97.6366, 29.6723))
    table = pd.read_csv(files[2])
    assert table.groupby("field")["star"].unique().map(list).to_dict() == {"a": [1], "b": [1]}
    assert len(table) == 6
    assert matplotlib.image.imread(files[3]).shape[0] > 300


def test_a_target_in_none_of_the_fields_is_named(tmp_path, caplog):
    files = write(tmp_path)
    write_target_curve(*files, "wasp_12", (10.0, -29.0))
    assert pd.read_csv(files[2]).empty
    assert "photometry.targets: wasp_12: no star within 5 arcseconds of" in caplog.text
