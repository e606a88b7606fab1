"""The survey's own PSFs: the sum against a loop, on real fields against PSFEx."""

import bz2
import shutil

import fits_sky
import numpy as np
import pytest
from astropy.io import fits
from exposures import read_exposure
from psfex import find_sources, fit_psf
from redpix.exceptions import InputError
from redpix.frames import frame_path, parse_field, psfield_path
from redpix.psf import full_width
from redpix.psfield import FieldPsf, MovedPsf, field_psf
from sextractor import copied_settings

SIDE = 21


def gaussian(x, y, wide, high):
    """A stamp of a Gaussian of two widths, off its middle by x and y."""
    axis = np.arange(SIDE) - SIDE // 2
    stamp = np.outer(
        np.exp(-0.5 * ((axis - y) / high) ** 2), np.exp(-0.5 * ((axis - x) / wide) ** 2)
    )
    return stamp / stamp.sum()


def a_file(seed=3):
    """HDUs of a psField file of three images; coefficients beyond the powers in use are none."""
    rng = np.random.default_rng(seed)
    images = [gaussian(0, 0, 1.5 + 0.3 * k, 1.6) for k in range(3)]
    coefficients = rng.uniform(0.1, 1, (3, 5, 5))
    coefficients[:, 3:], coefficients[:, :, 2:] = np.nan, np.nan
    flat = np.empty(3, object)
    for k in range(3):
        flat[k] = images[k].ravel().astype(np.float32)
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("nrow_b", "J", array=[3, 3, 3]),
            fits.Column("ncol_b", "J", array=[2, 2, 2]),
            fits.Column("c", "25E", dim="(5,5)", array=coefficients),
            fits.Column("RNROW", "J", array=[SIDE] * 3),
            fits.Column("RNCOL", "J", array=[SIDE] * 3),
            fits.Column("RROWS", "PE()", array=flat),
        ]
    )
    return fits.HDUList([fits.PrimaryHDU(), *(table.copy() for _ in "ugriz")]), images, coefficients


def test_the_sum_is_that_of_a_loop():
    hdus, images, coefficients = a_file()
    psf = field_psf(hdus, "r", (1489, 2048))
    for x, y in ((0, 0), (2047, 10), (100, 1400)):
        expected = 0.0
        for k in range(3):
            for i in range(3):
                for j in range(2):
                    row, column = 0.001 * (y + 0.5), 0.001 * (x + 0.5)
                    expected = expected + coefficients[k, i, j] * row**i * column**j * images[k]
        np.testing.assert_allclose(psf.at(x, y), expected / expected.sum(), rtol=1e-4, atol=1e-7)
    assert psf.fwhm == pytest.approx(full_width(psf.at(1024, 744.5)))


def test_files_that_are_none():
    with pytest.raises(InputError, match="not a psField file"):
        field_psf(fits.HDUList([fits.PrimaryHDU()]), "r", (10, 10))
    hdus, *_ = a_file()
    hdus[3].data["c"] = 0
    with pytest.raises(InputError, match="without a PSF in r"), np.errstate(invalid="ignore"):
        field_psf(hdus, "r", (10, 10))


def test_a_psf_is_turned_with_its_image():
    """A quarter turn swaps the axes; a finer grid makes the stamp wider."""
    psf = FieldPsf(gaussian(0, 0, 1.5, 2.4)[None], np.ones((1, 1, 1)), 1.0)
    turned = MovedPsf(psf, lambda x, y: (y + 3.0, 50.0 - x), 1.0).at(10, 20)
    np.testing.assert_allclose(turned, gaussian(0, 0, 2.4, 1.5), atol=1e-5)
    finer = MovedPsf(psf, lambda x, y: (0.8 * x, 0.8 * y), 1.0).at(10, 20)
    np.testing.assert_allclose(finer, gaussian(0, 0, 1.5 / 0.8, 2.4 / 0.8), atol=2e-4)
    assert finer.sum() == pytest.approx(1)


def test_a_real_field_has_the_psf_that_psfex_finds(real, tmp_path):
    name = "6377-4-399"
    field = parse_field(name)
    frame = tmp_path / "frame.fits"
    frame.write_bytes(bz2.decompress((real / "sas" / frame_path("dr17", field, "r")).read_bytes()))
    exposure = read_exposure([str(frame)], "r", {"background_mesh": 128})
    settings = copied_settings(fits_sky.resources(), tmp_path)
    config = shutil.copy(fits_sky.resources()["psfex"], tmp_path / "psfex")
    planes = exposure.image, exposure.variance, exposure.mask
    measured, _ = fit_psf(find_sources("x", *planes, tmp_path, settings, name), config, name)
    with fits.open(real / "sas" / psfield_path("dr17", field)) as hdus:
        survey = field_psf(hdus, "r", exposure.image.shape)
    swapped = survey._replace(coefficients=survey.coefficients.transpose(0, 2, 1))
    likeness = []
    for x, y in ((300, 300), (1024, 744), (1700, 1200), (1700, 200), (200, 1300)):
        one = measured.at(x, y)
        assert full_width(survey.at(x, y)) == pytest.approx(full_width(one), rel=0.08)
        others = [psf.at(x, y)[5:46, 5:46] for psf in (survey, swapped)]
        likeness.append([np.sum(one * o) / np.sqrt(np.sum(one**2) * np.sum(o**2)) for o in others])
    survey_like, swapped_like = np.transpose(likeness)
    assert survey_like.min() > 0.998
    # rows and columns taken for each other show where one is large and the other small
    assert survey_like[3:].mean() > swapped_like[3:].mean()
