"""Features of objects against a slow loop, and a Gaussian process against its closed form."""

import numpy as np
import pytest
from redpix.photoz import pdf
from redpix.photoz.learners.gaussian_process import Process
from redpix.photoz.object_features import Summaries
from redpix.photoz.pixel_stream import Chunk
from redpix.sdss.magnitudes import asinh_magnitude

GRID = pdf.make_grid(0.0, 1.0, 0.005)


def chunk(n, objects, seed=1):
    generator = np.random.default_rng(seed)
    return Chunk(
        generator.integers(0, objects, n),
        np.zeros((n, 1), np.float32),
        generator.normal(0.5, 0.6, (n, 3)).astype(np.float32),
        generator.uniform(0.1, 0.3, (n, 3)).astype(np.float32),
        np.ones(n),
        generator.uniform(0, 1, n).astype(np.float32),
    )


def test_features_are_those_of_a_slow_loop_whatever_the_chunks():
    whole = chunk(400, 6)
    summaries = Summaries(7, ("g", "r", "i"))
    for rows in np.split(np.arange(400), [5, 5, 200]):
        summaries.add(Chunk(*(column[rows] for column in whole)))
    found = summaries.features()
    for number in range(6):
        weighed, squares, profiles = np.zeros(3), np.zeros(3), []
        for row in np.flatnonzero(whole.index == number):
            weight = whole.error[row].astype(float) ** -2
            profile = max(np.average(whole.flux[row].astype(float), weights=weight), 0)
            weighed += profile * whole.flux[row] * weight
            squares += profile**2 * weight
            profiles.append(profile)
        total = sum(profiles)
        g, red, i = (
            asinh_magnitude(flux, band)
            for flux, band in zip(weighed / squares * total, "gri", strict=True)
        )
        expected = [red, g - red, red - i, np.log(len(profiles))]
        assert found[number] == pytest.approx(expected, rel=1e-6)
    assert np.isfinite(found[6]).all()  # an object without a pixel


def test_colours_are_less_noisy_than_those_of_sums():
    generator = np.random.default_rng(2)
    profile = np.exp(-np.linspace(0, 6, 60))
    flux = profile[:, None] * [0.5, 1.0, 2.0] + generator.normal(0, 0.1, (500, 60, 3))
    error = np.full((60, 3), 0.1)
    summaries = Summaries(500, ("g", "r", "i"))
    for number in range(500):
        own = (np.full(60, number), None, flux[number], error, None, np.linspace(0, 1, 60))
        summaries.add(Chunk(*own))
    sums = flux.sum(axis=1)
    plain = asinh_magnitude(sums[:, 0], "g") - asinh_magnitude(sums[:, 1], "r")
    assert summaries.features()[:, 1].std() < 0.7 * plain.std()


def curve(n, noise, seed):
    generator = np.random.default_rng(seed)
    features = generator.uniform(-2, 2, (n, 3))
    redshift = 0.4 + 0.1 * np.sin(features[:, 0]) + 0.05 * features[:, 1]
    return features, redshift + noise * generator.normal(size=n)


def test_prediction_is_the_closed_form():
    features, redshift = curve(80, 0.02, 1)
    process = Process.fit(features, redshift, GRID, seed=1)
    query, _ = curve(20, 0.0, 2)
    mean, variance, noise = process.scales
    x = (query - features.mean(axis=0)) / features.std(axis=0)
    known = process.known

    def kernel(a, b):
        offset = (a[:, None] - b[None]) / process.lengths
        return variance * np.exp(-0.5 * np.sum(offset**2, axis=2))

    order = np.array(
        [
            np.argmin(np.abs(known - row).sum(axis=1))
            for row in (features - features.mean(axis=0)) / features.std(axis=0)
        ]
    )
    target = np.empty(80)
    target[order] = np.log1p(redshift)
    covariance = kernel(known, known) + noise * np.eye(80)
    expected = mean + kernel(x, known) @ np.linalg.solve(covariance, target - mean)
    found = process.predict(query)
    assert np.log1p(found.redshift) == pytest.approx(expected, abs=1e-6)
    left = variance - np.einsum(
        "ij,ji->i", kernel(x, known), np.linalg.solve(covariance, kernel(known, x))
    )
    centre = np.trapezoid(found.pdf * np.log1p(GRID), GRID, axis=1)
    square = np.trapezoid(found.pdf * (np.log1p(GRID) - centre[:, None]) ** 2, GRID, axis=1)
    inner = (found.redshift > 0.2) & (found.redshift < 0.6)
    wide = np.maximum(np.sqrt(left + noise), np.log1p(GRID[1]))
    assert np.sqrt(square)[inner] == pytest.approx(wide[inner], rel=0.05)


def test_a_curve_is_learnt_and_the_unknown_is_outside():
    process = Process.fit(*curve(300, 0.01, 1), GRID, seed=1)
    query, truth = curve(200, 0.0, 2)
    found = process.predict(query)
    assert np.abs(found.redshift - truth).mean() < 0.004
    assert found.outside.mean() < 0.05
    assert process.lengths[2] > 5 * process.lengths[0]  # tells nothing
    assert process.predict(query + [30, 0, 0]).outside.all()
    assert np.isfinite(process.predict(query + [1e6, -1e6, 0]).pdf).all()
    again = Process.from_arrays(process.arrays(), GRID)
    for own, other in zip(found, again.predict(query), strict=True):
        assert np.array_equal(own, other, equal_nan=True)
