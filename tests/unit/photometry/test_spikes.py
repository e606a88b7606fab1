"""Pieces of the diffraction spikes of saturated stars are doubtful; stars beside them are not."""

import numpy as np
import pytest
from redpix.image.masks import bit_value
from redpix.photometry import crowded
from star_field import Moffat, draw

SIDE, NOISE, WELL = 320, 15.0, 60000.0


def image_with_spikes(angle):
    """Return an image with a saturated star, its mask, and the positions of the other stars."""
    rng = np.random.default_rng([23, 1])
    x, y = rng.uniform(6, SIDE - 7, (2, 60))
    flux = 10 ** rng.uniform(3.2, 4.8, 60)
    light = draw((SIDE, SIDE), x, y, flux, Moffat(2.8), 0.1)
    centre = 160.3, 150.2
    light += draw((SIDE, SIDE), *np.reshape(centre, (2, 1)), [2e7], Moffat(2.8), 0.5)
    rows, columns = np.indices(light.shape)
    for turn in (angle, angle + 90):
        cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        along = (columns - centre[0]) * cos + (rows - centre[1]) * sin
        aside = (rows - centre[1]) * cos - (columns - centre[0]) * sin
        light += 4000 * np.exp(-abs(along) / 25 - aside**2 / 2 / 1.1**2)
    image = rng.normal(light, np.sqrt(NOISE**2 + light / 1.5))
    mask = np.where(image > WELL, bit_value("SATURATED"), 0).astype(np.int16)
    return np.minimum(image, WELL), mask, (np.append(x, centre[0]), np.append(y, centre[1]))


@pytest.mark.parametrize("angle", [17, 45])
def test_pieces_of_spikes_are_doubtful(angle):
    image, mask, (x, y) = image_with_spikes(angle)
    known = {"error": np.full(image.shape, NOISE), "gain": np.full(image.shape, 1.5)}
    result = crowded.measure(image, mask=mask, threshold=5.0, mesh=64, **known)
    distance = np.hypot(result.stars.x[:, None] - x, result.stars.y[:, None] - y).min(axis=1)
    false = distance > 1.5
    assert false.sum() > 20
    assert result.doubtful[false].mean() > 0.9
    assert result.doubtful[~false].mean() < 0.2
