"""Registration of any projection by drizzle, against polygons clipped by reproject_exact."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from redpix.image.pixel_map import local_scale, pixel_map
from redpix.image.wcs import celestial_wcs, is_tangent
from redpix.pixels import resampling_engines
from redpix.pixels.grid import north_up_grid
from redpix.pixels.register import register
from redpix.pixels.register_field import engine_of_band
from redpix.pixels.resampling_engines import REACH, engine
from reproject import reproject_exact

SHAPE = (70, 90)
NONE = (np.empty(0, int),) * 3


def rotated(ctype=("RA---TAN", "DEC--TAN"), angle=30.0, scale=0.396, crval=(180.0, 45.0)):
    """Return the WCS of a rotated image."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = list(ctype)
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    wcs.wcs.cd = np.array([[c, s], [s, -c]]) * scale / 3600
    wcs.wcs.crval, wcs.wcs.crpix = crval, [45.3, 30.8]
    return wcs


def distorted(kind):
    """Return a WCS with the distortions of a camera, some pixels at the corners."""
    header = rotated(scale=0.262, crval=(0.001, 10.0)).to_header()
    header = fits.Header([card for card in header.cards if card.keyword != "LONPOLE"])
    header["CTYPE1"], header["CTYPE2"] = f"RA---{kind}", f"DEC--{kind}"
    if kind == "TPV":
        cards = {"PV1_1": 1.0057, "PV1_4": 0.3, "PV1_7": -9.0, "PV2_1": 1.005, "PV2_5": 0.4}
    else:
        cards = {"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 4e-5, "B_1_1": 3e-5, "B_0_2": -5e-5}
    header.update(cards)
    return celestial_wcs(header)


CASES = {
    "TAN": rotated(),
    "0.2 arcsec": rotated(scale=0.2),
    "0.792 arcsec": rotated(scale=0.792),
    "RA 0": rotated(crval=(0.0, 10.0)),
    "declination 89.5": rotated(crval=(10.0, 89.5)),
    "ZEA": rotated(("RA---ZEA", "DEC--ZEA")),
    "SIN": rotated(("RA---SIN", "DEC--SIN")),
    "Galactic": rotated(("GLON-TAN", "GLAT-TAN")),
    "SIP": distorted("TAN-SIP"),
    "TPV": distorted("TPV"),
}


def noise(seed=0):
    return np.random.default_rng(seed).standard_normal(SHAPE).astype(np.float32)


def exact(image, wcs, grid):
    """Return an image on a grid by the shared areas of pixels on the sphere."""
    wide = grid.grown(4)
    brightness, _ = reproject_exact(
        (image.astype(float), wcs), wide.wcs, shape_out=wide.shape, parallel=False
    )
    return brightness[4:-4, 4:-4]


@pytest.mark.parametrize("name", CASES)
def test_drizzle_weights_by_shared_area(name):
    wcs, image = CASES[name], noise()
    grid = north_up_grid(wcs, SHAPE)
    project, reach = engine("drizzle")
    found = register(project, image, np.ones(SHAPE, np.float32), wcs, grid, NONE, reach)
    area = pixel_map(wcs, SHAPE, grid.wcs, grid.shape).area_on(grid.shape)
    clear = found.mask == 0
    assert clear.mean() > 0.4
    difference = (found.image - exact(image, wcs, grid) * area)[clear]
    assert np.abs(difference).max() < 1.2e-2
    assert difference.std() < 1e-3


@pytest.mark.parametrize("offset", [0.1, 0.5, 40.0])
def test_drizzle_moves_nothing_where_tangent_points_nearly_coincide(offset):
    """The grid has the image's centre as tangent point; that of the image is `offset` pixels off.

    Montage rounds the small angle between the two, and moves an image by up to 1e-3 pixels.
    """
    wcs, image = rotated(), noise(2)
    wcs.wcs.crpix = [(SHAPE[1] + 1) / 2 + offset, (SHAPE[0] + 1) / 2]
    grid = north_up_grid(wcs, SHAPE)
    expected = exact(image, wcs, grid)
    for name, limit in {"drizzle": 3e-6, "montage": 3e-5 if offset > 10 else 5e-3}.items():
        project, reach = engine(name)
        found = register(project, image, np.ones(SHAPE, np.float32), wcs, grid, NONE, reach)
        difference = (found.image - expected)[found.mask == 0]
        assert np.sqrt(np.mean(difference**2)) < limit, name


@pytest.mark.parametrize("name", ["SIP", "TPV", "ZEA"])
def test_a_star_keeps_its_flux_and_its_place(name):
    wcs, (x, y) = CASES[name], (61.3, 22.8)
    rows, columns = np.indices(SHAPE)
    image = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 5).astype(np.float32)
    grid = north_up_grid(wcs, SHAPE, pixel_scale=0.3)
    project, reach = engine("drizzle")
    found = register(project, image, np.ones(SHAPE, np.float32), wcs, grid, NONE, reach).image
    star = np.nan_to_num(found)
    assert star.sum() == pytest.approx(image.sum(), rel=2e-4)
    rows, columns = np.indices(star.shape)
    place = np.array([(star * columns).sum(), (star * rows).sum()]) / star.sum()
    expected = grid.wcs.all_world2pix(wcs.all_pix2world([[x, y]], 0), 0)[0]
    assert place == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("name", sorted(set(REACH) - {"swarp", "reproject"}))
