"""Coaddition against closed forms, and against the faults of others."""

import inspect
import types

import numpy as np
import pytest
import subtraction_sky
from redpix.coaddition import mean_and_median
from redpix.coaddition import proper as coaddition
from redpix.coaddition.combine_masks import combined, patched
from redpix.coaddition.mean_and_median import median, weighted_mean
from redpix.coaddition.proper import coadd
from redpix.coaddition.stack import median_noise, stack
from redpix.core.exceptions import InputError
from redpix.image.fourier import transforms
from redpix.image.masks import DTYPE, bit_value
from redpix.subtraction.epoch import Epoch

WIDTHS = (1.2, 1.5, 1.9, 1.4, 2.2, 1.7)
NOISES = (3.0, 5.0, 4.0, 6.0, 3.5, 5.0)
FLUXES = (1.0, 1.6, 0.8, 1.2, 1.0, 0.7)
SHAPE = (200, 180)


def epochs(seed, flux=0.0):
    """Six exposures of a star in the middle."""
    rng = np.random.default_rng([seed, 6])
    made = []
    for width, noise, zero_point in zip(WIDTHS, NOISES, FLUXES, strict=True):
        image = subtraction_sky.light(SHAPE, [90], [100], [flux * zero_point], width)
        image += rng.normal(0, noise, SHAPE)
        made.append(Epoch(image, subtraction_sky.gaussian(width), noise, zero_point))
    return made


def theory():
    """S/N of a source of unit flux: the quadratic sum of what each image gives."""
    return np.sqrt(
        sum(
            (zero_point / noise) ** 2 * np.sum(subtraction_sky.gaussian(width) ** 2)
            for width, noise, zero_point in zip(WIDTHS, NOISES, FLUXES, strict=True)
        )
    )


def matched(image, psf, noise=1.0):
    """S/N at the star's place with the matched filter."""
    half = psf.shape[0] // 2
    stamp = image[100 - half : 101 + half, 90 - half : 91 + half]
    return np.sum(stamp * psf) / noise / np.sqrt(np.sum(psf**2))


def check(make_coadd):
    found, spreads = [], []
    for seed in range(20):
        result = make_coadd(epochs(seed, flux=2000.0))
        found.append(matched(result.C, result.P_C))
        far = np.hypot(*np.ogrid[-100:100, -90:90]) > 25
        spreads.append(result.C[far].std())
    assert np.mean(spreads) == pytest.approx(1, abs=0.005)
    assert np.mean(found) == pytest.approx(2000 * theory(), rel=0.01)


def faulty(old, new):
    text = inspect.getsource(coaddition)
    assert text.count(old) == 1
    module = types.ModuleType("faulty")
    exec(compile(text.replace(old, new), "faulty", "exec"), module.__dict__)  # noqa: S102
    return module.coadd


def test_proper_coadd_keeps_all_signal():
    check(coadd)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "xp.conj(kernel) * float(epoch.flux / epoch.noise**2)",
            "xp.conj(kernel) * float(epoch.flux / epoch.noise)",
        ),
        ("weight * plan.forward(image)", "weight * plan.forward(image) * (len(weighed) > 0)"),
        ("xp.sqrt(xp.clip(sums.power, min=1e-30))", "sums.power"),
    ],
    ids=["F over sigma", "first image left out", "no root"],
)
def test_check_goes_red(old, new):
    run = faulty(old, new)  # not within: what it asserts is the text
    with pytest.raises(AssertionError):
        check(run)


def test_coadd_is_better_than_a_mean():
    sky = epochs(3, flux=2000.0)
    mean = weighted_mean(sky)
    noise = mean[:60].std()
    weights = np.square(np.array(FLUXES) / NOISES)
    psf = sum(w * subtraction_sky.gaussian(s) for w, s in zip(weights, WIDTHS, strict=True))
    best = coadd(sky)
    assert matched(best.C, best.P_C) > matched(mean, psf / psf.sum(), noise)
    assert noise == pytest.approx(1 / np.sqrt(weights.sum()), rel=0.03)
    assert mean[100, 90] == pytest.approx(
        sum(w * e.image[100, 90] / e.flux for w, e in zip(weights, sky, strict=True))
        / weights.sum()
    )


