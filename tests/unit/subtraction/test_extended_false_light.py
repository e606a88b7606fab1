"""Light of a larger scale than the PSF is flagged EXTENDED; sources beside it stay clean."""

import numpy as np
import pytest
import subtraction_sky
from redpix.image.background import matched_background
from redpix.subtraction.tiles import subtract_tiles
from redpix.subtraction.transients import FLAGS, find_transients
from scipy import ndimage

SHAPE = (256, 256)
ROWS, COLUMNS = np.indices(SHAPE)

#: x, y and flux of sources on plain sky
SOURCES = [200.0, 225.4], [60.3, 180.0], [1500.0, 4000.0]


def halo(x, y):
    """Return the halo of a bright star: a ring that holds lumps."""
    radius, angle = np.hypot(COLUMNS - x, ROWS - y), np.arctan2(ROWS - y, COLUMNS - x)
    return 12 * np.exp(-0.5 * ((radius - 30) / 5) ** 2) * (1 + 0.4 * np.sin(9 * angle))


def moved_gradient():
    """Return the difference of a structured background and the same, 6 pixels away."""
    here, there = (18 * np.sin((COLUMNS + step) / 9) * np.sin(ROWS / 8) for step in (0, 6))
    return np.where(COLUMNS < 130, here - there, 0)


def edge_glow():
    """Return scattered light at an edge, with spots along it."""
    return 50 * np.exp(-COLUMNS / 15) * (1 + 0.4 * np.sin(ROWS / 6))


def comet(x, y):
    """Return a coma that falls as 1 / r, and a nucleus."""
    radius = np.hypot(COLUMNS - x, ROWS - y)
    coma = 60 / np.maximum(radius, 0.5) * np.exp(-radius / 25)
    nucleus = subtraction_sky.light(SHAPE, [x], [y], [300.0], subtraction_sky.NEW_WIDTH)
    return ndimage.gaussian_filter(coma, subtraction_sky.NEW_WIDTH) + nucleus


def transients_of(light, matched=True):
    """Return the transients of a pair whose new image has light and sources beside it."""
    sky = subtraction_sky.make(11, transients=0, stars=12)
    image = sky.new.image + light
    image += subtraction_sky.light(SHAPE, *SOURCES, subtraction_sky.NEW_WIDTH)
    old, psf = sky.reference, sky.new.psf
    if matched:
        image -= matched_background(image, old.image, old.flux, psf, old.psf, 128, 16).plane
    new = sky.new._replace(image=image)
    planes = subtract_tiles(new, old, lambda x, y: psf, lambda x, y: old.psf)
    return find_transients(planes, np.zeros(SHAPE, np.int16), 4.0, 6.0)


def at(found, x, y):
    """Return the row of the transient at a place."""
    away = np.hypot(found.x - x, found.y - y)
    assert away.min() < 2
    return away.argmin()


@pytest.mark.parametrize("matched", [False, True], ids=["as it is", "background matched"])
@pytest.mark.parametrize("light", [halo(80, 120), moved_gradient(), edge_glow()])
def test_false_light_is_extended_and_sources_beside_it_are_clean(light, matched):
    found = transients_of(light, matched)
    for x, y in zip(*SOURCES[:2], strict=True):
        assert found.flags[at(found, x, y)] == 0
    away = [np.hypot(found.x - x, found.y - y) for x, y in zip(*SOURCES[:2], strict=True)]
    flags = found.flags[np.min(away, axis=0) > 3]
    assert len(flags) > 5
    assert np.all(flags != 0)
    assert np.mean(flags & FLAGS["EXTENDED"] > 0) > 0.9


@pytest.mark.parametrize("matched", [False, True], ids=["as it is", "background matched"])
def test_a_comet_is_a_row_that_is_flagged_extended(matched):
    found = transients_of(comet(90.0, 140.0), matched)
    nucleus = at(found, 90, 140)
    assert found.flags[nucleus] & FLAGS["EXTENDED"]
    assert found.kind[nucleus] == "brighter"
    assert found.flags[at(found, SOURCES[0][0], SOURCES[1][0])] == 0
