import galsim
import numpy as np
import pytest
from astropy.cosmology import Planck18
from redpix.core.exceptions import InputError
from redpix.simulation import pixel_redshifting, redshifting, rendering, seds
from redpix.simulation.rendering import Galaxy
from redpix.simulation.resampler import Resampler

BANDS = ("u", "g", "r", "i", "z")
SIZE = 61
FWHM = np.full(5, 3.2)


def distance(z):
    return Planck18.luminosity_distance(z).value


@pytest.fixture(scope="module")
def grid():
    return seds.build_grid(BANDS, redshift_step=0.02)


def spectrum_fluxes(grid, kind, z_in, z_out):
    """Return the band fluxes of a template at z_in, where r is 1, and at z_out."""
    before, after = (seds.fluxes(grid, [kind], [0.1], z)[0] for z in (z_in, z_out))
    after = after * (distance(z_in) / distance(z_out)) ** 2
    return before / before[2], after / before[2]


@pytest.mark.parametrize("kind", [0.3, 1.7, 2.9])
def test_k_correction_of_bright_pixels(grid, kind):
    before, after = spectrum_fluxes(grid, kind, 0.1, 0.5)
    templates = pixel_redshifting.templates(grid, distance, 0.1, 0.5)
    flux = before * np.array([10.0, 30.0, 100.0])[:, None]
    found, *errors = pixel_redshifting.k_corrected(flux, np.full(flux.shape, 0.01), templates)
    # the templates have an error of 2 %, and so have the results
    assert found / (after * np.array([10.0, 30.0, 100.0])[:, None]) == pytest.approx(1, abs=0.04)
    assert np.abs(found / after / np.array([[10.0], [30.0], [100.0]]) - 1)[:, 1:].max() < 0.02
    assert np.all(np.hypot(*errors) < 0.05 * found)


def test_each_pixel_has_a_spectrum_of_its_own(grid):
    """Red and blue pixels of a galaxy each get their own K-correction."""
    red, red_after = spectrum_fluxes(grid, 0.2, 0.1, 0.5)
    blue, blue_after = spectrum_fluxes(grid, 2.5, 0.1, 0.5)
    templates = pixel_redshifting.templates(grid, distance, 0.1, 0.5)
    flux = np.array([5 * red] * 50 + [3 * blue] * 50)
    found, *_ = pixel_redshifting.k_corrected(flux, np.full(flux.shape, 0.005), templates)
    assert found[:50] == pytest.approx(np.tile(5 * red_after, (50, 1)), rel=0.06)
    assert found[50:] == pytest.approx(np.tile(3 * blue_after, (50, 1)), rel=0.06)


def test_errors_of_noisy_pixels(grid):
    before, after = spectrum_fluxes(grid, 0.6, 0.1, 0.4)
    templates = pixel_redshifting.templates(grid, distance, 0.1, 0.4)
    rng = np.random.default_rng(3)
    noise = np.array([0.05, 0.02, 0.03, 0.04, 0.15])
    flux = 0.6 * before + noise * rng.standard_normal((4000, 5))
    found, *errors = pixel_redshifting.k_corrected(flux, np.tile(noise, (4000, 1)), templates)
    pull = (found - 0.6 * after) / np.hypot(*errors)
    assert np.abs(pull.mean(axis=0)).max() < 0.6
    # errors include the uncertain spectrum, which is common to all pixels
    assert np.all(pull.std(axis=0) < 1.05)
    assert pull[:, 2:].std(axis=0) == pytest.approx(0.9, abs=0.2)
    # pixels without light stay dark
    dark, *_ = pixel_redshifting.k_corrected(
        noise * rng.standard_normal((4000, 5)), np.tile(noise, (4000, 1)), templates
    )
    assert np.abs(dark.mean(axis=0) / (dark.std(axis=0) / np.sqrt(4000))).max() < 4


