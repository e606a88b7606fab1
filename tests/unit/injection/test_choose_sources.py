"""The sources that are chosen for injection into a field."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from redpix.core.exceptions import InputError
from redpix.injection import choose_sources as script
from test_inject import turned_wcs


def choose(folder, bands=tuple("ugriz"), **changes):
    """Choose sources for an empty frame; write them to sources.csv."""
    frame = fits.PrimaryHDU(np.zeros((300, 400), np.float32), turned_wcs().to_header())
    frame.writeto(folder / "frame.fits")
    fits.PrimaryHDU(np.full((300, 400), 0.01, np.float32)).writeto(folder / "error.fits")
    options = {
        "galaxies": "demo",
        "galaxies_per_field": 5,
        "points": "demo",
        "points_per_field": 8,
        "place": "anywhere",
        "on_galaxies": 0.5,
    }
    script.choose_sources(
        frame=folder / "frame.fits",
        error=folder / "error.fits",
        masks=None,
        psf_file=None,
        sources=folder / "sources.csv",
        options=options | changes,
        bands=bands,
        reference_band="r",
        seed=1,
        field="94-3-7",
    )


@pytest.mark.parametrize(("galaxies", "points"), [(5, 8), (0, 8), (5, 0), (0, 0), (1, 1)])
def test_any_number_of_sources(tmp_path, galaxies, points):
    counts = {"galaxies_per_field": galaxies, "points_per_field": points}
    choose(tmp_path, **counts)
    table = pd.read_csv(tmp_path / "sources.csv")
    assert tuple(table.columns) == script.TRUTH_COLUMNS
    assert (table["kind"] == "galaxy").sum() == galaxies
    assert len(table) == galaxies + points


@pytest.mark.parametrize("place", ["anywhere", "table"])
def test_a_table_of_nothing_to_show_is_refused(tmp_path, place):
    path = tmp_path / "galaxies.csv"
    path.write_text("redshift,flux_r,ra,dec\n0.1,0,150,2\n0.2,-3,150,2\n")
    with pytest.raises(InputError, match="galaxies.csv: 2 rows with a flux not above 0; allowed"):
        choose(tmp_path, galaxies=str(path), place=place, bands=["r"])
