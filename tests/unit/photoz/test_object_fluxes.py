"""Aperture fluxes in place of summed pixels."""

import numpy as np
import pandas as pd
import pytest
from redpix.core.exceptions import InputError
from redpix.photoz.attributes import Attributes
from redpix.photoz.object_fluxes import read_apertures, with_apertures
from redpix.photoz.pixel_stream import Totals
from redpix.sdss.magnitudes import asinh_magnitude

BANDS = ("g", "r", "i")
IDS = np.array([2**60 + 1, 2**60 + 3, 2**60 + 5])


@pytest.fixture
def tables(tmp_path):
    """Two fields; the last object lacks a flux in i."""
    rows = pd.DataFrame({"id": IDS[[2, 0]]})
    for number, band in enumerate(BANDS):
        rows[f"gaap_flux_{band}"] = [3.0 + number, 6.0 + number]
        rows[f"gaap_flux_err_{band}"] = 0.5
        rows[f"extinction_{band}"] = 0.25 * number
    rows.loc[0, ["gaap_flux_i", "gaap_flux_err_i"]] = np.nan
    rows.to_csv(tmp_path / "one.csv", index=False)
    rows.assign(id=[IDS[1], 7]).iloc[:1].fillna(1.0).to_csv(tmp_path / "two.csv", index=False)
    return [str(tmp_path / name) for name in ("one.csv", "two.csv")]


def test_fluxes_are_those_of_the_objects_without_extinction(tables):
    flux, error = read_apertures(tables, IDS, BANDS)
    factor = 10 ** (0.4 * 0.25 * np.arange(3))
    assert flux[0] == pytest.approx(np.array([6.0, 7.0, 8.0]) * factor)
    assert flux[1] == pytest.approx(np.array([3.0, 4.0, 1.0]) * factor)
    assert error[0] == pytest.approx(0.5 * factor)
    assert np.isnan(flux[2, 2])


def test_totals_take_the_fluxes_and_their_colours(tables):
    summed = np.array([[12.0, 14.0, 10.0], [6.0, 8.0, 10.0], [6.0, 8.0, 10.0]])
    features = np.arange(12.0).reshape(3, 4)
    totals = Totals(np.ones(3, int), summed, np.ones((3, 3)), features, 0)
    made = with_apertures(totals, IDS, tables, Attributes(("magnitudes",), BANDS))
    flux, _ = read_apertures(tables, IDS, BANDS)
    assert made.flux[:2] == pytest.approx(flux[:2])
    # the sum of pixels, on the scale of the apertures of the others
    ratio = np.median(flux[:2, 2] / 10)
    assert made.flux[2] == pytest.approx([flux[2, 0], flux[2, 1], 10 * ratio])
    colour = asinh_magnitude(flux[:, 0], "g") - asinh_magnitude(flux[:, 1], "r")
    assert made.features[:, 1] == pytest.approx(colour)
    assert np.array_equal(made.features[:, [0, 3]], features[:, [0, 3]])


def test_a_missing_column_is_named(tables):
    with pytest.raises(InputError, match=r"one.csv: the columns gaap_flux_z and"):
        read_apertures(tables, IDS, ("z",))
