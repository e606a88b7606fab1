"""Mixture-density networks: their gradient, their inputs, and skies whose PDF is known."""

import array_api_strict
import numpy as np
import pytest
from learner_checks import assert_alike, dealt_out_by_group
from redpix.core.backend import NUMPY, GpuBackend
from redpix.photoz import metrics, pdf
from redpix.photoz.learners import mixture_network as network
from redpix.photoz.learners import mixture_training
from redpix.photoz.learners.base import STAR, Training
from redpix.photoz.learners.mdn import MDN
from redpix.photoz.learners.mixture_pdfs import MixtureGrid
from redpix.photoz.learners.photometric_inputs import Layout, PhotometricInputs
from redpix.photoz.split import group_folds
from scipy.optimize import check_grad
from scipy.stats import norm

GRID = pdf.make_grid(0.0, 1.0, 0.005)
SETTINGS = {"networks": 5, "seed": 1, "steps": 400, "arrays": "numpy"}


class Strict(GpuBackend):
    """array-api-strict, which has only the functions of the standard."""

    def __init__(self):
        super().__init__(array_api_strict)

    def take(self, array):
        return np.array(array)


def curved_sky(n, noise, seed=1):
    """Return vectors whose redshift is a curved function plus noise, and a useless column."""
    generator = np.random.default_rng(seed)
    vectors = generator.uniform(-1, 1, (n, 3)).astype(np.float32)
    redshift = 0.4 + 0.15 * np.sin(2 * vectors[:, 0]) + 0.1 * vectors[:, 1] ** 2
    redshift += noise * generator.normal(size=n)
    label = generator.choice([0, 0, 0, 1, STAR, -1], n)
    return Training(vectors, redshift, label, np.arange(n))


def small_network():
    """Return float64 layers, inputs and targets; some rows have no class, some no redshift."""
    generator = np.random.default_rng(2)
    layers = network.start(4, (5, 6), 3, np.linspace(-1, 1, 2), generator)
    layers = [layer + 0.1 * generator.normal(size=layer.shape) for layer in layers]
    one_hot = np.eye(3)[generator.integers(0, 3, 7)]
    one_hot[2] = 0
    with_value = np.array([1, 1, 1, 0, 1, 1, 0.0])
    targets = network.Targets(generator.normal(size=7), with_value, one_hot)
    return layers, generator.normal(size=(7, 4)), targets


def test_the_gradient_is_that_of_finite_differences():
    layers, inputs, targets = small_network()
    ends = np.cumsum([layer.size for layer in layers])[:-1]

    def unpacked(flat):
        parts = np.split(flat, ends)
        return [part.reshape(layer.shape) for part, layer in zip(parts, layers, strict=True)]

    def loss(flat):
        return network.loss(unpacked(flat), inputs, targets, np, components=2)

    def gradient(flat):
        slopes = network.gradient(unpacked(flat), inputs, targets, np, components=2)
        return np.concatenate([slope.ravel() for slope in slopes])

    flat = np.concatenate([layer.ravel() for layer in layers])
    size = np.linalg.norm(gradient(flat))
    assert check_grad(loss, gradient, flat, epsilon=1e-6) < 1e-4 * size
    wrong = targets._replace(with_value=np.ones(7))
    slopes = network.gradient(layers, inputs, wrong, np, components=2)
    assert np.abs(np.concatenate([s.ravel() for s in slopes]) - gradient(flat)).max() > 1e-3 * size


def test_the_likelihood_is_that_of_the_formula():
    layers, inputs, targets = small_network()
    mixture = network.forward(layers, inputs, np, components=2)
    share, width = np.exp(mixture.log_share), np.exp(mixture.log_width)
    assert share.sum(axis=1) == pytest.approx(1)
    density = (share * norm.pdf(targets.value[:, None], mixture.mean, width)).sum(axis=1)
    odds = np.exp(mixture.logits)
    probability = (odds / odds.sum(axis=1)[:, None] * targets.one_hot).sum(axis=1)
    known = targets.one_hot.any(axis=1)
    expected = -(np.log(density) @ targets.with_value + np.log(probability[known]).sum()) / 7
    assert network.loss(layers, inputs, targets, np, components=2) == pytest.approx(expected)