def test_psf_and_flux_of_the_coadd_describe_it():
    quiet = [
        e._replace(image=subtraction_sky.light(SHAPE, [90], [100], [e.flux], w))
        for e, w in zip(epochs(0), WIDTHS, strict=True)
    ]
    result = coadd(quiet, dtype=np.float64)
    half = result.P_C.shape[0] // 2
    stamp = result.C[100 - half : 101 + half, 90 - half : 91 + half]
    assert result.P_C.sum() == pytest.approx(1, abs=1e-4)
    assert stamp.sum() == pytest.approx(result.F_C, rel=1e-3)
    np.testing.assert_allclose(stamp, result.F_C * result.P_C, atol=1e-4 * stamp.max())
    assert result.variance[60, 60] == pytest.approx(1, abs=1e-3)


def test_median_and_holes():
    sky = epochs(1)
    sky[0].image[3, 4] = np.nan
    for epoch in sky:
        epoch.image[7, 8] = np.nan
    middle, mean, proper = median(sky), weighted_mean(sky), coadd(sky).C
    assert middle[3, 4] == pytest.approx(np.median([e.image[3, 4] / e.flux for e in sky[1:]]))
    assert np.isfinite([mean[3, 4], proper[3, 4]]).all()
    assert np.isnan([middle[7, 8], mean[7, 8], proper[7, 8]]).all()
    assert np.isfinite(proper).sum() == proper.size - 1


def test_a_median_by_blocks_of_rows_is_that_of_all_rows(monkeypatch):
    sky = epochs(2)
    sky[1].image[40:60] = np.nan
    whole = median(sky)
    monkeypatch.setattr(mean_and_median, "BLOCK", 7 * SHAPE[1] * len(sky))
    np.testing.assert_array_equal(median(sky), whole)


def test_what_one_image_does_not_know_comes_from_the_others():
    """Half of one image and single pixels of others are missing, on stars too."""
    found, spreads = [], []
    for seed in range(20):
        sky = epochs(seed, flux=2000.0)
        sky[1].image[:60] = np.nan
        for number, place in enumerate([(100, 91), (98, 90), (101, 88), (104, 86)], start=2):
            sky[number].image[place] = np.nan
        result = coadd(sky)
        assert np.isfinite(result.C).all()
        assert np.all(result.variance[:58] > 1.05)
        spreads.append((result.C / np.sqrt(result.variance))[:60].std())
        found.append(matched(result.C, result.P_C))
    assert np.mean(spreads) == pytest.approx(1, abs=0.006)
    # the optimum: each hole covers a part of the star in one image only
    assert np.mean(found) == pytest.approx(2000 * theory(), rel=0.02)


def test_noise_of_many_images_with_holes_by_few_components():
    """Thirty images of any seeing; each lacks a border of rows and single pixels."""
    rng = np.random.default_rng(7)
    made = []
    for _ in range(30):
        width, noise, flux = rng.uniform(1.2, 2.4), rng.uniform(8, 12), rng.uniform(0.7, 1.4)
        image = rng.normal(0, noise, SHAPE)
        image[: rng.integers(0, 60)] = np.nan
        image[rng.random(SHAPE) < 0.05] = np.nan
        made.append(Epoch(image, subtraction_sky.gaussian(width), noise, flux))
    result = coadd(made)
    scores = (result.C / np.sqrt(result.variance))[15:60]
    # without the noise that images share the scores would scatter by more
    assert np.nanmean(abs(result.variance[15:60] - 1)) > 0.05
    assert np.nanstd(scores) == pytest.approx(1, abs=0.03)


