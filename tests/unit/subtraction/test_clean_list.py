"""A clean row is a point source at its flux, and not a cosmic ray or extended light."""

import fits_sky
import numpy as np
import pandas as pd
import pytest
import subtraction_sky
from astropy.io import fits
from redpix.image.wcs import celestial_wcs
from redpix.subtraction.difference_shapes import difference_shapes
from redpix.subtraction.extended_light import extended_share, light_along_lines
from redpix.subtraction.real_score import Features, probability
from redpix.subtraction.shape_fit import fit_shapes
from redpix.subtraction.tiles import subtract_tiles
from redpix.subtraction.transients import FLAGS, find_transients
from scipy import ndimage

SHAPE = (256, 256)


def difference(sky, new, wrong=1.0):
    """Subtract an image in tiles; the width of its PSF is wrong by a factor."""
    psf = subtraction_sky.gaussian(wrong * subtraction_sky.NEW_WIDTH)
    return subtract_tiles(
        new, sky.reference, lambda x, y: psf, lambda x, y: sky.reference.psf, side=128
    )


def flags_at(planes, places, threshold=6.0):
    """Return the flags of the transient at each place; -1 where there is none."""
    mask = np.zeros(planes.D.shape, np.int16)
    found = find_transients(planes, mask, 4.0, threshold)
    rows = [np.hypot(found.x - x, found.y - y) for x, y in places]
    return np.array([found.flags[away.argmin()] if away.min() < 2 else -1 for away in rows])


def test_shapes_are_those_of_a_subtraction():
    sky = subtraction_sky.make(3, transients=0, stars=0)
    planes = difference(sky, sky.new)
    shapes = difference_shapes(planes.tiles[0])
    pixel = sky.new.image.copy()
    pixel[60, 70] += 500.0
    change = difference(sky, sky.new._replace(image=pixel)).D - planes.D
    near = np.s_[60 - 6 : 60 + 7, 70 - 6 : 70 + 7]
    middle = len(shapes.new_pixel) // 2
    core = np.s_[middle - 6 : middle + 7, middle - 6 : middle + 7]
    np.testing.assert_allclose(change[near], 500 * shapes.new_pixel[core], atol=0.05)
    assert shapes.source.sum() == pytest.approx(planes.tiles[0].F_D, rel=0.01)
    assert planes.tile_at(200, 20).inner == (slice(0, 128), slice(128, 256))


def test_single_pixels_are_flagged_and_point_sources_of_any_flux_are_not():
    clean, rays = [], []
    for seed in range(4):
        rng = np.random.default_rng([seed, 8])
        sky = subtraction_sky.make(seed, transients=0, stars=0)
        grid = np.array([(x, y) for x in range(24, 240, 42) for y in range(24, 240, 42)])
        places = grid + rng.uniform(-0.5, 0.5, grid.shape)
        sources, pixels = places[::2], grid[1::2]
        # signal-to-noise ratios from 10 to 1000, with a PSF that is wrong by 3 %
        flux = 10 ** rng.uniform(np.log10(500), np.log10(5e4), len(sources))
        light = subtraction_sky.light(SHAPE, *sources.T, flux, subtraction_sky.NEW_WIDTH)
        variance = sky.new.variance + light / 2
        image = sky.new.image + light + rng.standard_normal(SHAPE) * np.sqrt(light / 2)
        for number, (x, y) in enumerate(pixels):
            image[y, x] += 90 * 1.5 ** (number % 7)
            image[y, x + 1] += 60 * (number % 2)
        planes = difference(sky, sky.new._replace(image=image, variance=variance), wrong=1.03)
        clean += list(flags_at(planes, sources))
        rays += list(flags_at(planes, pixels))
    assert np.mean(np.array(clean) == 0) > 0.97
    rays = np.array(rays)[np.array(rays) >= 0]
    assert len(rays) > 30
    assert np.mean(rays > 0) > 0.97
    assert np.mean((rays & FLAGS["PIXELS"]) > 0) > 0.9


