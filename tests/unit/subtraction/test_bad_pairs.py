"""Pairs that do not go together, and images that hardly are images: one line each."""

import re
from types import SimpleNamespace

import fits_sky
import numpy as np
import pytest
from astropy.io import fits
from redpix.core.exceptions import InputError
from redpix.image.masks import bit_value
from redpix.subtraction.pair_checks import check_filters

CARDS = {"GAIN": fits_sky.GAIN, "RDNOISE": fits_sky.READ_NOISE, "BUNIT": "adu", "FILTER": "R"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("bad pairs")


@pytest.fixture(scope="module")
def science(folder):
    image = fits_sky.counts(fits_sky.stars(), 1, 1.7)
    return fits_sky.write(folder / "science.fits", image, **CARDS)


def test_another_sky_under_the_same_wcs_ends_in_a_line(science, folder):
    image = fits_sky.counts(fits_sky.stars(seed=9), 2, 1.7)
    other = fits_sky.write(folder / "other.fits", image, **CARDS)
    with pytest.raises(InputError, match="^[^\n]*other.fits: [^\n]*(stars|sources)[^\n]*$"):
        fits_sky.subtract(science, other, folder / "out")


def test_another_filter_and_a_noisier_reference_are_warned_of(science, folder, caplog):
    image = fits_sky.counts(fits_sky.stars(), 2, 1.7, flux=0.3)
    faint = fits_sky.write(folder / "faint.fits", image, **CARDS | {"FILTER": "V"})
    (folder / "faint").mkdir()
    made = fits_sky.subtract(science, faint, folder / "faint")
    assert fits.getheader(made.difference)["FLXRATIO"] == pytest.approx(0.3, rel=0.02)
    assert "science.fits: filter R, " in caplog.text
    assert re.search(r"faint.fits: the reference is 3\.[2-5] times as noisy", caplog.text)


@pytest.mark.parametrize(
    ("names", "agree"),
    [
        (("r'", "SDSS r"), True),
        (("r DECam SDSS c0002 6415.0 1480.0", "r"), True),
        (("Johnson V", "V"), True),
        (("r", "R"), False),
        (("g", "r"), False),
        (("Halpha", "H-alpha 7 nm"), False),
    ],
)
def test_names_of_one_filter_are_told_from_two_filters(names, agree, caplog):
    exposures = [
        SimpleNamespace(path=f"{n}.fits", camera=SimpleNamespace(filter=name), header={})
        for n, name in enumerate(names)
    ]
    assert check_filters(*exposures) is agree
    assert ("sources of different colours" in caplog.text) is not agree


def test_integers_with_blank_have_holes_where_it_stands(science, folder):
    image = np.round(fits_sky.counts(fits_sky.stars(), 2, 1.7)).astype(np.int32)
    image[:, :40] = image[200:210, 200:210] = -2147483648
    header = fits_sky.wcs().to_header()
    header.update(CARDS)
    header["BLANK"] = -2147483648
    path = str(folder / "blank.fits")
    fits.PrimaryHDU(image, header).writeto(path)
    (folder / "blank").mkdir()
    made = fits_sky.subtract(science, path, folder / "blank")
    with fits.open(made.difference) as hdus:
        assert hdus["MASK"].data[205, 205] & bit_value("BAD")
        assert hdus["MASK"].data[100, 20] & bit_value("NO_DATA")
        assert hdus["D"].header["FLXRATIO"] == pytest.approx(1, rel=0.01)
        assert hdus["D"].header["SCORRSTD"] == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("rows", [1, 20])
def test_images_of_few_rows_end_in_a_line(science, folder, rows):
    path = folder / f"{rows} rows.fits"
    fits.PrimaryHDU(fits.getdata(science)[:rows], fits_sky.wcs().to_header()).writeto(path)
    with pytest.raises(InputError, match=f"^[^\n]*{rows} rows.fits: [^\n]*350 x {rows}[^\n]*$"):
        fits_sky.subtract(science, str(path), folder / "out")
