"""One colour of a mosaic camera or of a cube."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from redpix.core.exceptions import InputError
from redpix.io.fits_files import read_header, read_image

LEVELS = {"R": 100, "G": 300, "B": 200}


def mosaic(folder, pattern="RGGB", stated=None, **cards):
    """Write a mosaic of constant colours with some noise; return its path."""
    image = np.zeros((40, 60))
    for number, letter in enumerate(pattern):
        image[number // 2 :: 2, number % 2 :: 2] = LEVELS[letter]
    image += np.random.default_rng(1).normal(0, 2, image.shape)
    header = fits.Header({"BAYERPAT": stated or pattern, **cards})
    path = folder / f"{pattern}.fits"
    fits.writeto(path, image.astype(np.float32), header, overwrite=True)
    return path


@pytest.mark.parametrize("pattern", ["RGGB", "BGGR", "GRBG", "GBRG"])
@pytest.mark.parametrize("colour", "RGB")
def test_pixels_are_those_of_the_filter(pattern, colour, tmp_path):
    image = read_image(f"{mosaic(tmp_path, pattern)}[{colour}]")
    assert image.pixels.shape == image.shape == (20, 30)
    assert image.pixels.mean() == pytest.approx(LEVELS[colour], abs=0.5)
    assert image.header["FILTER"] == colour
    assert "BAYERPAT" not in image.header


def test_rows_that_count_from_the_other_side_are_recognised(tmp_path):
    path = mosaic(tmp_path, "GBRG", stated="RGGB")
    image = read_image(f"{path}[R]")
    assert image.pixels.mean() == pytest.approx(LEVELS["R"], abs=0.5)
    assert "opposite order" in image.remarks[0]


def test_positions_on_the_sky_stay(tmp_path):
    wcs = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0, "CRVAL2": 20.0}
    wcs |= {"CRPIX1": 31.0, "CRPIX2": 17.0, "CDELT1": -1e-3, "CDELT2": 1e-3}
    path = mosaic(tmp_path, **wcs)
    whole = WCS(wcs)
    # the red pixel (4, 6) of the image is the pixel (8, 12) of the mosaic
    for colour, place in (("R", (8, 12)), ("B", (9, 13)), ("G", (8.5, 12.5))):
        half = WCS(read_header(f"{path}[{colour}]").header)
        places = np.array([[4, 6]]), np.array([place])
        sky = [wcs.all_pix2world(xy, 0) for wcs, xy in zip((half, whole), places, strict=True)]
        assert sky[0] == pytest.approx(sky[1], abs=1e-9)


def test_gain_and_noise_of_the_mean_of_two_pixels(tmp_path):
    path = mosaic(tmp_path, GAIN=120, EGAIN=0.5, RDNOISE=3.0)
    green, red = (read_image(f"{path}[{colour}]").header for colour in "GR")
    assert (green["EGAIN"], red["EGAIN"]) == (1.0, 0.5)
    assert green["RDNOISE"] == pytest.approx(3 * np.sqrt(2))
    assert "GAIN" not in green


def test_a_cube_of_three_planes_has_colours(tmp_path):
    path = tmp_path / "cube.fits"
    fits.writeto(path, np.arange(3 * 4 * 5, dtype=np.float32).reshape(3, 4, 5))
    assert np.array_equal(read_image(f"{path}[G]").pixels, np.arange(20, 40).reshape(4, 5))
    with pytest.raises(InputError, match=r"5 x 4 x 3; a path like file.fits\[R\]"):
        read_image(path)


def test_an_image_without_a_mosaic_has_no_colours(tmp_path):
    path = tmp_path / "grey.fits"
    fits.writeto(path, np.ones((4, 4), np.float32))
    with pytest.raises(InputError, match="BAYERPAT = missing: not a mosaic"):
        read_image(f"{path}[R]")


def test_an_hdu_of_that_name_goes_first(tmp_path):
    path = tmp_path / "bands.fits"
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(np.full((4, 4), 7.0), name="R")]
    fits.HDUList(hdus).writeto(path)
    assert read_image(f"{path}[R]").pixels.mean() == 7
