"""Image subtraction against slow sums, against simulations, and against the faults of others.

A fault's test puts the fault into the module's own text and shows that a check goes red.
"""

import importlib
import inspect
import re
import types
from pathlib import Path

import numpy as np
import pytest
import subtraction_sky
from redpix.core import backend
from redpix.core.exceptions import InputError
from redpix.image import fourier
from redpix.image.background import matched_background, smooth_background
from redpix.psf.moffat import moffat_stamp
from redpix.subtraction import epoch, zogy, zogy_kernels
from redpix.subtraction.epoch import Epoch, measured_noise
from redpix.subtraction.psf_matching import match_psf
from redpix.subtraction.zogy import subtract
from scipy.ndimage import maximum_filter

SEEDS = range(20)

#: a fault is far beyond the bounds: it shows on a few
FEW = range(4)


def faulty(*changes):
    """Return the function `subtract` of the module with some of its text replaced."""
    # one text of the module and of those that it uses
    modules = backend, fourier, epoch, zogy_kernels, zogy
    names = "|".join(re.escape(module.__name__) for module in modules)
    imports = re.compile(rf"^from ({names}) import (\([^)]*\)|[^\n]*)\n", re.MULTILINE)
    text = "".join(imports.sub("", inspect.getsource(module)) for module in modules)
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    module = types.ModuleType("faulty")
    exec(compile(text, "faulty", "exec"), module.__dict__)  # noqa: S102
    return module.subtract


# ---- checks: each raises AssertionError where something is wrong


def check_scores(run, seeds=SEEDS):
    spreads, means, false = [], [], 0
    for seed in seeds:
        sky = subtraction_sky.make(seed)
        result = run(sky.new, sky.reference)
        free = subtraction_sky.away(result.S.shape, sky)
        spreads.append(result.Scorr[free].std())
        means.append(result.Scorr[free].mean())
        false += np.sum(abs(result.Scorr[free]) > 5)
    assert np.mean(spreads) == pytest.approx(1, abs=0.01)
    assert np.mean(means) == pytest.approx(0, abs=0.02)
    assert false == 0


def check_whiteness(run, seeds=SEEDS):
    spreads, on_stars, lags = [], [], []
    for seed in seeds:
        sky = subtraction_sky.make(seed, transients=0)
        D = run(sky.new, sky.reference)
        scaled = D.D / np.sqrt(D.D_variance)
        spreads.append(scaled.std())
        on_stars.append(scaled[D.D_variance > 1.3])
        blank = subtraction_sky.make(seed, transients=0, stars=0)
        D = run(blank.new, blank.reference).D
        lags.append([np.mean(D[:, 1:] * D[:, :-1]) / D.var(), np.mean(D[1:] * D[:-1]) / D.var()])
        spreads.append(D.std())
    assert np.mean(spreads) == pytest.approx(1, abs=0.005)
    assert np.concatenate(on_stars).std() == pytest.approx(1, abs=0.05)
    assert np.all(abs(np.mean(lags, axis=0)) < 0.005)


def check_fluxes(run, seeds=SEEDS):
    pulls, ratios = [], []
    for seed in seeds:
        # enough to measure the spread of their pulls to 0.03
        sky = subtraction_sky.make(seed, transients=32, stars=20)
        result = run(sky.new, sky.reference)
        measured, error = result.alpha[sky.y, sky.x], result.alpha_error[sky.y, sky.x]
        pulls.append((measured - sky.flux) / error)
        ratios.append(measured / sky.flux)
    pulls = np.concatenate(pulls)
    assert np.median(np.concatenate(ratios)) == pytest.approx(1, abs=0.03)
    assert pulls.mean() == pytest.approx(0, abs=4 / np.sqrt(len(pulls)))
    assert pulls.std() == pytest.approx(1, abs=0.1)


def check_found(run, seeds=range(3)):
    for seed in seeds:
        sky = subtraction_sky.make(seed)
        score = run(sky.new, sky.reference).Scorr
        expected = np.sign(sky.flux)
        assert np.all(score[sky.y, sky.x] * expected > 5)


def check_place(run, shape=(101, 121)):
    image = np.zeros(shape)
    image[:] = subtraction_sky.light(shape, [60], [40], [1e4], subtraction_sky.NEW_WIDTH)
    new = Epoch(image, subtraction_sky.gaussian(subtraction_sky.NEW_WIDTH), 1.0)
    psf = subtraction_sky.gaussian(subtraction_sky.REFERENCE_WIDTH, 21)
    result = run(new, Epoch(np.zeros(shape), psf, 1.0))
    for plane in (result.D, result.S, result.Scorr):
        assert np.unravel_index(np.argmax(plane), shape) == (40, 60)
    assert np.unravel_index(np.argmax(result.P_D), result.P_D.shape) == (12, 12)


