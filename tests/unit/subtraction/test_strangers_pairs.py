"""Pairs as strangers bring them: how each of their headers is understood."""

import csv

import fits_sky
import numpy as np
import pytest
from astropy.io import fits
from conftest import ROOT
from redpix.core.exceptions import InputError

PAIRS = ROOT.parent / "shared/strangers/pairs"
if not PAIRS.is_dir():
    pytest.skip("no folder of strangers' files beside the project", allow_module_level=True)

#: x, y and flux in counts of the sources that only the science images of 500 x 500 pixels have
NEW = ((384.4, 204.5, 15000), (204.4, 339.4, 3900))


def subtract(tmp_path, science, reference, **options):
    """Return the header of the difference and its rows."""
    made = fits_sky.subtract(
        str(PAIRS / science), str(PAIRS / reference), tmp_path, background_mesh=128, **options
    )
    with open(made.transients, newline="") as file:
        return fits.getheader(made.difference, "D"), list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("science", "reference", "scale"),
    [
        ("mef_sci.fits", "mef_ref.fits", 1),  # gain and zero point in the primary header
        ("eps_sci.fits", "eps_ref.fits", 2 / 100),  # electron/s
        ("unit_sci.fits", "unit_ref.fits", 1),  # adu and electron
        ("naxis3_sci.fits", "same_ref.fits", 1),  # a degenerate axis
        ("datamax0_sci.fits", "same_ref.fits", 1),  # DATAMAX = 0
    ],
)
def test_simulated_pairs_show_their_two_new_sources(tmp_path, science, reference, scale):
    header, rows = subtract(tmp_path, science, reference)
    clean = [row for row in rows if row["flags"] == "0"]
    assert len(clean) == len(NEW)
    for row, (x, y, flux) in zip(clean, NEW, strict=True):
        assert np.hypot(float(row["x"]) - x, float(row["y"]) - y) < 0.3
        assert float(row["flux"]) == pytest.approx(scale * flux, rel=0.05)
    assert header["SCORRSTD"] == pytest.approx(1, abs=0.05)
    assert (clean[0]["mag"] != "") == science.startswith("mef")


def test_counts_and_electrons_are_one_quantity(tmp_path, caplog):
    header, _ = subtract(tmp_path, "unit_sci.fits", "unit_ref.fits")
    assert header["FLXRATIO"] == pytest.approx(2 * 1.3, rel=0.01)
    assert "unit_ref.fits in electron (BUNIT): the flux ratio includes the factor" in caplog.text


def test_a_wcs_in_quotes_is_that_of_its_numbers(tmp_path, caplog):
    _, numbers = subtract(tmp_path / "numbers", "crop_num_0160.fits", "crop_num_0140.fits")
    _, texts = subtract(tmp_path / "texts", "crop_str_0160.fits", "crop_str_0140.fits")
    for row in numbers + texts:
        del row["science"], row["reference"]
    assert texts == numbers
    assert "CRVAL1 and 27 more cards of the WCS are numbers in quotes" in caplog.text


def test_a_wcs_in_quotes_is_read_with_registration_by_sources_too(tmp_path):
    names = "crop_str_0160.fits", "crop_str_0140.fits"
    _, rows = subtract(tmp_path, *names, registration="sources")
    assert {row["ra"][:5] for row in rows} <= {"124.5", "124.6", "124.7", "124.8"}


def test_an_empty_reference_without_a_celestial_wcs_ends_in_a_line(tmp_path):
    with pytest.raises(InputError, match="^[^\n]*alternate_wcs_only_ref.fits: 9 and 0 sources"):
        subtract(tmp_path, "alternate_wcs_only_sci.fits", "alternate_wcs_only_ref.fits")


def test_four_stars_are_enough(tmp_path):
    _, rows = subtract(tmp_path, "dec18a.fits", "dec04a.fits")
    (row,) = [row for row in rows if row["flags"] == "0"]
    assert np.hypot(float(row["x"]) - 130, float(row["y"]) - 128.5) < 1.5