def test_a_hole_taken_for_zero_would_ruin_it():
    """The star loses flux if its invalid pixels count as zero: the test above can fail."""
    sky = epochs(0, flux=2000.0)
    sky[1].image[95:106, 85:96] = np.nan
    whole = matched(coadd(epochs(0, flux=2000.0)).C, coadd(sky).P_C)
    zeros = [e._replace(image=np.nan_to_num(e.image)) for e in sky]
    assert matched(coadd(zeros).C, coadd(sky).P_C) < 0.9 * whole
    assert matched(coadd(sky).C, coadd(sky).P_C) == pytest.approx(whole, rel=0.03)


@pytest.fixture(scope="module")
def starry():
    """Return six images of stars on a lattice, larger than a tile, and the lattice."""
    sky, shape = [], (700, 620)
    place = [(x, y) for x in range(40, 600, 60) for y in range(40, 680, 60)]
    star = subtraction_sky.gaussian(1.6, 31)
    for number, epoch in enumerate(epochs(2)):
        rng = np.random.default_rng([number, 9])
        image = rng.normal(0, epoch.noise, shape)
        for x, y in place:
            image[y - 15 : y + 16, x - 15 : x + 16] += 900 * epoch.flux * star
        variance = np.full(shape, epoch.noise**2, np.float32)
        sky.append(Epoch(image, None, None, epoch.flux, variance))
    return sky, place


@pytest.mark.parametrize("method", ["proper", "mean", "median"])
def test_stacks_know_their_noise_flux_and_psf(starry, method):
    """Flux, noise and PSF are those that the stack says, whatever tile a star is in."""
    sky, place = starry
    psfs = [lambda x, y: subtraction_sky.gaussian(1.6)] * len(sky)
    made = stack(sky, psfs, method)
    assert made.psf.sum() == pytest.approx(1, abs=1e-4)
    stamps = [made.image[v - 20 : v + 21, u - 20 : u + 21] for u, v in place]
    fluxes = [stamp.sum() for stamp in stamps]
    assert np.mean(fluxes) == pytest.approx(900, rel=0.01)
    blank = np.ones(made.image.shape, bool)
    for u, v in place:
        blank[v - 15 : v + 16, u - 15 : u + 16] = False
    assert made.image[blank].std() == pytest.approx(made.noise, rel=0.01)
    assert np.sqrt(made.variance[blank]).mean() == pytest.approx(made.noise, rel=0.01)
    half = made.psf.shape[0] // 2
    heights = [
        np.sum(made.image[v - half : v + half + 1, u - half : u + half + 1] * made.psf)
        for u, v in place
    ]
    # noise is white, so this is the S/N of a star
    ratio = np.mean(heights) / made.noise / np.sqrt(np.sum(made.psf**2))
    best = np.sqrt(sum((e.flux / n) ** 2 for e, n in zip(sky, NOISES, strict=True)))
    best *= 900 * np.sqrt(np.sum(subtraction_sky.gaussian(1.6) ** 2))
    if method == "median":
        assert 0.7 * best < ratio < 0.95 * best
    else:
        assert ratio == pytest.approx(best, rel=0.01)


def test_noise_of_a_median():
    """Of three equal numbers, 0.6698; of two it is the mean."""
    assert median_noise([2.0, 2.0]) == pytest.approx(np.sqrt(2), rel=0.01)
    assert median_noise([1.0, 1.0, 1.0]) == pytest.approx(0.6698, rel=0.01)


def test_errors():
    good = epochs(0)[0]
    with pytest.raises(InputError, match="none"):
        coadd([])
    with pytest.raises(InputError, match="same shape"):
        weighted_mean([good, good._replace(image=np.ones((3, 3)))])
    with pytest.raises(InputError, match="image 1 has noise -1"):
        coadd([good._replace(noise=-1.0)])
    with pytest.raises(InputError, match="no pixel has a value"):
        coadd([good._replace(image=np.full(SHAPE, np.nan))])


def test_lengths_are_padded_by_the_reach_of_the_psf():
    assert all(
        a >= b + 13 for a, b in zip(transforms((97, 101), 13).padded, (97, 101), strict=True)
    )


