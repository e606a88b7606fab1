"""PSFs that a user gives have one rule: centroid in the central pixel, FWHM of a star's image."""

import numpy as np
import pytest
from astropy.io import fits
from redpix.core.exceptions import InputError
from redpix.injection.choose_psf import listed_psf
from redpix.pixels.given_psf import check_psf
from redpix.psf.given_model import centroid, read_given_model
from redpix.psf.given_psf import given_psf
from redpix.psf.psf_model import full_width


def written(path, off, side=31, sigma=1.8):
    """Write a Gaussian whose centre lies at an offset in x from the middle; return its path."""
    y, x = np.indices((side, side)) - (side - 1) / 2
    stamp = np.exp(-((x - off) ** 2 + y**2) / 2 / sigma**2)
    fits.writeto(path, stamp / stamp.sum(), overwrite=True)
    return str(path)


@pytest.mark.parametrize(("side", "off"), [(31, 0.4), (31, 1.2), (30, 0.0)])
def test_the_centroid_is_moved_to_the_central_pixel(tmp_path, side, off):
    path = written(tmp_path / "psf.fits", off, side)
    stamp = given_psf({"psf": path}).at(0, 0)
    assert centroid(stamp) == pytest.approx([stamp.shape[0] // 2] * 2, abs=0.01)
    assert full_width(stamp) == pytest.approx(1.8 * 2.355, rel=0.01)
    remarks = check_psf(path)
    assert [("is moved there" in words) for words in remarks] == [True] * (off > 0.5)


def test_an_image_with_light_elsewhere_is_not_a_psf(tmp_path):
    path = written(tmp_path / "psf.fits", 6.0)
    for read in (check_psf, lambda path: given_psf({"psf": path})):
        with pytest.raises(InputError, match="its centroid is 6.00 pixels from its centre"):
            read(path)


def test_an_image_of_the_sky_is_not_a_psf(tmp_path):
    fits.writeto(tmp_path / "sky.fits", np.ones((2049, 9), "f4"))
    with pytest.raises(InputError, match="sky.fits: 9 x 2049 pixels; allowed: the image of a star"):
        read_given_model(str(tmp_path / "sky.fits"))


def test_a_width_is_that_of_the_image_of_a_star():
    """A sampled Moffat profile falls to half of its peak at half of its FWHM."""
    subtraction, injection = given_psf({"fwhm": 4.0}), listed_psf(None, 0.8, 0.2)
    for psf in (subtraction, injection):
        stamp = psf.at(0, 0)
        middle = stamp.shape[0] // 2
        assert stamp[middle, middle + 2] / stamp[middle, middle] == pytest.approx(0.5)
        assert psf.fwhm == pytest.approx(4.0)


def psfex_model(path, mask=None, **cards):
    """Write a PSFEx model of degree 1 with some cards changed; return its path."""
    y, x = np.indices((25, 25)) - 12
    if mask is None:
        mask = np.exp(-(x**2 + y**2) / 8)[None] * np.array([1.0, 0.01, 0.01])[:, None, None]
    form, dim = f"{mask.size}E", "({})".format(",".join(map(str, mask.shape[::-1])))
    hdu = fits.BinTableHDU.from_columns([fits.Column("PSF_MASK", form, dim=dim, array=mask[None])])
    hdu.header.update({"PSF_SAMP": 0.5, "POLDEG1": 1, "ACCEPTED": 20})
    hdu.header.update({f"{key}{n}": 50.0 for key in ("POLZERO", "POLSCAL") for n in (1, 2)})
    hdu.header.update(cards)
    hdu.writeto(path)
    return str(path)


@pytest.mark.parametrize(
    ("card", "value"),
    [("PSF_SAMP", value) for value in (0.0, -1.0, 1e-300, 1e9, "half")]
    + [("POLDEG1", value) for value in (-4, 10**9, "one")]
    + [("POLSCAL1", 0.0), ("POLSCAL2", 1e-320), ("POLZERO1", "x"), ("ACCEPTED", "many")],
)
def test_senseless_cards_of_a_psfex_model_are_named(tmp_path, card, value):
    assert read_given_model(psfex_model(tmp_path / "right.psf")).degree == 1
    path = psfex_model(tmp_path / "a.psf", **{card: value})
    with pytest.raises(InputError, match=rf"^psf: {path}: {card} is .*; allowed: "):
        read_given_model(path)


@pytest.mark.parametrize(
    "shape", [(3, 1, 25, 25), (25,), (3, 2, 400), (1, 1, 1)], ids=lambda shape: str(shape)
)
def test_wrong_axes_of_a_psfex_model_are_named(tmp_path, shape):
    path = psfex_model(tmp_path / "a.psf", mask=np.ones(shape))
    with pytest.raises(InputError, match=r"^psf: .*a.psf: PSF_MASK has the shape \("):
        read_given_model(path)
