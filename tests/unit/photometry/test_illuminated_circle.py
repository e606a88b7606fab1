"""An illuminated circle is found; smooth vignetting, galaxies and amplifiers are not circles."""

import numpy as np
import pytest
from redpix.photometry.illuminated_circle import find_circle
from star_field import Moffat, draw

SIDE = 256
Y, X = np.indices((SIDE, SIDE)) - 127.5
RADIUS = np.hypot(X + 6, Y - 4)


def image_of(sky):
    """Return an image of stars through an illumination of 300 counts, and nothing hidden."""
    rng = np.random.default_rng(4)
    x, y = rng.uniform(5, SIDE - 5, (2, 50))
    light = draw((SIDE, SIDE), x, y, 10 ** rng.uniform(3, 5, 50), Moffat(), 0.2)
    return rng.poisson(sky * (1 + light / 300)).astype(float), np.zeros((SIDE, SIDE), bool)


@pytest.mark.parametrize(
    ("radius", "width", "dark"), [(110, 0.5, 15), (120, 2, 30), (100, 5, 6), (118, 10, 20)]
)
def test_an_illuminated_circle_is_found(radius, width, dark):
    lit = 1 / (1 + np.exp((RADIUS - radius) / width))
    circle = find_circle(*image_of(dark + (300 - dark) * lit))
    assert (circle.x, circle.y) == pytest.approx((121.5, 131.5), abs=3)
    outside = circle.outside((SIDE, SIDE))
    assert outside[lit < 0.85].mean() > 0.98
    assert radius - 4.5 * width - 6 < circle.radius < radius


@pytest.mark.parametrize(
    "sky",
    [
        np.full((SIDE, SIDE), 300.0),
        300 * (1 - 0.8 * RADIUS**2 / RADIUS.max() ** 2),
        300 + 2000 * np.exp(-RADIUS / 40),
        300 + 800 * np.exp(-((RADIUS / 90) ** 2)),
        300 + 800 * np.exp(-((RADIUS / 90) ** 4)),
        np.where(X < 0, 300.0, 250.0),
        np.where((X < 0) ^ (Y < 0), 300.0, 270.0),
        300 + 3000 * np.exp(-(X + 127.5) / 20),
    ],
    ids=["flat", "vignetting", "disc", "cluster", "nebula", "two", "four", "glow"],
)
def test_other_light_is_not_a_circle(sky):
    assert find_circle(*image_of(sky)) is None
