"""Array backends: the same results with a strict array API and with PyTorch as with NumPy."""

import builtins
import importlib.util

import numpy as np
import pytest
import subtraction_sky
from redpix.coaddition.proper import coadd
from redpix.core.backend import NUMPY, GpuBackend, arrays
from redpix.core.exceptions import InputError
from redpix.photoz.learners.neighbour_index import Everywhere, Exact, make_index
from redpix.subtraction.psf_matching import match_psf
from redpix.subtraction.zogy import subtract

#: shape of the sky: odd and not square
SHAPE = (131, 150)


class Strict(GpuBackend):
    """array-api-strict, which has only the functions of the standard."""

    def __init__(self):
        import array_api_strict

        super().__init__(array_api_strict)

    def take(self, array):
        return np.array(array)


def torch():
    if None in map(importlib.util.find_spec, ("torch", "array_api_compat")):
        pytest.skip("PyTorch or array-api-compat is not installed")
    return arrays("torch")


@pytest.fixture(params=[Strict, torch], ids=["strict", "torch"])
def card(request):
    return request.param()


def correlated(epoch):
    """Return an epoch with correlated noise, as in an interpolated image."""
    line = np.array([0.2, 1.0, 0.2])
    return epoch._replace(correlation=np.outer(line, line))


@pytest.fixture(params=["white", "correlated"])
def sky(request):
    new, reference = subtraction_sky.make(1, SHAPE)[:2]
    reference = correlated(reference) if request.param == "correlated" else reference
    errors = {"astrometry": (0.05, 0.03), "calibration": 0.01}
    return new._replace(**errors), reference._replace(**errors)


@pytest.mark.parametrize("space", ["fourier", "image"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_difference_is_the_same(card, sky, dtype, space):
    """Both backends use one precision and agree to 1e-4 in Scorr.

    At frequencies beyond both PSFs, D holds rounding errors, which are amplified to its noise.
    """
    options = {"dtype": dtype, "space": space}
    host, other = subtract(*sky, **options), subtract(*sky, **options, arrays=card)
    assert np.nanmax(abs(other.Scorr - host.Scorr)) < (1e-4 if dtype == np.float32 else 1e-9)
    for name, expected, result in zip(host._fields, host, other, strict=True):
        assert np.shape(result) == np.shape(expected), name
        assert isinstance(result, (np.ndarray, float)), name
        least = np.nanmax(np.abs(expected)) * (5e-3 if (name, dtype) == ("D", np.float32) else 1e-4)
        assert np.allclose(result, expected, rtol=1e-4, atol=least, equal_nan=True), name
        assert getattr(result, "dtype", 0) == getattr(expected, "dtype", 0), name


def test_single_precision_against_double(card, sky):
    double = subtract(*sky, dtype=np.float64).Scorr
    away = abs(subtract(*sky, arrays=card).Scorr - double)
    assert np.nanmedian(away) < 1e-5
    assert np.nanmax(away) < 0.05


def test_coadd_is_the_same(card):
    epochs = [epoch for seed in (1, 2) for epoch in subtraction_sky.make(seed, SHAPE)[:2]]
    epochs[1] = correlated(epochs[1])
    epochs[2].image[30:40, 50:60] = np.nan  # pixels that the others stand in for
    for expected, result in zip(coadd(epochs), coadd(epochs, arrays=card), strict=True):
        assert np.allclose(
            result, expected, rtol=1e-4, atol=1e-4 * np.nanmax(expected), equal_nan=True
        )


def test_matched_image_is_the_same(card):
    new, reference = subtraction_sky.make(3, SHAPE)[:2]
    expected, result = (
        match_psf(reference.image, reference.psf, new.psf, arrays=a) for a in (NUMPY, card)
    )
    assert np.allclose(result, expected, atol=1e-4 * np.nanmax(expected), equal_nan=True)


@pytest.mark.parametrize("k", [1, 10])
def test_neighbours_are_the_trees(card, k):
    generator = np.random.default_rng(4)
    vectors, queries = generator.normal(size=(3000, 5)), generator.normal(size=(500, 5))
    index = Everywhere(vectors, card)
    distance, result = index.search(queries, k)
    true_distance, true = Exact(vectors).search(queries, k)
    assert np.array_equal(result, true)
    assert np.allclose(distance, true_distance, rtol=1e-5)
    assert index.about() == {"kind": "everywhere", "vectors": 3000}


def test_neighbours_far_from_zero(card):
    """Vectors are centred, because squares of large numbers lose the digits of differences."""
    generator = np.random.default_rng(5)
    vectors = 300 + generator.normal(size=(2000, 4))
    truth = Exact(vectors).search(vectors[:200], 5)
    distance, result = Everywhere(vectors, card).search(vectors[:200], 5)
    assert np.mean(result == truth[1]) > 0.999
    assert np.allclose(distance, truth[0], atol=1e-4)


def test_as_many_neighbours_as_vectors(card):
    vectors = np.random.default_rng(6).normal(size=(12, 3))
    assert np.array_equal(Everywhere(vectors, card).search(vectors, 12)[1][:, 0], np.arange(12))
    distance, result = Everywhere(vectors, card).search(np.empty((0, 3)), 4)
    assert distance.shape == result.shape == (0, 4)


def test_configuration_chooses():
    assert arrays("numpy") is NUMPY
    assert isinstance(make_index(np.eye(3), 1, "exact"), Exact)
    with pytest.raises(InputError, match="arrays: 'jax' is unknown; allowed: numpy, torch"):
        arrays("jax")


def test_torch_is_chosen():
    assert isinstance(torch(), GpuBackend)
    assert isinstance(make_index(np.eye(3), 1, "torch"), Everywhere)


@pytest.mark.parametrize("kind", ["torch", "cupy"])
def test_what_is_not_installed_is_named(monkeypatch, kind):
    imported = builtins.__import__

    def missing(name, *rest):
        if name == kind:
            raise ImportError(name=name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(InputError, match=f"arrays: {kind}: {kind} is not installed; pip install"):
        arrays(kind)
