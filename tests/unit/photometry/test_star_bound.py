"""The bound of the benchmark of photometry, compared with the scatter of many exposures."""

import numpy as np
import pytest
from redpix.photometry import psf_fit
from redpix.photometry.scene import Placed, Scene
from star_bound import TruePsf, cramer_rao, spread
from star_field import Field, Moffat, draw, simulate


def test_scatter_of_stars_is_the_bound():
    """With known PSF and positions of stars, many exposures of a field scatter by photon noise."""
    rng = np.random.default_rng(10)
    profile, side, sky, gain, read_noise = Moffat(), 186, 200.0, 2.0, 5.0
    places = np.arange(6) * 31 + 15.0
    x, y = (grid.ravel() + rng.uniform(-0.5, 0.5, 36) for grid in np.meshgrid(places, places))
    flux = 10 ** rng.uniform(3, 4.5, 36)
    # twelve stars have a neighbour of similar brightness at 3.5 pixels
    x, y = np.append(x, x[:12] + 3), np.append(y, y[:12] + 1.8)
    flux = np.append(flux, flux[:12] * rng.uniform(0.5, 2, 12))
    alone = np.arange(12, 36)
    clean = draw((side, side), x, y, flux, profile, 0.01)
    field = Field(clean, x, y, flux, sky, gain, read_noise)
    bound, stars = cramer_rao(field, profile), Placed(x, y, flux)
    raised = bound.raised(flux)
    assert raised[alone] == pytest.approx(1, abs=0.01)
    assert np.all(np.delete(raised, alone) > 1.02)
    psf, made = TruePsf(profile, clean.shape, profile.fwhm), []
    variance = np.full(clean.shape, field.sky_variance)
    for _ in range(60):
        image = rng.poisson((clean + sky) * gain) / gain - sky
        image += rng.normal(0, read_noise / gain, image.shape)
        scene = Scene(image, variance, np.full(clean.shape, gain))
        found, _ = psf_fit.fit(scene, psf, stars, 2)
        made.append([(getattr(found, k) - getattr(field, k)) / getattr(bound, k) for k in "xy"])
        made[-1].append((found.flux - flux) / bound.flux)
    place, light = np.array(made)[:, :2], np.array(made)[:, 2]
    blends = np.delete(np.arange(len(flux)), alone)
    for values in (light[:, alone], light[:, blends], place[..., alone], place[..., blends]):
        error = 1 / np.sqrt(2 * values.size)
        assert error < 0.02
        assert spread(values.ravel()) == pytest.approx(1, abs=3 * error)


def test_spread_is_a_root_mean_square_without_what_is_wrong():
    values = np.random.default_rng(5).normal(0, 1.3, 20_000)
    assert spread(values) == pytest.approx(1.3, abs=3 * 1.3 / np.sqrt(40_000))
    assert spread(np.append(values, [80.0, -5.1])) == pytest.approx(spread(values))
    assert spread(np.array([3.0, -4.0])) == pytest.approx(np.sqrt(12.5))


def test_simulated_noise_is_what_the_bound_assumes():
    field = simulate(2, 256, 1, Moffat())
    sky = field.image[field.image < field.sky + 5 * np.sqrt(field.sky_variance)]
    assert np.var(sky) == pytest.approx(field.sky_variance, rel=0.03)
