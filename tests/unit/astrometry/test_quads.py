"""Two lists of stars brought together without any knowledge of where they lie."""

import numpy as np
import pytest
from redpix.astrometry import quads as star_quads
from redpix.astrometry.quads import Surface, fit_surface, match, quads
from redpix.core.exceptions import InputError
from redpix.image.homography import Offsets

SHAPE = (1500, 2000)


def turned(angle, scale, parity=1):
    """Affine matrix of a rotation (degrees), a scale, a mirror and a shift."""
    c, s = scale * np.cos(np.deg2rad(angle)), scale * np.sin(np.deg2rad(angle))
    return np.array([[c, -s * parity, 130.0], [s, c * parity, -85.0], [0, 0, 1]])


def distortion(x, y):
    """Return the distortion of a wide field, some pixels in its corners."""
    u, v = x / 1000 - 1, y / 1000 - 0.75
    return 2.5 * u * (u**2 + v**2) + 1.2 * u * v, 2.0 * v * (u**2 + v**2) - 0.8 * u**2


def lists(seed, matrix, distorted=False, scatter=0.02, number=300):
    """Stars of two images, the brightest first; a third of each list the other does not hold."""
    rng = np.random.default_rng([seed, 21])
    new = rng.uniform([0, 0], SHAPE[::-1], (number, 2))
    reference = new @ matrix[:2, :2].T + matrix[:2, 2]
    if distorted:
        reference += np.transpose(distortion(*new.T))
    reference += rng.normal(0, scatter, reference.shape)
    magnitude = np.sort(rng.uniform(14, 20, number))
    kept = [rng.random(number) < 0.8 for _ in range(2)]
    order = np.argsort(magnitude + rng.normal(0, 0.1, number))
    # what fills the gaps has no counterpart
    other = rng.uniform(reference.min(0), reference.max(0), (number, 2))
    first = new[kept[0]]
    second = np.where(kept[1][:, None], reference, other)[order]
    return first, second


@pytest.mark.parametrize(
    ("angle", "scale", "parity"), [(0.3, 1.0, 1), (47.0, 1.0, 1), (181.0, 0.6, 1), (95.0, 1.4, -1)]
)
def test_any_rotation_scale_and_parity_is_found(angle, scale, parity):
    true = turned(angle, scale, parity)
    for seed in range(5):
        found = match(*lists(seed, true))
        corners = np.array([[0, 0, 1], [2000, 0, 1], [0, 1500, 1], [2000, 1500, 1]])
        np.testing.assert_allclose(corners @ found.T, corners @ true.T, atol=0.05)


def test_surface_follows_a_distorted_field():
    true = turned(2.0, 1.0)
    new, reference = lists(1, true, distorted=True)
    place = fit_surface(match(new, reference), SHAPE, new, reference)
    rng = np.random.default_rng(3)
    x, y = rng.uniform([30, 30], [1970, 1470], (400, 2)).T
    u, v = place(x, y)
    expected = np.column_stack([x, y]) @ true[:2, :2].T + true[:2, 2]
    expected += np.transpose(distortion(x, y))
    error = np.column_stack([u, v]) - expected
    assert np.sqrt(np.mean(error**2, axis=0)).max() < 0.03
    assert place.stars > 150
    # an affine map alone leaves what is pixels large
    left = np.column_stack([x, y, np.ones(400)]) @ place.matrix[:2].T - expected
    assert np.sqrt(np.mean(left**2, axis=0)).max() > 0.2


def test_where_nothing_is_distorted_the_surface_is_flat():
    true = turned(0.3, 1.0)
    new, reference = lists(2, true, scatter=0.05)
    place = fit_surface(match(new, reference), SHAPE, new, reference)
    assert place.residual == pytest.approx((0.05, 0.05), rel=0.25)
    y, x = np.mgrid[20:1480:100, 20:1980:100].astype(float)
    u, v = place(x, y)
    error = np.stack([u, v]) - np.tensordot(true[:2], np.stack([x, y, np.ones_like(x)]), axes=1)
    assert abs(error).max() < 0.04


def test_codes_depend_on_nothing_but_the_shape():
    rng = np.random.default_rng(4)
    places = rng.uniform(0, 1000, (30, 2))
    codes, members = quads(places)
    true = turned(130.0, 0.7)
    others = quads(places @ true[:2, :2].T + true[:2, 2])
    np.testing.assert_allclose(codes, others[0], atol=1e-9)
    assert np.array_equal(members, others[1])
    assert len(np.unique(np.sort(members, axis=1), axis=0)) == len(members)
    assert np.all(codes[:, 0] <= codes[:, 2])
    assert np.all(codes[:, 0] + codes[:, 2] <= 1)


def test_surface_between_its_nodes():
    still = Offsets(np.zeros((2, 5, 6)))
    place = Surface(turned(0.0, 1.0), still, (0.0, 0.0), 10)
    assert place(np.array([3.5]), np.array([4.0])) == (pytest.approx(133.5), pytest.approx(-81.0))


@pytest.mark.parametrize(("number", "side"), [(0, 1e4), (3, 1e4), (40, 1e4), (60, 600)])
def test_lists_that_have_nothing_in_common(number, side):
    for seed in range(4):
        a, b = np.random.default_rng([5, seed]).uniform(0, side, (2, number, 2))
        with pytest.raises(InputError, match=f"{number} and {number} sources: no map brings more"):
            match(a, b)


def test_chance_is_counted_as_it_happens():
    """Unrelated stars that fall near each other, against the Poisson law that is used."""
    rng = np.random.default_rng(6)
    counts = []
    for _ in range(400):
        a, b = rng.uniform(0, 600, (2, 60, 2))
        counts.append(4 + np.sum(np.hypot(*(a[:, None] - b[None]).transpose(2, 0, 1)) < 3.0))
        expected = star_quads._chance(6, a, b, 3.0) / star_quads.PROPOSALS
    assert np.mean(np.array(counts) >= 6) == pytest.approx(expected, rel=0.5)