def test_the_outermost_pixels_of_a_grid_are_right(name):
    """A band whose image is larger than the grid; swarp and reproject do not weight by area."""
    wcs, image = rotated(), noise(1)
    grid = north_up_grid(wcs, SHAPE).grown(-24)
    project, reach = engine(name)
    found = register(project, image, np.ones(SHAPE, np.float32), wcs, grid, NONE, reach)
    rim = np.ones(grid.shape, bool)
    rim[1:-1, 1:-1] = False
    rim &= found.mask == 0
    assert rim.sum() > 60
    assert np.abs(found.image - exact(image, wcs, grid))[rim].max() < 1e-3


@pytest.mark.parametrize("name", ["TAN", "SIP"])
def test_strips_of_rows_change_nothing(monkeypatch, name):
    wcs, image = CASES[name], noise(2)
    grid = north_up_grid(wcs, SHAPE)
    whole = engine("drizzle")[0](image, wcs, grid)
    monkeypatch.setattr(resampling_engines, "_WHOLE", 10)
    monkeypatch.setattr(resampling_engines, "_STRIP", 16)
    strips = engine("drizzle")[0](image, wcs, grid)
    assert np.array_equal(np.isnan(whole), np.isnan(strips))
    assert np.nanmax(abs(whole - strips)) < 1e-5


def test_engines_of_tangent_planes_leave_others_to_drizzle():
    grid = north_up_grid(CASES["TAN"], SHAPE)
    engines = {
        name: engine_of_band("montage", wcs, SHAPE, grid, "image") for name, wcs in CASES.items()
    }
    others = {"ZEA", "SIN", "Galactic", "SIP", "TPV"}
    assert {name for name, used in engines.items() if used == "drizzle"} == others
    assert {name for name, wcs in CASES.items() if not is_tangent(wcs)} == others


@pytest.mark.parametrize("name", ["TPV", "ZEA", "0.2 arcsec"])
def test_the_scale_at_the_centre_is_that_of_the_sky(name):
    wcs, (ny, nx) = CASES[name], SHAPE
    centre = wcs.pixel_to_world((nx - 1) / 2, (ny - 1) / 2)
    right = wcs.pixel_to_world((nx + 1) / 2, (ny - 1) / 2)
    assert local_scale(wcs, SHAPE) == pytest.approx(centre.separation(right).deg, rel=6e-3)