def test_any_module_of_the_array_standard_gives_the_same():
    strict = Strict()
    sky = curved_sky(80, 0.02)
    inputs = PhotometricInputs.fit(sky.vectors, Layout(0))
    sample = mixture_training.NetworkSample(
        sky.vectors,
        sky.redshift.astype(np.float32),
        *np.ones((1, 80), np.float32),
        np.eye(2)[sky.label % 2].astype(np.float32),
    )
    plan = mixture_training.TrainingPlan(5, 0.0, 12)
    one, other = (
        mixture_training.fit(sample, inputs, plan, [1], backend) for backend in (NUMPY, strict)
    )
    for own, foreign in zip(one, other, strict=True):
        assert np.asarray(foreign) == pytest.approx(own, abs=2e-3)
    score = mixture_training.log_score(one, sample, inputs, NUMPY)
    assert mixture_training.log_score(other, sample, inputs, strict) == pytest.approx(
        score, abs=0.01
    )


def test_densities_on_the_grid():
    target, xp = np.array([0.3, 0.1]), NUMPY
    mixture = network.Mixture(
        np.log([[0.7, 0.3], [1.0, 1e-9]]),
        np.array([[-1.0, 2.0], [0.0, 0.0]]),
        np.log([[0.5, 0.3], [1e-4, 1]]),
        np.ones((2, 0)),
    )
    found = pdf.normalise(MixtureGrid(GRID, target, xp).densities(mixture), GRID)
    x = np.log1p(GRID)
    expected = 0.7 * norm.pdf(x, 0.2, 0.05) + 0.3 * norm.pdf(x, 0.5, 0.03)
    assert found[0] == pytest.approx(expected / (1 + GRID), abs=0.03)
    # a Gaussian that is narrower than the grid stays where it is
    assert pdf.mean(found[1:], GRID)[0] == pytest.approx(np.expm1(0.3), abs=1e-3)


def photometry(n, seed=1, scatter=0.3):
    """Return magnitudes of three bands and the logarithms of their errors, with their scatter."""
    generator = np.random.default_rng(seed)
    magnitudes = 20 + generator.normal(size=(n, 1)) + 0.3 * generator.normal(size=(n, 3))
    errors = 0.02 * 10 ** (0.3 * (magnitudes - 20))
    errors *= np.exp(scatter * generator.normal(size=(n, 3)))
    return np.hstack([magnitudes, np.log(errors)]).astype(np.float32)


def test_columns_beside_the_photometry_are_inputs_as_they_are():
    beside = np.random.default_rng(3).normal(2, 3, (500, 2))
    vectors = photometry(500)
    vectors = np.hstack([vectors[:, :3], beside, vectors[:, 3:]])
    layout = Layout(3, 3, 2)
    assert Layout.of(layout.numbers()) == layout
    inputs = PhotometricInputs.fit(vectors, layout)
    low, middle, high = np.percentile(beside, (16, 50, 84), axis=0)
    found = inputs.transform(vectors)[:, -2:]
    assert found == pytest.approx(np.clip((beside - middle) / ((high - low) / 2), -5, 5), abs=1e-5)


def test_inputs_are_asinh_magnitudes_colours_and_ratios():
    vectors = photometry(500)
    inputs = PhotometricInputs.fit(vectors, Layout(3, 3))
    assert inputs.count == 1 + 2 + 3
    flux = 10 ** (-0.4 * (vectors[:, :3] - np.median(vectors[:, :3], axis=0)))
    sigma = flux * np.exp(vectors[:, 3:]) * np.log(10) / 2.5
    faint = [np.median(s[f <= np.median(f)]) for f, s in zip(flux.T, sigma.T, strict=True)]
    soft = -np.arcsinh(flux / (2 * np.array(faint)))
    raw = np.column_stack(
        [soft[:, 1], soft[:, 0] - soft[:, 1], soft[:, 1] - soft[:, 2], np.arcsinh(flux / sigma)]
    )
    low, middle, high = np.percentile(raw, (16, 50, 84), axis=0)
    expected = np.clip((raw - middle) / ((high - low) / 2), -5, 5)
    assert inputs.transform(vectors) == pytest.approx(expected, abs=2e-3)


