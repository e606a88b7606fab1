"""A stack of five exposures with cosmic rays, a trail and an asteroid, against its truth."""

import json
from pathlib import Path

import fits_sky
import numpy as np
import pytest
from astropy.io import fits
from redpix.image.masks import bit_value

PAIRS = Path(__file__).resolve().parents[4] / "shared/strangers/pairs"
IMAGES = [PAIRS / f"s{number}.fits" for number in range(5)]
SHAPE, GAIN, READ_NOISE = (400, 400), 2.0, 5.0
#: the trail of the third exposure, from end to end, x and y
TRAIL = ((12.0, 36.0), (370.0, 354.0))


@pytest.fixture(scope="module")
def truth():
    """Return rays as (image, x, y), positions of the asteroid, and stars as (x, y, flux)."""
    path = PAIRS / "stack_truth.json"
    if not path.exists():
        pytest.skip("test data are absent: pairs/stack_truth.json")
    known = json.loads(path.read_text())
    return np.array(known["cr"]), np.array(known["ast"]), np.array(known["stars"])


@pytest.fixture(scope="module")
def made(truth, tmp_path_factory):
    """Return the open coadds without and with rejection."""
    folder = tmp_path_factory.mktemp("strangers stack")
    opened = []
    for reject in (False, True):
        output = folder / f"{reject}.fits"
        fits_sky.coadd([str(path) for path in IMAGES], output, reject=reject)
        with fits.open(output) as hdus:
            opened.append({hdu.name: (hdu.header, hdu.data.copy()) for hdu in hdus})
    return opened


def away_from(places, radii):
    """Return the pixels away from places (x, y)."""
    rows, columns = np.indices(SHAPE)
    away = np.ones(SHAPE, bool)
    for (x, y), radius in zip(places, radii, strict=True):
        away &= np.hypot(columns - x, rows - y) > radius
    return away


def blank_sky(stars):
    """Return pixels away from stars that at least two images cover."""
    away = away_from(stars[:, :2], np.where(stars[:, 2] < 2e4, 12, 22))
    away[:25], away[-25:], away[:, :25], away[:, -25:] = False, False, False, False
    return away


def check_stack(coadd, truth):
    rays, asteroid, stars = truth
    header, image = coadd["SCI"]
    blank, noise = blank_sky(stars), header["NOISE"]
    # noise by its header, by its own sky, and by gain, read noise and sky of the five exposures
    assert image[blank].std() == pytest.approx(noise, rel=0.03)
    inverse = sum(
        header[f"FLXR{n}"] ** 2 / (np.median(fits.getdata(path)) / GAIN + (READ_NOISE / GAIN) ** 2)
        for n, path in enumerate(IMAGES, start=1)
    )
    assert noise == pytest.approx(1 / np.sqrt(inverse), rel=0.03)
    places = [(x, y) for _, x, y in rays] + [tuple(place) for place in asteroid]
    seen = [image[round(y), round(x)] / noise for x, y in places if blank[round(y), round(x)]]
    assert len(seen) > 60
    assert np.abs(seen).max() < 5.2  # the rim of one ray is left at 5 sigma
    along = np.linspace(0, 1, 400)[:, None]
    trail = np.rint((1 - along) * TRAIL[0] + along * TRAIL[1]).astype(int)
    values = np.array([image[y, x] for x, y in trail if blank[y, x]])
    assert len(values) > 150
    assert abs(values.mean()) < 3 * noise / np.sqrt(len(values))


def test_rays_trail_and_asteroid_go(made, truth):
    check_stack(made[1], truth)
    header, mask = made[1]["SCI"][0], made[1]["MASK"][1]
    counts = [header[f"REJ{number}"] for number in range(1, 6)]
    assert min(counts) > 500
    assert max(counts) == header["REJ3"] < 10_000  # the trail
    filled = {(x, y): mask[round(y), round(x)] & bit_value("INTERPOLATED") for _, x, y in truth[0]}
    lost = [place for place, bit in filled.items() if not bit]
    # one image alone covers these two places at the border
    assert len(filled) > 120
    assert all(min(x, y, 399 - x, 399 - y) < 12 for x, y in lost)
    assert len(lost) <= 2


def test_the_check_goes_red_without_rejection(made, truth):
    with pytest.raises(AssertionError):
        check_stack(made[0], truth)


def test_stars_without_a_ray_keep_their_flux(made, truth):
    _, _, stars = truth
    images, mask = [coadd["SCI"][1] for coadd in made], made[1]["MASK"][1]
    filled = (mask & bit_value("INTERPOLATED")) != 0
    untouched = 0
    for x, y, flux in stars:
        column, row = round(x), round(y)
        if flux < 4000 or not (25 < column < 375 and 25 < row < 375):
            continue
        near = np.s_[row - 12 : row + 13, column - 12 : column + 13]
        if not filled[near].any():
            part = np.s_[row - 6 : row + 7, column - 6 : column + 7]
            assert abs((images[1] - images[0])[part].sum()) < 1e-3 * flux
            untouched += 1
    assert untouched > 8
