"""Images without a star that stands alone: a stand-in for the PSF, and bounds of the fit."""

import numpy as np
import pytest
from redpix.photometry import crowded
from redpix.photometry.detection import separable
from redpix.photometry.quality import FLAGS, aperture_correction, assess
from redpix.photometry.scene import Placed
from redpix.photometry.sky_choice import choose_sky
from redpix.photometry.trust import STAND_IN, better_column, flag_untrusted
from redpix.psf.effective_psf_fit import effective_psf
from redpix.psf.moffat import Profile, alpha_of
from scipy.spatial import cKDTree
from star_field import Moffat, draw
from test_star_shapes import donut, field

GAIN, SKY, NOISE = 1.5, 300.0, np.sqrt(300 / 1.5)


def crowd(side, stars, fwhm, seed):
    """Return an image of bright stars and the truth."""
    rng = np.random.default_rng([seed, 41])
    x, y = rng.uniform(4, side - 5, (2, stars))
    flux = NOISE * fwhm * 10 ** rng.uniform(2.2, 2.7, stars)
    light = draw((side, side), x, y, flux, Moffat(fwhm), 0.1)
    return rng.poisson((SKY + light) * GAIN) / GAIN, (x, y, flux)


def measure(image):
    """Return the result, the better fluxes, the flags and the reason of a distrust of the PSF."""
    mask = np.zeros(image.shape, np.int16)
    sky, _ = choose_sky(image, mask, 64)
    made = {"error": sky.rms, "gain": np.full(image.shape, GAIN), "mask": mask}
    result = crowded.measure(image - sky.level, threshold=5.0, mesh=64, **made)
    quality = assess(result, mask, 11)
    factor = aperture_correction(result.stars, quality, result.errors)[0]
    column, reason = better_column("image", result, quality, factor)
    flux = result.stars.flux * factor if column == "psf_flux" else quality.aperture_flux
    return result, flux, flag_untrusted("image", result, quality, reason).flags, reason


@pytest.mark.parametrize(
    ("side", "stars", "fwhm", "seed"),
    [(120, 60, 2.6, 1), (120, 60, 2.6, 2), (120, 60, 3.5, 1), (64, 8, 5.0, 7), (24, 2, 3.0, 8)],
)
def test_stars_that_do_not_stand_alone_are_measured(side, stars, fwhm, seed):
    image, (x, y, flux) = crowd(side, stars, fwhm, seed)
    result, better, flags, _ = measure(image)
    distance, nearest = cKDTree(np.column_stack([x, y])).query(
        np.column_stack([result.stars.x, result.stars.y])
    )
    real = distance < 1
    assert len(set(nearest[real])) >= 0.9 * stars
    assert np.count_nonzero(~real & (flags == 0)) <= 1
    assert 0.85 * fwhm < result.psf.fwhm < 1.3 * fwhm
    assert abs(np.median(2.5 * np.log10(better[real] / flux[nearest[real]]))) < 0.06


def test_a_stand_in_is_said_and_flagged():
    image, _ = crowd(24, 2, 3.0, 8)
    result, _, flags, reason = measure(image)
    assert result.psf.stars == 0
    assert reason == STAND_IN
    assert np.all(flags & FLAGS["PSF"])


def test_noise_in_a_crowd_is_not_that_of_its_stars():
    image, _ = crowd(120, 60, 5.0, 1)
    sky, _ = choose_sky(image, np.zeros(image.shape, np.int16), 64)
    assert np.median(sky.rms) == pytest.approx(NOISE, rel=0.1)


def test_no_more_stars_are_fitted_than_can_be_told_apart():
    shape = (100, 100)
    beta = np.zeros(1)
    profile = Profile(np.log([alpha_of(20.0, 3.0)]), beta, beta, np.log(2.0), 0, shape)
    psf = effective_psf(profile)
    rng = np.random.default_rng(4)
    many = Placed(*rng.uniform(0, 100, (2, 500)), rng.uniform(1, 2, 500))
    # 0.3 per circle of 20 pixels are 9 stars; 30 are fitted in any case
    kept = separable(many, psf)
    assert len(kept.x) == 30
    assert kept.flux.min() >= np.sort(many.flux)[-30]
    few = many.take(slice(20))
    assert separable(few, psf) is few


def test_large_donuts_are_not_trusted_and_end_soon():
    image, *_ = field(donut, 18.0, side=256, stars=8)
    result, _, flags, reason = measure(image)
    assert len(result.stars.x) <= 30
    assert reason
    assert np.all(flags & FLAGS["PSF"])