def test_errors_that_the_magnitudes_tell_are_not_inputs():
    vectors = photometry(500, scatter=0.0)
    vectors[:, 4] += 0.3 * np.random.default_rng(2).normal(size=500)
    inputs = PhotometricInputs.fit(vectors, Layout(3, 3))
    assert inputs.layout.ratios == (1,)
    assert inputs.count == 1 + 2 + 1
    assert Layout.of(inputs.layout.numbers()) == inputs.layout
    every = PhotometricInputs.fit(photometry(500), Layout(3, 3))
    both = [one.transform(vectors) * one.scale + one.centre for one in (inputs, every)]
    assert both[0][:, 3] == pytest.approx(both[1][:, 4], abs=1e-3)


def test_augmentation_moves_within_the_errors():
    vectors = np.repeat(photometry(1), 4000, axis=0)
    inputs = PhotometricInputs.fit(photometry(500), Layout(3, 3))
    moved = inputs.transform(vectors, 0.5, np.random.default_rng(1))[:, 3:]
    # arcsinh(f / s) of a bright object moves by 0.5 s / f
    ratio = 2.5 / np.log(10) / np.exp(vectors[0, 3:])
    assert moved.std(axis=0) * inputs.scale[3:] == pytest.approx(0.5 / ratio, rel=0.1)


def test_networks_find_a_curve_and_its_noise_is_the_width():
    query = curved_sky(500, 0.0, seed=2)
    found = MDN.fit(curved_sky(2500, 0.02), GRID, **SETTINGS).predict(query.vectors)
    assert np.abs(found.redshift - query.redshift).mean() < 0.006
    mean = np.trapezoid(found.pdf * GRID, GRID, axis=1)
    width = np.sqrt(np.trapezoid(found.pdf * (GRID - mean[:, None]) ** 2, GRID, axis=1))
    assert np.median(width) == pytest.approx(0.0205, abs=0.0025)


def test_two_redshifts_of_equal_colours_are_two_maxima():
    generator = np.random.default_rng(1)
    vectors = generator.normal(size=(1500, 2)).astype(np.float32)
    redshift = np.where(generator.random(1500) < 0.5, 0.2, 0.7) + 0.01 * generator.normal(size=1500)
    sky = Training(vectors, redshift, np.zeros(1500, int), np.arange(1500))
    found = MDN.fit(sky, GRID, **SETTINGS).predict(vectors[:50])
    between = np.abs(GRID - 0.45) < 0.15
    assert np.trapezoid(found.pdf * between, GRID, axis=1).max() < 0.02
    low = np.trapezoid(found.pdf * (GRID < 0.45), GRID, axis=1)
    assert low.mean() == pytest.approx(0.5, abs=0.05)


def test_classes_are_those_of_the_sky():
    sky = curved_sky(1000, 0.02)
    label = np.where(sky.vectors[:, 2] > 0, STAR, 0)
    learner = MDN.fit(sky._replace(label=label), GRID, **SETTINGS)
    query = curved_sky(400, 0.02, seed=2).vectors
    probability = learner.predict(query).probability
    assert probability.sum(axis=1) == pytest.approx(1)
    assert np.mean((probability[:, STAR] > 0.5) == (query[:, 2] > 0)) > 0.95
    assert (probability[:, 1] == 0).all()


