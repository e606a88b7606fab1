"""PSFs stacked from stars of any shape."""

import numpy as np
import pytest
from redpix.photometry import crowded
from redpix.photometry.scene import Placed
from redpix.psf import star_selection
from redpix.psf.effective_psf_fit import effective_psf, fit_profile
from redpix.psf.stacked_psf import is_unlike, stacked_psf
from scipy.ndimage import gaussian_filter


def ring(dx, dy, outer=8.0, inner=3.0):
    """Return a defocused star of flux 1: a ring, blurred by 1 pixel."""
    fine = 5
    half = 20
    axis = (np.arange(-half * fine, half * fine + fine) - (fine - 1) / 2) / fine
    radius = np.hypot(axis - dx, axis[:, None] - dy)
    disc = gaussian_filter(((radius < outer) & (radius > inner)).astype(float), fine)
    side = 2 * half + 1
    return disc.reshape(side, fine, side, fine).sum(axis=(1, 3)) / disc.sum()


@pytest.fixture(scope="module")
def defocused():
    """Return an image of 16 defocused stars with its truth."""
    rng = np.random.default_rng(4)
    image = np.zeros((320, 320))
    grid = np.arange(4) * 76 + 46
    x, y = (axis.ravel() + rng.uniform(-5, 5, 16) for axis in np.meshgrid(grid, grid))
    flux = 10 ** rng.uniform(4.7, 5.7, 16)
    for a, b, f in zip(x, y, flux, strict=True):
        i, j = round(b), round(a)
        image[i - 20 : i + 21, j - 20 : j + 21] += f * ring(a - j, b - i)
    noisy = rng.poisson(image + 400) - 400.0
    return noisy, Placed(x, y, flux)


def test_a_ring_is_recognised_and_stacked(defocused):
    image, truth = defocused
    plane = np.ones(image.shape)
    stamps, _ = star_selection.cut_stamps(
        image, 400 * plane, plane, np.zeros(image.shape, int), truth, 8.0
    )
    profile, fitted = fit_profile(stamps, image.shape, 8.0)
    assert is_unlike(stamps, effective_psf(profile, len(fitted.x)), 8.0)
    psf = stacked_psf(stamps, image.shape, 8.0)
    assert psf.terms.sum() * psf.step**2 == pytest.approx(1)
    made = psf.stamps(np.array([160.0]), np.array([160.0]), 20, derivatives=False)[0]
    assert abs(made - ring(0, 0)).sum() < 0.1


def test_fluxes_of_defocused_stars_are_right(defocused):
    image, truth = defocused
    plane = np.ones(image.shape)
    result = crowded.measure(
        image,
        error=20 * plane,
        gain=plane,
        mask=np.zeros(image.shape, np.int16),
        threshold=5.0,
        mesh=64,
    )
    assert result.stacked
    distance = np.hypot(result.stars.x[:, None] - truth.x, result.stars.y[:, None] - truth.y)
    nearest = distance.argmin(axis=1)
    real = distance.min(axis=1) < 2
    assert len(set(nearest[real])) == 16
    assert np.count_nonzero(~real) <= 1
    change = -2.5 * np.log10(result.stars.flux[real] / truth.flux[nearest[real]])
    assert abs(np.median(change)) < 0.02