def test_no_value_is_no_light(grid):
    before, _ = spectrum_fluxes(grid, 0.6, 0.1, 0.4)
    templates = pixel_redshifting.templates(grid, distance, 0.1, 0.4)
    flux, error = np.array([before] * 3), np.full((3, 5), 0.01)
    error[1], error[2, 0] = np.inf, np.inf
    found, noise, spread = pixel_redshifting.k_corrected(flux, error, templates)
    assert np.all(found[1] == 0)
    assert np.all(np.isinf(noise[1]))
    assert np.all(spread[1] == 0)
    # the other bands constrain the missing one
    assert found[2] == pytest.approx(found[0], rel=0.1)
    assert np.isfinite(noise[[0, 2]]).all()


def picture(galaxy, bulge, disk, fwhm, size=SIZE):
    profile = rendering.galaxy_profile(galaxy, bulge, disk)
    profile = galsim.Convolve(profile, galsim.Moffat(beta=3.0, fwhm=fwhm))
    return rendering.draw(
        profile, (size, size), galsim.JacobianWCS(1, 0, 0, 1), size // 2, size // 2
    )


@pytest.mark.parametrize("factor", [0.4, 0.8])
def test_resampling_against_the_galaxy_drawn_small(factor):
    galaxy = Galaxy(2.0, 4.0, 2.0, 0.6, 30.0)
    small = Galaxy(2.0 * factor, 4.0 * factor, 2.0, 0.6, 30.0)
    resampler = Resampler(factor, 3.0, 3.2, SIZE)
    found = resampler.flux(picture(galaxy, 3.0, 5.0, 3.0))
    expected = picture(small, 3.0, 5.0, 3.2)
    assert np.abs(found - expected).max() < 0.01 * expected.max()
    assert found.sum() == pytest.approx(expected.sum(), rel=3e-3)


def test_variance_against_many_realisations():
    rng = np.random.default_rng(6)
    resampler = Resampler(0.5, 3.0, 3.0, 41)
    variance = 0.5 + np.arange(41)[None, :] / 41 + np.zeros((41, 1))
    sample = [resampler.flux(rng.standard_normal((41, 41)) * np.sqrt(variance)) for _ in range(250)]
    found = resampler.variance(variance)
    middle = np.s_[14:27, 14:27]
    ratio = np.var(sample, axis=0)[middle] / found[middle]
    assert ratio.mean() == pytest.approx(1, abs=0.06)
    left, right = ratio[:, :6].mean(), ratio[:, 7:].mean()
    assert left == pytest.approx(right, abs=0.15)


def test_a_sharper_psf_is_refused():
    with pytest.raises(InputError, match="raise training_images.seeing"):
        Resampler(0.9, 4.0, 3.0, 41)


def test_a_galaxy_against_the_analytic_one(grid):
    """Compare bulge and disk, redshifted from z_in, with the same galaxy drawn at z_out."""
    z_in, z_out = 0.1, 0.3
    factor = redshifting.size_factor(distance, z_in, z_out)
    red, red_after = spectrum_fluxes(grid, 0.1, z_in, z_out)
    blue, blue_after = spectrum_fluxes(grid, 2.0, z_in, z_out)
    galaxy, small = (Galaxy(2.5 * s, 6.0 * s, 2.5, 0.8, 30.0) for s in (1.0, factor))
    rng = np.random.default_rng(2)
    noise = np.array([0.02, 0.01, 0.01, 0.02, 0.06])

    def drawn(shape, bulge, disk):
        light = zip(80 * bulge, 120 * disk, strict=True)
        return np.stack([picture(shape, *both, 3.2, 81) for both in light], axis=-1)

    before, after = drawn(galaxy, red, blue), drawn(small, red_after, blue_after)
    flux = before + noise * rng.standard_normal(before.shape)
    error = np.broadcast_to(noise, before.shape)
    templates = pixel_redshifting.templates(grid, distance, z_in, z_out)
    fwhm = np.full(5, 3.2)
    found, own, _ = pixel_redshifting.redshifted(flux, error, templates, factor, fwhm, fwhm)
    core = after[..., 2] > 0.05 * after[..., 2].max()
    light, true = found[core].sum(axis=0), after[core].sum(axis=0)
    assert light[1:] / true[1:] == pytest.approx(1, abs=0.03)
    assert light[0] / true[0] == pytest.approx(1, abs=0.1)
    deep, noisy = pixel_redshifting.as_deep(np.random.default_rng(1), found, own, noise)
    known = np.isfinite(own[..., 2])
    assert np.all(noisy[known] >= own[known])
    sky = known & (after[..., 2] < 0.002)
    assert sky.sum() > 200
    assert noisy[sky][:, 2] == pytest.approx(0.01, rel=0.1)
    assert (deep - after)[sky][:, 2].std() == pytest.approx(0.01, rel=0.15)


