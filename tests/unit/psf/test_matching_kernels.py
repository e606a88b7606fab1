"""Kernels against analytic profiles, and PSF files against the profiles they were made from."""

import numpy as np
import pytest
from astropy.io import fits
from redpix.core.exceptions import InputError
from redpix.psf.given_model import read_given_model
from redpix.psf.matching_kernels import (
    broadened,
    common_psf,
    kernel_noise,
    matching_kernel,
    misplaced_light,
)
from redpix.psf.psf_model import STAMP
from scipy import ndimage


def gaussian(width, side=41, x=0.0, y=0.0):
    axis = np.arange(side) - side // 2
    stamp = np.exp(-((axis - x) ** 2 + (axis[:, None] - y) ** 2) / 2 / width**2)
    return stamp / stamp.sum()


def moffat(fwhm, beta, side=41, step=1.0, ratio=1.0):
    axis = (np.arange(side) - side // 2) * step
    core2 = (fwhm / 2) ** 2 / (2 ** (1 / beta) - 1)
    stamp = (1 + (axis**2 * ratio + axis[:, None] ** 2 / ratio) / core2) ** -beta
    return stamp / stamp.sum()


def test_the_kernel_between_gaussians_is_a_gaussian():
    kernel = matching_kernel(gaussian(1.4), gaussian(2.2))
    assert kernel.sum() == pytest.approx(1, abs=1e-12)
    assert kernel == pytest.approx(gaussian(np.sqrt(2.2**2 - 1.4**2)), abs=3e-3 * kernel.max())


def test_broadening_adds_variances():
    assert broadened(gaussian(1.5), 0.5) == pytest.approx(gaussian(np.sqrt(2.5)), abs=1e-7)


def test_psfs_of_any_shape_become_one():
    stamps = [moffat(2.6, 2.5), moffat(3.1, 3.5, ratio=1.2), moffat(3.7, 3.0)]
    common = common_psf(stamps)
    assert max(common.residuals) < 0.005
    for stamp, kernel in zip(stamps, common.kernels, strict=True):
        made = ndimage.convolve(stamp, kernel, mode="constant")
        assert abs(made - common.stamp).max() < 0.02 * common.stamp.max()
        assert abs(made.sum() - common.stamp.sum()) < 1e-3
    # without the kernels a tenth of the light is elsewhere
    delta = gaussian(0.01)
    assert misplaced_light(stamps[0], delta, common.stamp) > 0.1


def test_noise_after_a_kernel_is_that_of_drawn_noise():
    rng, kernel = np.random.default_rng(1), gaussian(1.3, 17)
    first = np.array([[0.05, 0.1, 0.05], [0.1, 0.4, 0.1], [0.05, 0.1, 0.05]])
    noise = ndimage.convolve(rng.standard_normal((900, 900)), first, mode="wrap")
    covariance = ndimage.convolve(np.pad(first, 2), first, mode="constant")
    made = ndimage.convolve(noise, kernel, mode="wrap")
    assert kernel_noise(kernel, covariance) == pytest.approx(made.var(), rel=0.02)


@pytest.mark.parametrize("columns", [False, True])
def test_a_psfex_model_finer_than_the_pixels(tmp_path, columns):
    """The names are cards, or columns in small letters as in collections of models."""
    fine = moffat(3.2, 3.0, 101, 0.4)
    terms = np.stack([fine, 0.1 * fine, -0.2 * fine])[None].astype(np.float32)
    # the second and third terms change the norm alone
    values = {"PSF_SAMP": 0.4, "POLDEG1": 1, "ACCEPTED": 30}
    values |= {"POLZERO1": 500.0, "POLZERO2": 400.0, "POLSCAL1": 900.0, "POLSCAL2": 800.0}
    shape = fits.Column("psf_mask", f"{terms.size}E", dim="(101,101,3)", array=terms)
    cells = [fits.Column(name.lower(), "D", array=[value]) for name, value in values.items()]
    table = fits.BinTableHDU.from_columns([shape, *cells] if columns else [shape])
    if not columns:
        table.header.update(values)
    path = str(tmp_path / "model.psf")
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)
    model = read_given_model(path)
    assert model.at(499, 399) == pytest.approx(moffat(3.2, 3.0), abs=2e-4)
    assert model.at(900, 100) == pytest.approx(model.at(499, 399), abs=1e-6)
    assert model.fwhm == pytest.approx(3.2, rel=0.03)  # by straight lines between pixels


def test_an_image_of_a_psf_is_centred_and_normalised(tmp_path):
    path = str(tmp_path / "psf.fits")
    fits.writeto(path, 7.5 * gaussian(1.6, 30, 0.3, -0.4))
    stamp = read_given_model(path).at(0, 0)
    assert stamp.shape == (STAMP, STAMP)
    assert stamp == pytest.approx(gaussian(1.6, STAMP), abs=1e-4)


def test_a_file_that_is_not_a_psf_is_named(tmp_path):
    path = str(tmp_path / "zero.fits")
    fits.writeto(path, np.zeros((9, 9)))
    with pytest.raises(InputError, match=r"zero.fits: 9 x 9 pixels, sum 0; allowed: at least"):
        read_given_model(path)


def test_a_psf_on_a_pixel_of_a_stamp_of_even_sides(tmp_path):
    path = str(tmp_path / "psf.fits")
    y, x = np.mgrid[:24, :24] - 12
    fits.writeto(path, np.exp(-(x**2 + y**2) / 2 / 1.5**2))
    stamp = read_given_model(path).at(0, 0)
    assert np.unravel_index(stamp.argmax(), stamp.shape) == tuple(n // 2 for n in stamp.shape)
    assert stamp == pytest.approx(stamp[::-1, ::-1], abs=1e-7)
