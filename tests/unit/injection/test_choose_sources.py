"""The sources that are chosen for injection into a field."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from redpix.core.exceptions import InputError
from redpix.injection import choose_sources as script
from redpix.injection import drawn_sources
from redpix.simulation.files import read_curves
from test_inject import turned_wcs

CATALOGUED = "id ra dec redshift redshiftError class"
OWN = "bulge_fraction bulge_radius disk_radius sersic axis_ratio position_angle host clear line"


def choose(folder, bands=tuple("ugriz"), field="94-3-7", given=None, **changes):
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
        "filters": None,
    }
    script.choose_sources(
        frame=folder / "frame.fits",
        error=folder / "error.fits",
        masks=None,
        psf_file=None,
        sources=folder / "sources.csv",
        options=options | changes,
        bands=bands,
        reference_band=bands[len(bands) // 2],
        seed=1,
        field=field,
        given=given,
    )


@pytest.mark.parametrize(("galaxies", "points"), [(5, 8), (0, 8), (5, 0), (0, 0), (1, 1)])
def test_any_number_of_sources(tmp_path, galaxies, points):
    counts = {"galaxies_per_field": galaxies, "points_per_field": points}
    choose(tmp_path, **counts)
    table = pd.read_csv(tmp_path / "sources.csv")
    fluxes = "flux_u flux_g flux_r flux_i flux_z"
    assert " ".join(table.columns) == f"{CATALOGUED} run camcol field u g r i z kind {fluxes} {OWN}"
    assert (table["kind"] == "galaxy").sum() == galaxies
    assert len(table) == galaxies + points


@pytest.mark.parametrize("place", ["anywhere", "table"])
def test_a_table_of_nothing_to_show_is_refused(tmp_path, place):
    path = tmp_path / "galaxies.csv"
    path.write_text("redshift,flux_r,ra,dec\n0.1,0,150,2\n0.2,-3,150,2\n")
    with pytest.raises(InputError, match="galaxies.csv: 2 rows with a flux not above 0; allowed"):
        choose(tmp_path, galaxies=str(path), place=place, bands=["r"])


def test_sources_of_a_table_of_images(tmp_path):
    given = {"number": 3, "wavelengths": {"HSC-g": 4800.0}}
    choose(tmp_path, ("HSC-g", "HSC-r", "HSC-y"), "north", given)
    table = pd.read_csv(tmp_path / "sources.csv")
    fluxes = "flux_HSC-g flux_HSC-r flux_HSC-y"
    columns = f"{CATALOGUED} field HSC-g HSC-r HSC-y kind {fluxes} {OWN}"
    assert " ".join(table.columns) == columns
    assert table["field"].unique().tolist() == ["north"]
    # ids of detections count from the place of the field in the table
    assert table["id"].tolist() == list(range(389_001, 389_014))
    assert table[["HSC-g", "HSC-r", "HSC-y"]].to_numpy() == pytest.approx(
        22.5 - 2.5 * np.log10(table[fluxes.split()].to_numpy()), abs=1e-5
    )
    assert np.isfinite(table.loc[table["kind"] == "galaxy", OWN.split()[:6]]).all(axis=None)


def test_a_band_whose_name_is_not_a_filter_needs_one(tmp_path):
    given = {"number": 1, "wavelengths": {}}
    with pytest.raises(InputError, match="injection.filters: null: the name of band left does not"):
        choose(tmp_path, ("left", "right"), "north", given)


def test_fluxes_in_further_filters():
    """Through the filters of SDSS, sources have the fluxes of the population itself."""
    curves = dict(zip("ugriz", read_curves(list("ugriz"))[1], strict=True))
    names = [f"flux_{band}" for band in "ugriz"]
    galaxies = drawn_sources.demo_galaxies(np.random.default_rng(1), 20)
    again = drawn_sources.with_fluxes(galaxies, curves)
    assert again[names].to_numpy() == pytest.approx(galaxies[names].to_numpy(), rel=0.01)
    points = drawn_sources.demo_points(np.random.default_rng(2), 20)
    stars, changing = (points[points["kind"] == kind] for kind in ("star", "transient"))
    for table, function in (
        (stars, drawn_sources.stars_in),
        (changing, drawn_sources.transients_in),
    ):
        found = function(table, curves)[names].to_numpy()
        assert found == pytest.approx(table[names].to_numpy(), rel=0.01)