def test_a_source_beside_another_keeps_its_shape():
    """The two places of an asteroid, nine pixels apart."""
    sky = subtraction_sky.make(5, transients=0, stars=0)
    places, flux = np.array([[100.2, 80.4], [109.3, 81.0]]), np.array([2e4, 9e3])
    light = subtraction_sky.light(SHAPE, *places.T, flux, subtraction_sky.NEW_WIDTH)
    new = sky.new._replace(image=sky.new.image + light, variance=sky.new.variance + light / 2)
    assert np.array_equal(flags_at(difference(sky, new), places), [0, 0])


def test_a_cosmic_ray_beside_a_source_does_not_spoil_its_shape():
    """A ray of 30 sigma at 1.3 FWHM, whose score does not stand out beside that of the source."""
    flags = []
    for seed in range(6):
        rng = np.random.default_rng([seed, 11])
        sky = subtraction_sky.make(seed, transients=0, stars=0)
        places = np.array([(60.0, 60.0), (60.0, 190.0), (190.0, 60.0), (190.0, 190.0)])
        places += rng.uniform(-0.5, 0.5, places.shape)
        flux = 10 ** rng.uniform(3.3, 4, 4)
        light = subtraction_sky.light(SHAPE, *places.T, flux, subtraction_sky.NEW_WIDTH)
        image = sky.new.image + light + rng.standard_normal(SHAPE) * np.sqrt(light / 2)
        angle = rng.uniform(0, 2 * np.pi, 4)
        rays = np.rint(places + 5.2 * np.column_stack([np.cos(angle), np.sin(angle)])).astype(int)
        image[rays[:, 1], rays[:, 0]] += 150
        new = sky.new._replace(image=image, variance=sky.new.variance + light / 2)
        flags += list(flags_at(difference(sky, new), places))
    assert np.mean(np.array(flags) == 0) > 0.8


def test_lumps_of_scattered_light_are_extended_and_sources_on_it_are_not():
    sky = subtraction_sky.make(6, transients=0, stars=0)
    rows, columns = np.indices(SHAPE)
    glow = 25 * np.exp(-((columns - 60) ** 2 + (rows - 60) ** 2) / (2 * 25.0**2))
    glow += 10 * np.exp(-((columns - 62) ** 2 + (rows - 58) ** 2) / (2 * 4.0**2))
    light = subtraction_sky.light(SHAPE, [85.0], [62.0], [8000.0], subtraction_sky.NEW_WIDTH)
    planes = difference(sky, sky.new._replace(image=sky.new.image + glow + light))
    lump, source = flags_at(planes, [(62, 58), (85, 62)])
    assert lump & FLAGS["EXTENDED"]
    assert source == 0


def test_light_along_a_line_is_that_of_a_trail_and_not_of_a_point_source():
    rng = np.random.default_rng(7)
    rows, columns = np.indices((200, 200))
    noise = ndimage.gaussian_filter(rng.standard_normal((200, 200)), 1.7)
    noise /= noise.std()
    trail = 5 * np.exp(-((columns - 0.3 * rows - 40) ** 2) / (2 * 2.0**2))
    point = 30 * np.exp(-((columns - 150) ** 2 + (rows - 60) ** 2) / (2 * 2.4**2))
    x, y = np.array([70.0, 150.0]), np.array([100.0, 60.0])
    on, alone = light_along_lines(trail + point + noise, np.ones((200, 200)), x, y, 4.0)
    assert on == pytest.approx(5, abs=2)
    assert abs(alone) < 2.5
    assert light_along_lines(-trail, np.ones((200, 200)), x[:1], y[:1], 4.0) < -4


