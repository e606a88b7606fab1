"""Effective PSF, fit of all stars together and detection, compared with dense and closed forms."""

import numpy as np
import pytest
from redpix.image.masks import bit_value
from redpix.photometry import design_matrix, detection, normal_matrix, psf_fit
from redpix.photometry.scene import Placed, Scene
from redpix.psf import effective_psf_fit, moffat, psf_correction, star_selection
from redpix.psf.effective_psf import EffectivePsf, b_spline, b_spline_slope, position_powers
from scipy import sparse
from scipy.interpolate import BSpline
from star_bound import TruePsf, cramer_rao
from star_field import Field, Moffat, draw

PROFILE = Moffat(fwhm=2.6, beta=3.0)
SHAPE = (90, 80)


def known_psf(profile=PROFILE, shape=SHAPE, degree=0):
    """Return a Moffat profile as an effective PSF."""
    start = np.zeros((degree + 1) * (degree + 2) // 2)
    width = start.copy()
    width[0] = np.log(moffat.alpha_of(profile.fwhm, profile.beta))
    made = moffat.Profile(width, start, start, np.log(profile.beta - 1), degree, shape)
    return effective_psf_fit.effective_psf(made)


def small_field(seed=1, noise=True):
    """Return a field of six stars, two of them close together."""
    rng = np.random.default_rng(seed)
    x, y = np.array([[20.3, 23.1, 60.6, 40.2, 12.8, 70.1], [30.4, 32.6, 20.1, 70.7, 75.2, 60.5]])
    flux = np.array([9e3, 5e3, 2e4, 3e3, 8e4, 1500.0])
    clean = draw(SHAPE, x, y, flux, PROFILE, 1e-3)
    sky, gain, read_noise = 100.0, 2.0, 4.0
    image = clean.copy()
    if noise:
        image = rng.poisson((clean + sky) * gain) / gain - sky
        image += rng.normal(0, read_noise / gain, SHAPE)
    return Field(image, x, y, flux, sky, gain, read_noise)


def scene_of(field):
    return Scene(
        field.image,
        np.full(field.image.shape, field.sky_variance),
        np.full(field.image.shape, field.gain),
    )


def test_splines_are_the_cubic_b_spline_and_its_derivative():
    t = np.linspace(-2.5, 2.5, 101)
    whole = BSpline.basis_element([-2, -1, 0, 1, 2], extrapolate=False)
    assert b_spline(t) == pytest.approx(np.nan_to_num(whole(t)), abs=1e-12)
    slope = np.nan_to_num(whole.derivative()(t))
    inside = abs(abs(t) - 2) > 1e-6
    assert b_spline_slope(t)[inside] == pytest.approx(slope[inside], abs=1e-12)


def test_stamps_are_the_profile_and_derivatives_its_change():
    psf = known_psf()
    x, y = np.array([20.3, 41.5, 33.0]), np.array([30.7, 22.2, 60.0])
    value, by_x, by_y = psf.stamps(x, y, 8)
    axis = np.arange(-8, 9)
    for i in range(3):
        dx, dy = axis - (x[i] - np.rint(x[i])), (axis - (y[i] - np.rint(y[i])))[:, None]
        assert value[i] == pytest.approx(PROFILE.at(dx, dy), abs=8e-4 * value.max())
    h = 1e-4
    moved = psf.stamps(x + h, y, 8, derivatives=False) - psf.stamps(x - h, y, 8, derivatives=False)
    # x = 41.5 and y = 60 are rounded to other pixels on either side
    assert by_x[0] == pytest.approx(moved[0] / (2 * h), abs=1e-6)
    moved = psf.stamps(x, y + h, 8, derivatives=False) - psf.stamps(x, y - h, 8, derivatives=False)
    assert by_y[0] == pytest.approx(moved[0] / (2 * h), abs=1e-6)
    assert psf.stamps(x, y, psf.reach, derivatives=False).sum(axis=(1, 2)) == pytest.approx(
        1, abs=2e-3
    )


def test_a_profile_never_becomes_a_line():
    """A fit in a crowded field may try coefficients that sum to an ellipticity above 1."""
    astray = np.array([0.8, 0.5, 0.0])
    profile = moffat.Profile(np.array([0.5, 0, 0]), astray, astray, 0.5, 1, SHAPE)
    dx, dy = np.meshgrid(np.arange(-6.0, 7), np.arange(-6.0, 7))
    value, by = profile.at(np.array([150.0]), np.array([150.0]), dx, dy, slopes=True)
    assert all(np.isfinite(part).all() for part in (value, *by))
    assert 0 < value.sum() < 1


def test_slopes_of_a_moffat_profile():
    axis = np.arange(-6.0, 7)
    dx, dy = axis - 0.3, (axis + 0.2)[:, None]
    at = (2.1, 2.7, 0.12, -0.2)  # alpha, beta, stretch, shear
    value, by = moffat.moffat_pixels(dx, dy, *at, slopes=True)
    assert value.sum() == pytest.approx(1, abs=0.04)

    def moved(parameter, h):
        width, beta, stretch, shear = at
        x, y = dx - h * (parameter == 0), dy - h * (parameter == 1)
        width = width * np.exp(h * (parameter == 2))
        stretch, shear = stretch + h * (parameter == 3), shear + h * (parameter == 4)
        beta = 1 + (beta - 1) * np.exp(h * (parameter == 5))
        return moffat.moffat_pixels(x, y, width, beta, stretch, shear)

    for parameter in range(6):
        numeric = (moved(parameter, 1e-5) - moved(parameter, -1e-5)) / 2e-5
        assert by[parameter] == pytest.approx(numeric, abs=1e-7)


def test_a_psf_may_vary_over_the_image():
    constant = known_psf()
    terms = np.stack([constant.terms[0], 0.1 * constant.terms[0], 0.2 * constant.terms[0]])
    psf = EffectivePsf(terms, 1, SHAPE, constant.step, constant.fwhm, 0)
    x, y = np.array([0.0, 79.0, 39.5]), np.array([0.0, 0.0, 44.5])
    assert position_powers(x, y, SHAPE, 1).tolist() == [[1, -1, -1], [1, 1, -1], [1, 0, 0]]
    plain = constant.stamps(x, y, 5, derivatives=False)
    ratio = (psf.stamps(x, y, 5, derivatives=False) / plain)[:, 5, 5]
    assert ratio == pytest.approx([0.7, 0.9, 1.0])


def test_stars_without_noise_come_back_exactly():
    field = small_field(noise=False)
    start = Placed(field.x + 0.3, field.y - 0.2, field.flux * 0.8)
    stars, model = psf_fit.fit(scene_of(field), known_psf(), start, 12)
    assert stars.flux == pytest.approx(field.flux, rel=2e-3)
    assert stars.x == pytest.approx(field.x, abs=2e-3)
    assert stars.y == pytest.approx(field.y, abs=2e-3)
    assert abs(field.image - model).max() < 2e-3 * field.image.max()
    # at fixed places the fluxes are linear: one round is enough
    fixed, _ = psf_fit.fit(
        scene_of(field), known_psf(), Placed(field.x, field.y, np.ones(6)), 1, fixed=True
    )
    assert fixed.flux == pytest.approx(field.flux, rel=2e-3)


def dense_fisher(field, stamps, half):
    """Return the Fisher matrix of all stars by loops over stars and pixels."""
    ny, nx = field.image.shape
    n = len(field.x)
    slopes = np.zeros((3 * n, ny, nx))
    for star in range(n):
        column, row = round(field.x[star]), round(field.y[star])
        for kind in range(3):
            scale = field.flux[star] if kind else 1.0
            for j in range(2 * half + 1):
                for i in range(2 * half + 1):
                    y, x = row + j - half, column + i - half
                    if 0 <= y < ny and 0 <= x < nx:
                        slopes[kind * n + star, y, x] = scale * stamps[kind][star, j, i]
    model = np.tensordot(field.flux, slopes[:n], axes=1)
    variance = field.sky_variance + np.maximum(model, 0) / field.gain
    return np.einsum("ayx,byx,yx->ab", slopes, slopes, 1 / variance, optimize=True)


def test_errors_are_those_of_the_whole_inverse():
    field = small_field()
    psf = known_psf()
    stars = Placed(field.x, field.y, field.flux)
    # one size of stamps for all stars, as in the loop
    star_fit_halves = design_matrix._HALVES
    try:
        design_matrix._HALVES = (5.0, 5.0, 5.0)
        model = design_matrix.model_image(stars, psf, 1.0, SHAPE)
        found = psf_fit.errors(scene_of(field), psf, stars, model)
        half = int(np.ceil(5 * psf.fwhm))
        fisher = dense_fisher(field, psf.stamps(field.x, field.y, half), half)
    finally:
        design_matrix._HALVES = star_fit_halves
    expected = np.sqrt(np.diagonal(np.linalg.inv(fisher)))
    assert np.concatenate(found) == pytest.approx(expected, rel=1e-6)
    # a neighbour makes a flux less certain
    alone = 1 / np.sqrt(np.diagonal(fisher)[:6])
    assert np.all(expected[:2] > 1.1 * alone[:2])
    assert expected[2:6] == pytest.approx(alone[2:6], rel=0.01)


def test_bound_of_the_benchmark_is_that_of_a_dense_matrix():
    field = small_field()
    psf = TruePsf(PROFILE, SHAPE, PROFILE.fwhm)
    bound = cramer_rao(field, PROFILE)
    fisher = dense_fisher(field, psf.stamps(field.x, field.y, 26), 26)
    expected = np.sqrt(np.diagonal(np.linalg.inv(fisher)))
    assert np.concatenate(bound[:3]) == pytest.approx(expected, rel=0.01)


def test_inverse_diagonal_of_small_groups():
    rng = np.random.default_rng(6)
    n = 9
    full = np.zeros((3 * n, 3 * n))
    for group in ([0, 4], [1, 2, 3, 8], [5], [6, 7]):
        rows = (np.arange(3)[:, None] * n + np.array(group)).ravel()
        part = rng.normal(size=(len(rows), 40))
        full[np.ix_(rows, rows)] = part @ part.T
    expected = np.diagonal(np.linalg.inv(full))
    found = normal_matrix.inverse_diagonal(sparse.csc_array(full), n)
    assert found == pytest.approx(expected, rel=1e-6)
    full[[3, 3 + n]], full[:, [3, 3 + n]] = 0, 0  # two parameters without data
    found = normal_matrix.inverse_diagonal(sparse.csc_array(full), n)
    assert list(np.flatnonzero(np.isnan(found))) == [3, 3 + n]


def crowd_of(stars, side=90):
    """Return a field in which every star overlaps others, its scene and its PSF."""
    rng = np.random.default_rng([8, stars])
    x, y = rng.uniform(0, side - 1, (2, stars))
    flux = 10 ** rng.uniform(3, 5, stars)
    sky, gain = 200.0, 2.0
    image = draw((side, side), x, y, flux, PROFILE, 0.01) + sky
    image = rng.poisson(image * gain) / gain
    field = Field(image, x, y, flux, sky, gain, 0.0)
    plane = np.ones(image.shape)
    scene = Scene(image - sky, plane * sky / gain, plane * gain)
    return field, scene, TruePsf(PROFILE, image.shape, PROFILE.fwhm)


def test_fluxes_and_errors_of_one_large_group_are_those_of_dense_matrices():
    field, scene, psf = crowd_of(150)
    stars = Placed(field.x, field.y, field.flux)
    stars, model = psf_fit.fit(scene, psf, stars, 3, fixed=True)
    matrix = design_matrix.design(stars, psf, scene.noise, scene.image.shape, derivatives=False)
    dense, weight = matrix.toarray(), scene.weight(model).ravel()
    normal = (dense * weight) @ dense.T
    expected = np.linalg.solve(normal, dense @ (weight * scene.image.ravel()))
    assert stars.flux == pytest.approx(expected, rel=2e-3)
    found = psf_fit.errors(scene, psf, stars, model)
    matrix = design_matrix.design(stars, psf, scene.noise, scene.image.shape).toarray()
    dense = np.sqrt(np.diagonal(np.linalg.inv((matrix * weight) @ matrix.T)))
    assert np.concatenate(found) == pytest.approx(dense, rel=0.01)


def test_pulls_have_unit_width():
    psf, pulls = known_psf(), []
    for seed in range(40):
        field = small_field(seed)
        scene = scene_of(field)
        stars, model = psf_fit.fit(scene, psf, Placed(field.x, field.y, field.flux), 4)
        found = psf_fit.errors(scene, psf, stars, model)
        for name in ("flux", "x", "y"):
            pulls.append((getattr(stars, name) - getattr(field, name)) / getattr(found, name))
    pulls = np.array(pulls).ravel()
    assert len(pulls) == 720
    assert np.std(pulls) == pytest.approx(1, abs=0.08)
    assert np.mean(pulls) == pytest.approx(0, abs=0.12)


def test_variances_of_the_data_would_make_fluxes_too_low():
    """The same fit with variances from the model and from the data shows the bias."""
    psf, changes = known_psf(), []
    for seed in range(20):
        field = small_field(seed)
        scene = scene_of(field)
        start = Placed(field.x, field.y, field.flux)
        stars, _ = psf_fit.fit(scene, psf, start, 3, fixed=True)
        wrong = scene._replace(
            variance=scene.variance + field.image / field.gain, gain=np.full(SHAPE, 1e12)
        )
        others, _ = psf_fit.fit(wrong, psf, start, 3, fixed=True)
        changes.append((others.flux - stars.flux) / field.flux)
    assert np.mean(changes) < -0.003


def test_hidden_pixels_tell_nothing():
    field = small_field(noise=False)
    scene = scene_of(field)
    scene.image[19:22, 59:62] = 1e6
    scene.variance[19:22, 59:62] = np.inf
    stars, _ = psf_fit.fit(scene, known_psf(), Placed(field.x, field.y, field.flux), 4)
    assert stars.flux == pytest.approx(field.flux, rel=5e-3)


def test_stamps_are_as_large_where_most_of_the_image_is_hidden():
    field = small_field(noise=False)
    scene = scene_of(field)
    whole = scene.noise
    scene.variance[:, 35:] = np.inf
    assert whole == pytest.approx(np.sqrt(field.sky_variance))
    assert scene.noise == whole
    stars, model = psf_fit.fit(scene, known_psf(), Placed(field.x, field.y, field.flux), 4)
    near = [0, 1, 4]
    assert stars.flux[near] == pytest.approx(field.flux[near], rel=2e-3)
    # seven pixels from the brightest star there are 14 counts
    away = np.s_[60:69, 8:18]
    assert field.image[away].max() > 10
    assert abs(field.image - model)[away].max() < 0.05 * field.image[away].max()


def test_the_filter_is_signal_to_noise():
    rng = np.random.default_rng(8)
    stamp = known_psf().stamps(np.array([40.0]), np.array([40.0]), 6, derivatives=False)[0]
    image, weight = rng.normal(0, 3, (50, 60)), rng.uniform(0.5, 2, (50, 60))
    weight[30, 40] = 0
    ratio, flux = detection.matched_filter(image, weight, stamp)
    for y, x in ((25, 30), (30, 41), (44, 52)):
        cut = np.s_[y - 6 : y + 7, x - 6 : x + 7]
        w, d = (np.zeros((13, 13)) for _ in range(2))
        inside = weight[cut].shape
        w[: inside[0], : inside[1]], d[: inside[0], : inside[1]] = weight[cut], image[cut]
        power = np.sum(w * stamp**2)
        assert flux[y, x] == pytest.approx(np.sum(w * d * stamp) / power, rel=1e-3, abs=1e-3)
        assert ratio[y, x] == pytest.approx(np.sum(w * d * stamp) / np.sqrt(power), abs=2e-3)
    noise = rng.normal(0, 1, (400, 400))
    assert np.std(detection.matched_filter(noise, np.ones(noise.shape), stamp)[0]) == pytest.approx(
        1, abs=0.03
    )


def test_detection_places_stars_and_spares_what_a_model_explains():
    field = small_field(3)
    psf, scene = known_psf(), scene_of(field)
    found = detection.detect(scene, psf, 5)
    for x, y, flux in zip(field.x[2:], field.y[2:], field.flux[2:], strict=True):
        near = np.hypot(found.x - x, found.y - y).argmin()
        assert np.hypot(found.x[near] - x, found.y[near] - y) < 0.4
        assert found.flux[near] == pytest.approx(flux, rel=0.15)
    stars = Placed(field.x, field.y, field.flux)
    model = design_matrix.model_image(stars, psf, 1.0, SHAPE)
    assert len(detection.detect(scene, psf, 5, model).x) == 0
    # one per cent of a bright star is not detected as a star
    assert len(detection.detect(scene, psf, 5, 0.99 * model).x) == 0


def test_hot_pixels_are_sharp_and_stars_are_not():
    field = small_field(4)
    scene = scene_of(field)
    scene.image[50, 30] += 300
    scene.image[80, 70] += 4000
    sharp = detection.sharp_pixels(scene, known_psf())
    assert sorted(map(tuple, np.argwhere(sharp).tolist())) == [(50, 30), (80, 70)]
    scene.variance[51, 30] = np.inf
    assert not detection.sharp_pixels(scene, known_psf())[50, 30]


def test_one_light_fitted_twice_is_merged():
    stars = Placed(
        np.array([10.0, 10.4, 20.0]), np.array([5.0, 5.0, 5.0]), np.array([9.0, 3.0, 1.0])
    )
    assert detection.merged(stars, 1.0).tolist() == [False, True, False]
    others = Placed(np.array([10.0]), np.array([6.5]), np.array([1.0]))
    assert detection.apart(stars, others, 2.0).tolist() == [False, False, True]


@pytest.fixture(scope="module")
def bright_stars():
    """Return isolated bright stars with a flare on one side; their PSF varies over the image."""
    rng = np.random.default_rng(12)
    shape = (700, 700)
    x, y = (np.arange(8) * 85 + 50.0)[:, None] + rng.uniform(-0.5, 0.5, (2, 8, 8))
    y = y.transpose(0, 1)[:, ::1].T
    x, y = x.ravel(), y.ravel()
    flux = rng.uniform(5e4, 2e5, 64)

    def profile(column, row):
        return Moffat(2.8 + 0.2 * column / 700, 3.0, 0.9, 0.5 + row / 700)

    image = draw(shape, x, y, flux, profile, 0.01)
    image += 0.06 * draw(shape, x + 1.5, y, flux, profile, 0.01)
    sky = 150.0
    image = rng.poisson((image + sky) * 2) / 2 - sky
    return image, Placed(x, y, flux), profile


def test_psf_of_an_image_is_what_its_stars_have(bright_stars):
    image, stars, profile = bright_stars
    variance, gain = np.full(image.shape, 75.0), np.full(image.shape, 2.0)
    mask = np.zeros(image.shape, np.int16)
    start = stars._replace(x=stars.x + 0.3, y=stars.y - 0.2)
    stamps, kept = star_selection.cut_stamps(image, variance, gain, mask, start, 3.2)
    assert kept.all()
    fitted, stamps = effective_psf_fit.fit_profile(stamps, image.shape, 3.5)
    plain = effective_psf_fit.effective_psf(fitted, len(stamps.x))
    better = psf_correction.corrected(plain, stamps)
    axis = np.arange(-9, 10)
    errors = {}
    for name, psf in (("plain", plain), ("corrected", better)):
        worst = []
        for x, y in ((100.0, 600.0), (350.0, 350.0), (650.0, 120.0)):
            truth = sum(
                share * profile(x, y).at(axis - shift, axis[:, None])
                for share, shift in ((1 / 1.06, 0), (0.06 / 1.06, 1.5))
            )
            # the position of the fitted PSF's centre is free, so it is searched
            shifts = np.linspace(-0.02, 0.22, 25)
            made = [
                psf.stamps(np.array([x + dx]), np.array([y]), 9, derivatives=False)[0]
                for dx in shifts
            ]
            worst.append(min(abs(one - truth).max() for one in made) / truth.max())
        errors[name] = max(worst)
    assert errors["plain"] > 0.008
    assert errors["corrected"] < 0.008
    whole = better.stamps(np.array([350.0]), np.array([350.0]), better.reach, derivatives=False)
    assert whole.sum() == pytest.approx(1, abs=3e-3)


def test_psf_stars_are_bright_alone_and_no_galaxies(bright_stars):
    image, stars, _ = bright_stars
    ratio, size = np.full(64, 100.0), np.full(64, 1.6)
    chosen = star_selection.choose(*stars, ratio, size, 3.2, image.shape)
    assert len(chosen) == 64
    assert np.all(np.diff(stars.flux[chosen]) <= 0)
    size[5], ratio[6] = 3.0, 10.0
    beside = Placed(
        *(np.append(a, b) for a, b in zip(stars, (stars.x[9] + 5, stars.y[9], 1e4), strict=True))
    )
    chosen = star_selection.choose(
        *beside, np.append(ratio, 50), np.append(size, 1.6), 3.2, image.shape
    )
    assert set(range(64)) - set(chosen.tolist()) == {5, 6, 9}
    assert 64 not in chosen
    mask = np.zeros(image.shape, np.int16)
    mask[round(stars.y[3]), round(stars.x[3])] = bit_value("SATURATED")
    _, kept = star_selection.cut_stamps(image, image * 0 + 75, image * 0 + 2, mask, stars, 3.2)
    assert np.flatnonzero(~kept).tolist() == [3]


def test_an_image_whose_every_fourth_row_is_masked_shows_its_stars():
    field, psf = small_field(noise=False), known_psf()
    scene = scene_of(field)
    scene.variance[::4] = np.inf
    found = detection.detect(scene, psf, 20)
    assert np.hypot(found.x - field.x[4], found.y - field.y[4]).min() < 1
