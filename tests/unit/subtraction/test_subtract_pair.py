"""The five steps of a subtraction, each alone."""

import fits_sky
import numpy as np
import pytest
from redpix.astrometry.exposures import read_exposures
from redpix.core.backend import NUMPY
from redpix.core.exceptions import InputError
from redpix.image.masks import bit_value
from redpix.subtraction.difference_files import header_of
from redpix.subtraction.pair import SubtractionSettings, Workspace
from redpix.subtraction.subtract_pair import (
    difference_planes,
    flag_edges,
    match_backgrounds,
    register_pair,
)
from redpix.subtraction.transients import find_transients

CARDS = {"GAIN": fits_sky.GAIN, "RDNOISE": fits_sky.READ_NOISE, "BUNIT": "adu"}
SHIFT = (3.4, -5.7)

#: x, y, flux of a star that the reference lacks
NEW_STAR = (200.0, 150.0, 4000.0)

SETTINGS = SubtractionSettings(
    **{key: value for key, value in fits_sky.DEFAULTS.items() if key != "noise"},
    background_mesh=64,
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    programs = {name: str(path) for name, path in fits_sky.resources().items()}
    return Workspace(programs, tmp_path_factory.mktemp("planes"), 1, NUMPY)


@pytest.fixture(scope="module")
def exposures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    stars = fits_sky.stars()
    sky = [np.append(column, more) for column, more in zip(stars, NEW_STAR, strict=True)]
    paths = [
        fits_sky.write(folder / "new.fits", fits_sky.counts(sky, 1, 1.7), **CARDS),
        fits_sky.write(
            folder / "old.fits", fits_sky.counts(stars, 2, 1.5, 0.7, SHIFT), SHIFT, **CARDS
        ),
    ]
    camera = fits_sky.settings()["camera"]
    reading = {**camera, "background_mesh": 64}
    return read_exposures([[path] for path in paths], "image", reading, paths)


@pytest.fixture(scope="module")
def pair(exposures, workspace):
    return register_pair(*exposures, SETTINGS, workspace)


@pytest.fixture(scope="module")
def planes(pair, workspace):
    return difference_planes(pair, SETTINGS, workspace)


def test_registration_takes_the_arrays_and_compares_the_stars(pair, exposures):
    for exposure in exposures:
        assert exposure.image is exposure.variance is exposure.mask is None
    assert pair.comparison.ratio == pytest.approx(0.7, rel=0.01)
    assert pair.comparison.n_stars > 20
    assert pair.comparison.registration_error.max() < 0.05
    assert pair.psf_source == "psfex"
    x, y = pair.alignment.transform(np.array([100.0]), np.array([90.0]))
    assert (x[0], y[0]) == pytest.approx((100 - SHIFT[0], 90 - SHIFT[1]), abs=0.05)
    assert pair.alignment.image is None


def test_backgrounds_are_matched_only_if_asked_for(pair):
    shifted = pair._replace(new=pair.new + np.float32(7))
    assert match_backgrounds(shifted, SETTINGS._replace(match_background=False)) is shifted
    matched = match_backgrounds(shifted, SETTINGS)
    assert matched.background == pytest.approx(7, abs=1)
    assert np.nanmedian(matched.new) == pytest.approx(np.nanmedian(pair.new), abs=1)


def test_planes_of_a_large_difference_lie_in_files(pair, planes, workspace, monkeypatch):
    monkeypatch.setattr("redpix.subtraction.tiles.LARGE", 1000)
    mapped = difference_planes(pair, SETTINGS, workspace)
    assert not isinstance(mapped.Scorr, np.ndarray)
    np.testing.assert_array_equal(mapped.read("Scorr"), planes.read("Scorr"))


def test_edges_are_flagged_in_a_new_mask(planes):
    mask = np.zeros(planes.D.shape, np.int16)
    mask[:, :4] = bit_value("NO_DATA")
    image = np.zeros(mask.shape, np.float32)
    image[60, 70] = image[10, 2] = np.nan
    before = mask.copy()
    flagged = flag_edges(mask, planes._replace(D=image), reach=3)
    assert np.array_equal(mask, before)
    assert flagged[60, 70] == bit_value("BAD")
    assert flagged[10, 2] == bit_value("NO_DATA")
    assert flagged[100, 5] == bit_value("EDGE")
    assert flagged[100, 8] == 0


def test_the_new_star_is_found(pair, planes):
    found = find_transients(planes, flag_edges(pair.mask, planes, 2 * pair.fwhm), pair.fwhm, 6.0)
    assert np.hypot(found.x[0] - NEW_STAR[0], found.y[0] - NEW_STAR[1]) < 0.5
    assert found.flux[0] == pytest.approx(NEW_STAR[2], abs=float(4 * found.flux_error[0]))
    assert (found.kind[0], found.flags[0]) == ("brighter", 0)
    assert np.isfinite(found.misfit).all()


def test_header_needs_a_pixel_without_a_flag(pair, planes):
    cards = {key: value for key, value, _ in header_of(pair, planes, pair.mask)}
    assert cards["SCORRSTD"] == pytest.approx(1, abs=0.05)
    assert cards["FLXRATIO"] == pair.comparison.ratio
    with pytest.raises(InputError, match="no pixel is without a flag in both"):
        header_of(pair, planes, np.ones_like(pair.mask))