def test_useless_pixels_are_left_out_where_another_image_has_good_ones():
    bits = {name: bit_value(name) for name in ("NO_DATA", "SATURATED", "GHOST", "INTERPOLATED")}
    values = np.full((1, 6), 1.0), np.full((1, 6), 2.0)
    one = np.array([[0, bits["SATURATED"], bits["SATURATED"], bits["NO_DATA"], 0, 0]], DTYPE)
    other = np.array([[0, 0, bits["SATURATED"], bits["NO_DATA"], bits["GHOST"], 0]], DTYPE)
    values[1][0, 5] = np.nan
    cut, mask = combined([Epoch(value, None) for value in values], [one, other])
    assert [list(np.isfinite(epoch.image[0])) for epoch in cut] == [
        [True, False, True, False, True, True],
        [True, True, True, False, True, False],
    ]
    expected = [0, bits["INTERPOLATED"], bits["SATURATED"], bits["NO_DATA"], bits["GHOST"]]
    assert list(mask[0]) == [*expected, 0]


def test_patches_are_the_nearest_good_values():
    image = np.arange(20.0).reshape(4, 5)
    mask = np.zeros(image.shape, DTYPE)
    mask[:, 2] = bit_value("SATURATED")
    image[0, 0] = np.nan
    image[:, 2] = 6e4
    result = patched(image, mask)
    assert result.max() < 20
    assert result[0, 0] in (1.0, 5.0)
    good = np.isfinite(image) & (mask == 0)
    assert np.array_equal(result[good], image[good])
    hopeless = np.full((3, 3), np.nan)
    assert np.isnan(patched(hopeless, np.zeros((3, 3), DTYPE))).all()


def test_one_impossible_variance_is_that_of_the_sky():
    sky = epochs(4)
    variance = np.full(SHAPE, 9.0)
    variance[20, 30] = np.nan
    result = coadd([sky[0]._replace(variance=variance), *sky[1:]])
    assert np.isfinite(result.variance).all()


def placed(sky, psf=None):
    """Return arguments of `stack`: epochs with variances, and PSFs that do not vary."""
    sky = [e._replace(variance=np.full(SHAPE, e.noise**2)) for e in sky]
    return sky, [lambda x, y, own=epoch.psf: own for epoch in sky]


@pytest.mark.parametrize("method", ["proper", "mean", "median"])
def test_an_image_of_which_nothing_is_left_is_named(method):
    sky, psfs = placed(epochs(5))
    sky[2] = sky[2]._replace(image=np.full(SHAPE, np.nan), variance=np.full(SHAPE, np.nan))
    with pytest.raises(InputError, match="image 3 has no pixel with a value and a variance"):
        stack(sky, psfs, method)


def test_psf_of_a_stack_knows_of_correlated_noise():
    sky, psfs = placed(epochs(6)[:2])
    line = np.array([0.25, 1.0, 0.25])
    colour = np.outer(line, line)
    found = stack(sky, psfs, correlations=[None, lambda rows, columns: colour])
    expected = coadd([sky[0], sky[1]._replace(correlation=colour)]).P_C
    assert found.psf.max() == pytest.approx(expected.max(), rel=1e-3)
    assert coadd(sky).P_C.max() != pytest.approx(expected.max(), rel=5e-3)


def test_variance_of_a_median_where_images_are_missing():
    rng = np.random.default_rng(7)
    sky = [Epoch(rng.normal(0, 1, SHAPE), subtraction_sky.gaussian(1.5), 1.0) for _ in range(5)]
    for epoch in sky[1:]:
        epoch.image[:, :60] = np.nan
    for epoch in sky[3:]:
        epoch.image[:, 60:120] = np.nan
    sky, psfs = placed(sky)
    made = stack(sky, psfs, "median")
    for part in (np.s_[:, :60], np.s_[:, 60:120], np.s_[:, 120:]):
        measured = made.image[part].var() / np.median(made.variance[part])
        assert measured == pytest.approx(1, abs=0.06)
