"""Images whose survey defines what a zero point or a bit of the mask means, not the header."""

import numpy as np
import pytest
from astropy.io import fits
from redpix.config.given_frame import GivenFrame
from redpix.pixels.given_band import read_band
from test_survey_formats import NOISE, SHAPE, assert_true, plane, remarks, save, single, sky

VEGA = "is a Vega magnitude"


def test_an_extension_of_casu_is_in_vega_magnitudes_of_one_second(tmp_path):
    """UKIDSS: MAGZPT is for one second at the zenith, and Vega; m_AB = m_Vega + 1.900 in K."""
    ours = 22.8 + 2.5 * np.log10(10) - 0.05 * (1.4 - 1)
    image, _, header, truth = sky(ours, MAGZPT=22.8, MAGZRR=0.02, EXTINCT=0.05)
    cards = {"INSTRUME": "WFCAM", "EXP_TIME": 10.0, "AIRMASS": 1.4, "FILTER": "K"}
    primary = fits.PrimaryHDU(header=fits.Header(cards))
    hdus = [fits.ImageHDU(image.astype(np.float32), header) for _ in range(2)]
    fits.HDUList([primary, *hdus]).writeto(tmp_path / "w.fit")
    band = read_band(GivenFrame("f", "K", f"{tmp_path}/w.fit[2]"))
    assert_true(band, truth, ours, unit="count")
    assert f"{VEGA} (the zero points of CASU" in remarks(band)
    assert f"here {ours + 1.9:.4g}" in remarks(band)


@pytest.mark.parametrize(
    ("cards", "zero_point", "there"),
    [
        ({"MAGZP": 20.5, "TELESCOP": "WISE", "BAND": 1}, 20.5, "here 23.2"),
        ({"MAGZP": 22.5, "UNW_VER": "neo7", "BAND": "W2"}, 22.5, "here 25.84"),
        ({"MAGZP": 20.8871, "ORIGIN": "2MASS", "FILTER": "j"}, 20.8871, "here 21.8"),
        ({"BUNIT": "Vega nanomaggies"}, 22.5, "of one unit"),
    ],
    ids=["WISE", "unWISE", "2MASS", "unit"],
)
def test_a_survey_in_vega_magnitudes_is_said_to_be_so(tmp_path, cards, zero_point, there):
    image, _, header, truth = sky(zero_point, **cards)
    band = read_band(GivenFrame("f", "W1", single(tmp_path, image, header)))
    assert_true(band, truth, zero_point, unit="count", error=0.1)
    assert VEGA in remarks(band)
    assert remarks(band).endswith(there)


@pytest.mark.parametrize(("number", "name", "zero_point"), [(1, "NUV", 20.08), (2, "FUV", 18.82)])
def test_an_intensity_map_of_galex(tmp_path, number, name, zero_point):
    image, _, header, truth = sky(zero_point, TELESCOP="GALEX", BAND=number, EXPTIME=1500.0)
    band = read_band(GivenFrame("f", name, single(tmp_path, image, header)))
    assert_true(band, truth, zero_point, error=0.1)
    assert band.about["zero_point_from"] == f"{name} of GALEX"


def test_a_zero_point_of_one_count_by_its_comment_is_not_doubted(tmp_path):
    image, noise, header, truth = sky(30.0, EXPTIME=90.0, BUNIT="electrons")
    header["MAGZERO"] = (30.0, "[mag] Magnitude corresponding to one count")
    weight = single(tmp_path, plane(noise**-2), name="weight.fits")
    band = read_band(GivenFrame("f", "g", single(tmp_path, image, header), weight=weight))
    assert_true(band, truth, 30.0)
    assert not band.about["remarks"]


def test_a_stack_of_terapix(tmp_path):
    image, _, header, truth = sky(30.0, MAGZEROP=30.0)
    band = read_band(GivenFrame("f", "g", single(tmp_path, image, header)))
    assert_true(band, truth, 30.0, error=0.1)


#: first row of each bit of the mask below, two rows each
ROWS = {"NPRIMARY": 0, "SATUR_G": 10, "SATUR_R": 20, "ALLMASK_R": 30, "GALAXY": 40, "WISEM1": 60}
BIT = {"NPRIMARY": 0, "SATUR_G": 2, "SATUR_R": 3, "ALLMASK_R": 6, "GALAXY": 12, "WISEM1": 8}


@pytest.mark.parametrize("release", [8, 10])
@pytest.mark.parametrize(
    ("band", "hidden"),
    [
        ("r", ("SATUR_R", "ALLMASK_R")),
        ("decam_g", ("SATUR_G",)),
        ("white", ("SATUR_G", "SATUR_R", "ALLMASK_R")),
    ],
)
def test_maskbits_of_the_legacy_surveys_hide_what_is_bad_in_the_band(
    tmp_path, release, band, hidden
):
    """A galaxy of the SGA and the border of a brick are usable; so is what r alone saturates."""
    image, noise, header, truth = sky(22.5, BUNIT="nanomaggy")
    values = np.zeros(SHAPE, np.int16)
    for name, row in ROWS.items():
        values[row : row + 2] |= 1 << BIT[name]
    if release == 8:
        short = {name: name.replace("ALLMASK", "ALLM") for name in BIT}
        cards = {short[name]: 1 << bit for name, bit in BIT.items()}
    else:
        cards = {f"MBIT_{bit}": name for name, bit in BIT.items()}
        cards |= {"WBIT_0": "BRIGHT", "ABIT_0": "badpix", "MB_NPRIM": 1, "MB_SATUR": 4}
    mask = save(tmp_path / "maskbits.fits", fits.ImageHDU(values, fits.Header(cards), "MASKBITS"))
    weight = single(tmp_path, plane(NOISE**-2), name="weight.fits")
    path = single(tmp_path, image, header)
    found = read_band(GivenFrame("f", band, path, weight=weight, mask=mask))
    assert_true(found, truth, 22.5)
    rows = sorted(row for name in hidden for row in (ROWS[name], ROWS[name] + 1))
    assert np.flatnonzero((found.mask != 0).all(axis=1)).tolist() == rows