DISK = galsim.Convolve(galsim.Sersic(1, half_light_radius=4), galsim.Moffat(beta=3, fwhm=3.2))
NOISE = np.array([0.05, 0.02, 0.027, 0.04, 0.12])


def seen_and_redshifted(grid, kind, z_out, light=100.0, blank=None):
    """Return a noisy disk at z = 0.1 after redshifting, and the same without noise."""
    disk = light * DISK.drawImage(nx=60, ny=60, scale=1.0).array.astype(float)[..., None]
    factor = redshifting.size_factor(distance, 0.1, z_out)
    before, after = spectrum_fluxes(grid, kind, 0.1, z_out)
    resampler = Resampler(factor, 3.2, 3.2, 60)
    true = resampler.flux((disk * after)[..., 2])[..., None] * (after / after[2])
    rng = np.random.default_rng(round(100 * kind))
    flux = disk * before + NOISE * rng.standard_normal((60, 60, 5))
    error = np.broadcast_to(NOISE, flux.shape).copy()
    if blank is not None:
        flux[blank], error[blank] = 0.0, np.inf
    templates = pixel_redshifting.templates(grid, distance, 0.1, z_out)
    return pixel_redshifting.redshifted(
        flux, error, templates, factor, *[np.full(5, 3.2)] * 2
    ), true


@pytest.mark.parametrize("light", [10.0, 100.0])
@pytest.mark.parametrize("z_out", [0.2, 0.5])
def test_pull_of_redshifted_galaxies(grid, light, z_out):
    """Errors of galaxies of known spectrum include noise and the uncertain spectrum."""
    cores, edges = [], []
    for kind in np.arange(0.1, 3.0, 0.2):
        (flux, noise, spread), true = seen_and_redshifted(grid, kind, z_out, light)
        pull = (flux - true) / np.hypot(noise, spread)
        cores.append(pull[28:32, 28:32].reshape(-1, 5))
        edges.append(pull[25:27, 26:34].reshape(-1, 5))
    for pulls in (cores, edges):
        width = np.sqrt(np.square(np.concatenate(pulls)).mean(axis=0))
        assert np.all(width < 1.3)
        assert np.all(width > 0.3)


def test_what_is_not_known_has_no_error(grid):
    """Pixels near masked ones and beyond the shrunk image are invalid; others do not change."""
    blank = np.zeros((60, 60), bool)
    blank[33:40, 33:40] = True
    (whole, noise, _), _ = seen_and_redshifted(grid, 1.5, 0.3)
    (flux, marked, spread), _ = seen_and_redshifted(grid, 1.5, 0.3, blank=blank)
    factor = redshifting.size_factor(distance, 0.1, 0.3)
    place = round(29.5 + (36 - 29.5) * factor)
    assert np.isinf(marked[place, place]).all()
    assert np.isinf(noise[2, 2]).all()
    known = np.isfinite(marked)
    # the shrunk image without its rim, and a hole
    shrunk = (60 * factor) ** 2
    assert 0.6 * shrunk < np.isfinite(noise[..., 2]).sum() < shrunk
    lost = np.isfinite(noise[..., 2]) & ~known[..., 2]
    assert 49 * factor**2 < lost.sum() < 4 * 49 * factor**2
    assert np.all(flux[~known] == 0)
    assert np.all(spread[~known] == 0)
    bright = known & (whole > 0.3 * whole.max(axis=(0, 1)))
    assert flux[bright] / whole[bright] == pytest.approx(1, abs=0.08)


def test_sharp_fwhm():
    from redpix.psf.moffat import moffat_stamp
    from redpix.psf.psf_model import full_width

    fwhm = pixel_redshifting.sharp_fwhm(3.4)
    assert 2.9 < fwhm < 3.4
    assert full_width(moffat_stamp(fwhm)) == pytest.approx(3.4, abs=1e-6)