def test_simulated_scores():
    check_scores(subtract)


def test_simulated_difference_is_white():
    check_whiteness(subtract)


def test_simulated_fluxes():
    check_fluxes(subtract)


def test_transients_are_found():
    check_found(subtract)


@pytest.mark.parametrize("shape", [(101, 121), (100, 120), (97, 128), (128, 97)])
def test_peaks_stay_in_place(shape):
    check_place(subtract, shape)


#: line of the code that a faulty centring replaces
CENTRING = "        middle, (height, width) = stamp.shape[0] // 2, stamp.shape\n"

FAULTS = {
    "minus in the denominator of D": (
        check_whiteness,
        [("A += ((psfs.sr", "A -= ((psfs.sr")],
    ),
    "kernels of N and R swapped in V(S)": (
        check_scores,
        [
            ("(plan, kn_hat, hats", "(plan, np.array(kr_hat), hats"),
            ("(plan, kr_hat, hats", "(plan, saved, hats"),
            ("    V_N, k_n = _score", "    saved = np.array(kn_hat)\n    V_N, k_n = _score"),
        ],
    ),
    "squared deviation as variance": (
        check_scores,
        [("variance = epoch.variance\n", "variance = (image - np.median(image)) ** 2\n")],
    ),
    "fftshift for a centring": (
        check_place,
        [
            (
                CENTRING,
                "        lo = [(n - m + 1) // 2 for n, m in zip(shape, stamp.shape)]\n"
                "        stamp = np.pad(stamp, [(l, 0) for l in lo])\n"
                "        canvas = np.zeros(shape, stamp.dtype)\n"
                "        canvas[: stamp.shape[0], : stamp.shape[1]] = stamp\n"
                "        return self.forward(fft.fftshift(canvas), shape, workers)\n",
            ),
        ],
    ),
    "PSF padded after the shift": (
        check_place,
        [(CENTRING, "        return self.forward(fft.ifftshift(stamp), shape, workers)\n")],
    ),
    "F_S without 1 / Npix": (
        check_fluxes,
        [("total / (k_n.shape[0] * width)", "total")],
    ),
    "read noise added unsquared": (
        check_scores,
        [
            ("        return variance\n", "        return variance - noise**2 + noise\n"),
        ],
    ),
    "the variance of D from the sky alone": (
        check_whiteness,
        [("    variance = epoch.variance\n", "    variance = None\n")],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_check_goes_red_with(fault):
    check, changes = FAULTS[fault]
    run = faulty(*changes)  # not within: what it asserts is the text
    with pytest.raises(AssertionError):
        check(run, *([FEW] if check is not check_place else []))


def test_fwhm_as_error_of_registration_hides_everything():
    def run(new, reference):
        return subtract(new._replace(astrometry=(4.0, 4.0)), reference)

    with pytest.raises(AssertionError):
        check_found(run)


def test_background_left_in_biases_scores():
    def run(new, reference):
        return subtract(new._replace(image=new.image + 0.3), reference)

    with pytest.raises(AssertionError):
        check_scores(run, FEW)


def clipped(epoch):
    psf = np.where(epoch.psf < 0.2 * epoch.psf.max(), 0, epoch.psf)
    return epoch._replace(psf=psf)


def test_clipped_psf_is_refused_and_would_leave_stars():
    sky = subtraction_sky.make(0)
    with pytest.raises(InputError, match="new image: PSF of sum 0.79"):
        subtract(clipped(sky.new), clipped(sky.reference))
    careless = faulty((" or abs(psf.sum() - 1) > 1e-3", ""), ("(psf / psf.sum())", "psf"))
    with pytest.raises(AssertionError):
        check_scores(lambda new, reference: careless(clipped(new), clipped(reference)), FEW)


def test_registration_error_enters_once_and_hides_nothing():
    without, score_of_true = 0, []
    for seed in SEEDS:
        sky = subtraction_sky.make(seed, (160, 160), transients=5, stars=25, offset=0.2)
        free = subtraction_sky.away(sky.new.image.shape, sky)
        error = (0.2 / np.sqrt(2) / np.sqrt(2),) * 2  # an axis; and half of it to each epoch
        epochs = [epoch._replace(astrometry=error) for epoch in (sky.new, sky.reference)]
        score = subtract(*epochs).Scorr
        assert np.sum(abs(score[free]) > 5) == 0
        without += np.sum(abs(subtract(sky.new, sky.reference).Scorr[free]) > 5)
        score_of_true.append(score[sky.y, sky.x] * np.sign(sky.flux))
    assert without > 1000
    assert np.min(np.concatenate(score_of_true)) > 5


def holes(sky, value):
    variance = sky.new.variance.copy()
    variance[100:140, 60:100] = value
    image = sky.new.image.copy()
    image[120, 80] += 150
    return sky.new._replace(image=image, variance=variance), sky.reference._replace(
        variance=np.where(variance == value, value, sky.reference.variance)
    )


@pytest.mark.parametrize("value", [0.0, -3.0, np.nan, 1e-9])
def test_impossible_variance_makes_no_score(value):
    sky = subtraction_sky.make(1, transients=0, stars=0)
    epochs = holes(sky, value)
    true = subtract(*(e._replace(variance=None) for e in epochs)).Scorr[120, 80]
    assert 0.5 * true < subtract(*epochs).Scorr[120, 80] < 3.5 * true
    if value == 1e-9:
        floorless = faulty(
            (
                "xp.clip(V_N[rows, :] + V_R[rows, :], min=VARIANCE_FLOOR * F_S)",
                "V_N[rows, :] + V_R[rows, :]",
            )
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            assert not floorless(*epochs).Scorr[120, 80] < 3.5 * true


def test_pixels_without_value_stay_alone():
    sky = subtraction_sky.make(2)
    whole = subtract(sky.new, sky.reference)
    image, other = sky.new.image.copy(), sky.reference.image.copy()
    image[50, 60], image[:, :3], other[200, 90] = np.nan, np.nan, np.inf
    result = subtract(sky.new._replace(image=image), sky.reference._replace(image=other))
    unknown = ~np.isfinite(image) | ~np.isfinite(other)
    for name in ("D", "S", "Scorr", "alpha", "alpha_error", "D_variance"):
        assert np.array_equal(np.isnan(getattr(result, name)), unknown)
    far = np.hypot(*np.ogrid[-50:206, -60:196]) > 40
    far &= np.hypot(*np.ogrid[-200:56, -90:166]) > 40
    far[:, :40] = False
    assert np.allclose(result.Scorr[far], whole.Scorr[far], atol=2e-3)
    careless = faulty(("    if not valid.all():\n", "    if False:\n"))
    spread = careless(sky.new._replace(image=image), sky.reference)
    assert np.isnan(spread.Scorr).all()


# ---- against slow sums


def direct(new, reference):
    """Return the equations with complex transforms of a periodic image and slow sums."""
    shape = new.image.shape

    def kernel(psf):
        canvas = np.zeros(shape)
        half = psf.shape[0] // 2
        for dy in range(-half, half + 1):
            for dx in range(-half, half + 1):
                canvas[dy % shape[0], dx % shape[1]] = psf[half + dy, half + dx]
        return np.fft.fft2(canvas)

    Pn, Pr = kernel(new.psf), kernel(reference.psf)
    N, R = np.fft.fft2(new.image), np.fft.fft2(reference.image)
    sn, sr, Fn, Fr = new.noise, reference.noise, new.flux, reference.flux
    A = sn**2 * Fr**2 * abs(Pn * 0 + Pr) ** 2 + sr**2 * Fn**2 * abs(Pn) ** 2
    D = (Fr * Pr * N - Fn * Pn * R) / np.sqrt(A)
    F_D = Fr * Fn / np.sqrt(sn**2 * Fr**2 + sr**2 * Fn**2)
    P_D = Fr * Fn * Pr * Pn / (F_D * np.sqrt(A))
    S = np.fft.ifft2(F_D * D * np.conj(P_D)).real
    kn = np.fft.ifft2(Fn * Fr**2 * np.conj(Pn) * abs(Pr) ** 2 / A).real
    kr = np.fft.ifft2(Fr * Fn**2 * np.conj(Pr) * abs(Pn) ** 2 / A).real
    V = np.zeros(shape)
    for dy in range(shape[0]):
        for dx in range(shape[1]):
            V += kn[dy, dx] ** 2 * np.roll(new.variance, (dy, dx), (0, 1))
            V += kr[dy, dx] ** 2 * np.roll(reference.variance, (dy, dx), (0, 1))
    F_S = np.mean(Fn**2 * abs(Pn) ** 2 * Fr**2 * abs(Pr) ** 2 / A)
    return np.fft.ifft2(D).real, F_D, S, S / np.sqrt(V), F_S


@pytest.mark.parametrize("shape", [(48, 54), (45, 50), (50, 45), (45, 75)])
def test_against_slow_sums(shape):
    sky = subtraction_sky.make(4, (96, 96), transients=0, stars=8)
    new, reference = (
        Epoch(
            e.image[: shape[0], : shape[1]],
            e.psf[6:-6, 6:-6] / e.psf[6:-6, 6:-6].sum(),
            *(e.noise, e.flux, e.variance[: shape[0], : shape[1]]),
        )
        for e in (sky.new, sky.reference)
    )
    D, F_D, S, Scorr, F_S = direct(new, reference)
    result = subtract(new, reference, dtype=np.float64, padding=0)
    if result.S.shape != tuple(map(fourier.fft.next_fast_len, shape)):
        pytest.fail("the shapes of this test are lengths that need no padding")
    np.testing.assert_allclose([result.F_D, result.F_S], [F_D, F_S], rtol=1e-10)
    np.testing.assert_allclose(result.D, D, atol=1e-8)
    np.testing.assert_allclose(result.S, S, atol=1e-8)
    np.testing.assert_allclose(result.Scorr, Scorr, atol=1e-8)
    single = subtract(new, reference, padding=0)
    np.testing.assert_allclose(single.Scorr, Scorr, atol=3e-2)
    assert np.median(abs(single.Scorr - Scorr)) < 3e-5


def test_score_is_the_sum_of_its_parts():
    sky = subtraction_sky.make(0, (128, 128), transients=2, stars=8)
    result = subtract(sky.new, sky.reference, dtype=np.float64)
    middle = result.k_n.shape[0] // 2
    # the flux of a source of the new epoch passes with the weight F_S
    peak = np.sum(result.k_n * sky.new.psf[::-1, ::-1])
    assert peak == pytest.approx(result.F_S, rel=1e-3)
    assert result.k_n[middle, middle] == result.k_n.max()
    variance = result.variance_new + result.variance_reference
    np.testing.assert_allclose(result.S / np.sqrt(variance), result.Scorr)
    np.testing.assert_allclose(result.alpha * result.F_S, result.S)


def test_image_space_agrees_with_fourier_space():
    sky = subtraction_sky.make(5, (150, 170), transients=4, stars=12)
    whole, local = (subtract(sky.new, sky.reference, space=s) for s in ("fourier", "image"))
    for name, tolerance in (("D", 0.05), ("Scorr", 0.02), ("S", 0.02), ("alpha_error", 1e-3)):
        a, b = getattr(whole, name), getattr(local, name)
        assert abs(a - b).max() < tolerance * max(1, abs(a).max() / 20), name
    np.testing.assert_allclose([local.F_S, local.F_D], [whole.F_S, whole.F_D], rtol=1e-3)
    np.testing.assert_allclose(local.P_D, whole.P_D, atol=1e-4)
    # what lies farther away than a kernel reaches has no part in it
    changed = sky.new.image.copy()
    changed[:, :40] += 1e4
    near = subtract(sky.new._replace(image=changed), sky.reference, space="image").D
    np.testing.assert_allclose(near[:, 70:], local.D[:, 70:], atol=1e-3)
    assert abs(near - local.D)[:, :40].max() > 10


def test_image_is_brought_to_another_psf():
    shape = (91, 100)
    stars = [40.0, 70.3], [50.0, 20.6], [1e4, 5e3]
    sharp = subtraction_sky.light(shape, *stars, subtraction_sky.REFERENCE_WIDTH)
    sharp[5, 5] = np.nan
    psfs = map(
        subtraction_sky.gaussian, (subtraction_sky.REFERENCE_WIDTH, subtraction_sky.NEW_WIDTH)
    )
    matched = match_psf(sharp, *psfs)
    wide = subtraction_sky.light(shape, *stars, subtraction_sky.NEW_WIDTH)
    assert np.array_equal(np.isnan(matched), np.isnan(sharp))
    assert np.nanmax(abs(matched - wide)) < 2e-3 * wide.max()


def test_noise_is_not_raised_where_the_psf_holds_nothing():
    rng = np.random.default_rng(3)
    wide, sharp = subtraction_sky.gaussian(1.7), subtraction_sky.gaussian(1.3)
    noise = rng.standard_normal((128, 128))
    assert match_psf(noise, wide, sharp, least=0.1).std() < 1
    assert match_psf(noise, wide, sharp, least=1e-3).std() > 1


def test_a_global_median_biases_scores_and_the_matched_background_does_not():
    """Faint sources draw the median of the wider image up more than that of the sharper."""
    shape, rng = (256, 256), np.random.default_rng(13)
    x, y, flux = rng.uniform(0, 256, 900), rng.uniform(0, 256, 900), rng.uniform(100, 1500, 900)
    epochs = []
    for width, noise, level, fields in ((2.6, 5.0, 90.0, 1.0), (1.2, 5.0, 40.0, 1.6)):
        light = fields * subtraction_sky.light(shape, x, y, flux, width)
        image = light + level + rng.normal(0, noise, shape)
        epochs.append(Epoch(image, subtraction_sky.gaussian(width), noise, fields))
    new, old = epochs

    def bias(background_new, background_old):
        subtracted = (
            new._replace(image=new.image - background_new),
            old._replace(image=old.image - background_old),
        )
        return np.median(subtract(*subtracted).Scorr)

    matched = matched_background(new.image, old.image, old.flux, new.psf, old.psf, 128).plane
    plain = smooth_background(new.image - old.image / old.flux, 128)
    assert abs(bias(matched, 0)) < 0.2
    assert abs(bias(plain, 0)) > 1
    assert abs(bias(np.median(new.image), np.median(old.image))) > 0.3


def test_threads_change_nothing():
    sky = subtraction_sky.make(0, (128, 128), transients=2, stars=8)
    one, two = (subtract(sky.new, sky.reference, workers=workers) for workers in (1, 2))
    for a, b in zip(one, two, strict=True):
        assert np.array_equal(a, b)


def test_noise_is_measured_where_it_is_not_given():
    sky = subtraction_sky.make(0)
    assert measured_noise(sky.new.image) == pytest.approx(5, rel=0.05)
    assert measured_noise(sky.new.image, sky.new.variance) == pytest.approx(5, rel=0.02)
    unnamed = [epoch._replace(noise=None) for epoch in (sky.new, sky.reference)]
    free = subtraction_sky.away(sky.new.image.shape, sky)
    assert subtract(*unnamed).Scorr[free].std() == pytest.approx(1, abs=0.03)


def test_unequal_noise_and_no_source_make_no_false_score():
    for seed in range(3):
        sky = subtraction_sky.make(seed, transients=0, stars=0)
        assert maximum_filter(abs(subtract(sky.new, sky.reference).Scorr), 3).max() < 5.2


BLANK = Epoch(np.ones((40, 40)), subtraction_sky.gaussian(1.5, 11), 1.0)


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (BLANK._replace(image=np.ones((40, 41))), r"shapes \(40, 41\) and \(40, 40\)"),
        (BLANK._replace(image=np.full((40, 40), np.nan)), "no pixel with a value"),
        (BLANK._replace(noise=None), "new image: noise 0; allowed: a number above 0"),
        (BLANK._replace(noise=-1.0), "new image: noise -1"),
        (BLANK._replace(flux=0.0), "new image: flux zero point 0"),
        (BLANK._replace(psf=subtraction_sky.gaussian(1.5, 41)), "PSF of shape .* larger"),
        (BLANK._replace(psf=np.zeros((5, 5))), "PSF of sum 0"),
        (BLANK._replace(variance=np.ones((3, 3))), r"variance of shape \(3, 3\)"),
    ],
)
def test_what_cannot_be_subtracted_is_said(new, words):
    with pytest.raises(InputError, match=words):
        subtract(new, BLANK)


def test_blank_images_have_a_score_of_unit_variance_and_a_known_zero_point():
    rng = np.random.default_rng(1)
    new = Epoch(rng.normal(0, 5, (200, 300)), moffat_stamp(3.5, 41), noise=5.0, flux=1.0)
    old = Epoch(rng.normal(0, 3, (200, 300)), moffat_stamp(3.0, 41), noise=3.0, flux=1.6)
    result = subtract(new, old, dtype=np.float64, workers=2)
    assert result.Scorr.std() == pytest.approx(1, abs=0.05)
    assert pytest.approx(1.6 / np.hypot(5 * 1.6, 3)) == result.F_D
    assert result.alpha_error.mean() > 0


def test_names_on_the_page_exist():
    page = (Path(__file__).parents[3] / "docs/methods/subtraction.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(?!redpix)([a-z]+\.[a-z_]+)\.([A-Za-z_]+)", page))
    assert len(named) >= 8
    for module, name in sorted(named):
        assert hasattr(importlib.import_module(f"redpix.{module}"), name), name
