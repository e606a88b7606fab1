"""Coaddition against closed forms, and against the faults of others."""

import inspect
import types

import numpy as np
import pytest
import subtraction_sky
from redpix import coaddition
from redpix.coaddition import coadd, median, weighted_mean
from redpix.exceptions import InputError
from redpix.subtraction import Epoch, transforms

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
            "plan.forward(image) * dtype(epoch.flux / noise**2)",
            "plan.forward(image) * dtype(epoch.flux / noise)",
        ),
        (
            "numerator = numerator + np.conj(kernel) * plan.forward(image)",
            "numerator = numerator + (number > 1) * np.conj(kernel) * plan.forward(image)",
        ),
        ("np.sqrt(np.maximum(power, 1e-30))", "power"),
    ],
    ids=["F over sigma", "first image left out", "no root"],
)
def test_check_goes_red(old, new):
    with pytest.raises(AssertionError):
        check(faulty(old, new))


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
    assert np.isfinite(mean[3, 4])
    assert np.isnan([middle[7, 8], mean[7, 8], proper[7, 8], proper[3, 4]]).all()
    assert np.isfinite(proper).sum() == proper.size - 2


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