def test_an_empty_ring_has_no_extended_light():
    rng = np.random.default_rng(9)
    shares = [
        extended_share(rng.standard_normal((31, 31)), np.ones((31, 31)), 30.0, 4.0)
        for _ in range(400)
    ]
    assert np.mean(np.array(shares) > 0) < 0.01
    level = extended_share(2.0 + rng.standard_normal((31, 31)), np.ones((31, 31)), 30.0, 4.0)
    assert level == pytest.approx(60, rel=0.1)


def test_nothing_to_fit_is_an_empty_table():
    sky = subtraction_sky.make(1, transients=0)
    planes = difference(sky, sky.new)
    assert all(len(column) == 0 for column in fit_shapes(planes, *np.zeros((3, 0)), 4.0))


@pytest.mark.parametrize(("science", "reference"), [("0150", "0140"), ("0150", "0160")])
def test_asteroids_among_cosmic_rays(strangers, tmp_path, science, reference):
    """Five minutes each, 600 cosmic rays: both movers at both epochs, and hardly anything else."""
    folder = strangers / "pairs"
    names = [f"low_{number}.fits" for number in (science, reference)]
    images = (str(folder / name) for name in names)
    products = fits_sky.subtract(*images, tmp_path, background_mesh=128)
    found = pd.read_csv(products.transients)
    true = pd.read_csv(folder / "truth_known.tsv", sep="\t")
    true = true[(true["file"] == names[0]) & (true["reference"] == names[1])]
    assert len(true) == 4
    with fits.open(products.difference) as hdus:
        x, y = celestial_wcs(hdus["D"].header).all_world2pix(true["ra"], true["dec"], 0)
    rows = [np.hypot(found["x"] - a, found["y"] - b).idxmin() for a, b in zip(x, y, strict=True)]
    movers = found.loc[rows]
    # 1.1 arcsec per pixel
    assert np.hypot(movers["x"] - x, movers["y"] - y).max() < 0.15 / 1.1
    assert (movers["flags"] == 0).all()
    assert np.array_equal(movers["flux"] > 0, true["sign"] == "+")
    # the truth is the flux in 4.5 pixels
    assert (movers["flux"].to_numpy() / true["flux"].to_numpy()).tolist() == pytest.approx(
        [1 / 0.94] * 4, rel=0.065
    )
    assert np.sum(found["flags"] == 0) - 4 < 3
    assert len(found) > 100


def test_scattered_light_at_a_vignetted_edge(strangers, tmp_path):
    folder = strangers / "pairs"
    science, reference = (str(folder / name) for name in ("io31.fits", "io11.fits"))
    found = pd.read_csv(fits_sky.subtract(science, reference, tmp_path).transients)
    assert np.sum(found["flags"] == 0) < 5
    assert np.sum(found["flags"] & FLAGS["EXTENDED"] > 0) > 20


def test_sources_are_likely_real_and_single_pixels_are_not():
    real, false = [], []
    for seed in range(2):
        sky = subtraction_sky.make(seed)
        image = sky.new.image.copy()
        rng = np.random.default_rng(seed)
        rays = rng.integers(15, 240, (12, 2))
        image[rays[:, 1], rays[:, 0]] += 400
        planes = difference(sky, sky.new._replace(image=image))
        found = find_transients(planes, np.zeros(SHAPE, np.int16), 4.0, 6.0)
        for places, values in ((np.column_stack([sky.x, sky.y]), real), (rays, false)):
            for x, y in places:
                away = np.hypot(found.x - x, found.y - y)
                values += [found.score[away.argmin()]] if away.min() < 1.5 else []
    assert np.mean(np.array(real) > 0.5) > 0.9
    assert np.mean(np.array(false) < 0.5) > 0.9
    assert 0 <= min(false) < max(real) <= 1


def test_any_fault_makes_a_transient_less_likely_real():
    ideal = np.zeros((1, len(Features._fields)))
    best = probability(Features._make(ideal.T))[0]
    assert 0.9 < best < 1
    for number in range(len(Features._fields)):
        faulty = ideal.copy()
        faulty[0, number] = 1.0
        assert probability(Features._make(faulty.T))[0] < best