def test_threads_and_arrays_change_nothing():
    known, query = curved_sky(400, 0.02), curved_sky(100, 0.02, seed=2).vectors
    settings = {**SETTINGS, "steps": 40, "errors": 1}
    one = MDN.fit(known, GRID, n_threads=1, **settings)
    two = MDN.fit(known, GRID, n_threads=2, **settings)
    again = MDN.from_arrays(one.arrays(), GRID, **settings)
    expected = one.predict(query)
    assert_alike(expected, two.predict(query, n_threads=2), again.predict(query))
    assert not any(array.dtype == object for array in one.arrays().values())
    other = MDN.fit(known, GRID, **{**settings, "seed": 2}).predict(query)
    assert not np.array_equal(other.redshift, expected.redshift)


def test_each_fold_is_unseen_by_its_networks():
    """Redshifts of a fold that are moved leave the networks without it as they are."""
    sky, folds = curved_sky(400, 0.02), np.arange(400) % 4
    sky = sky._replace(label=np.zeros(400, int))
    settings = {**SETTINGS, "networks": 4, "steps": 60, "epochs": 30, "augmentation": 0.0}
    first = MDN.fit(sky, GRID, folds=folds, **settings)
    assert first.left_out.tolist() == [0, 1, 2, 3]
    swapped = sky.redshift.copy()
    swapped[folds == 2] = swapped[folds == 2][::-1]
    second = MDN.fit(sky._replace(redshift=swapped), GRID, folds=folds, **settings)
    for number in range(4):
        same = [
            np.allclose(a, b, atol=1e-4)
            for a, b in zip(first.networks[number], second.networks[number], strict=True)
        ]
        assert all(same) == (number == 2)


def test_objects_of_a_group_are_left_out_together():
    """If groups have random redshifts, held-out redshifts scatter as much as the redshifts."""
    known = dealt_out_by_group(60, 20)
    learner = MDN.fit(known, GRID, **{**SETTINGS, "steps": 200})
    missed = []
    for number, fold in enumerate(learner.left_out):
        assert number == fold
    folds = group_folds(known.group, 5, 1)
    for fold in range(5):
        rows = folds == fold
        found = learner.without(fold).predict(known.vectors[rows]).redshift
        missed.append(found - known.redshift[rows])
    assert np.concatenate(missed).std() > 0.8 * known.redshift.std()


@pytest.mark.parametrize(
    "damage",
    [
        {"layer0": np.zeros((5, 2, 128), np.float32)},
        {"layer7": np.full((5, 20), np.nan, np.float32)},
        {"target": np.zeros(2)},
        {"labels": np.array([7, 9])},
        {"left_out": np.zeros(3)},
        {"input_centre": np.zeros(9)},
    ],
)
def test_damaged_arrays_are_refused(damage):
    learner = MDN.fit(curved_sky(100, 0.02), GRID, **{**SETTINGS, "steps": 10})
    with pytest.raises((ValueError, KeyError)):
        MDN.from_arrays({**learner.arrays(), **damage}, GRID)


def test_real_galaxies(real):
    """Score half of the benchmark's training file; local linear regression reaches 0.0143."""
    table = np.loadtxt(real / "galaxies/SDSS_MGS.train")
    vectors = np.hstack([table[:, 1:6], np.log(table[:, 10:15])]).astype(np.float32)
    rows = np.random.default_rng(0).permutation(5000)
    known = Training(vectors, table[:, 0], np.zeros(5000, int), np.arange(5000)).take(rows[:3500])
    settings = {**SETTINGS, "bands": 5, "errors": 5, "epochs": 30, "augmentation": 0.0}
    settings["steps"] = 700
    found = MDN.fit(known, GRID, **settings).predict(vectors[rows[3500:]])
    worth = metrics.summarise(metrics.score(found.redshift, found.pdf, table[rows[3500:], 0], GRID))
    assert worth["nmad"] < 0.0143
    assert worth["pit_ks"] < 0.05
    assert worth["coverage_68"] == pytest.approx(0.68, abs=0.05)
    assert worth["cde"] < -19
