"""Steps of the level between amplifiers are taken away; slopes, nebulae and hot columns are not."""

import numpy as np
import pytest
from redpix.photometry.level_steps import without_level_steps
from star_field import Moffat, draw

SIDE, NOISE = 320, 15.0


def sky_with_stars():
    """Return an image whose sky has a slope, and its sky."""
    rng = np.random.default_rng([81, 1])
    x, y = rng.uniform(3, SIDE - 4, (2, 60))
    light = draw((SIDE, SIDE), x, y, 10 ** rng.uniform(3, 5, 60), Moffat(2.8), 0.1)
    rows, columns = np.indices(light.shape)
    sky = 300 + 0.2 * columns - 0.1 * rows
    return sky + light + rng.normal(0, NOISE, light.shape), sky


@pytest.mark.parametrize(
    ("rows", "columns"), [([160], [160]), ([], [80, 160, 240]), ([123], [])], ids=str
)
def test_steps_between_amplifiers_are_taken_away(rows, columns):
    image, sky = sky_with_stars()
    edges = [[0, *some, SIDE] for some in (rows, columns)]
    levels = np.random.default_rng(2).permutation(np.arange(8)).astype(float) * 25
    levels = levels[: (len(rows) + 1) * (len(columns) + 1)].reshape(len(rows) + 1, -1)
    steps = np.repeat(np.repeat(levels, np.diff(edges[0]), 0), np.diff(edges[1]), 1)
    made, remark = without_level_steps(image + steps, np.zeros(image.shape, bool))
    for axis, some in (("x", columns), ("y", rows)):
        assert (f"{axis} = {', '.join(map(str, some))}" in remark) == bool(some)
    rest = made - image
    # medians of strips of 8 pixels and half the image tell a step to about a count
    assert np.ptp(rest) < 5 * len(levels.ravel())
    assert np.ptp(rest) < 0.1 * np.ptp(steps) + 5
    assert abs(np.mean(made - image - steps)) < np.ptp(steps)


def test_a_sky_without_steps_stays():
    image, _ = sky_with_stars()
    rows, columns = np.indices(image.shape)
    nebula = 600 * np.exp(-((columns - 150) ** 2 + (rows - 90) ** 2) / 2 / 30**2)
    hot = np.where(columns == 111, 400, 0)
    vignetting = -((columns - 160) ** 2 + (rows - 160) ** 2) * 2e-3
    for more in (0, nebula, hot, vignetting):
        made, remark = without_level_steps(image + more, np.zeros(image.shape, bool))
        assert remark == ""
        assert np.array_equal(made, image + more)
