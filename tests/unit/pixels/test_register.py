"""Geometry against astropy pixel by pixel; engines against known sources and white noise."""

import sys

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from redpix.core.exceptions import InputError
from redpix.image import homography
from redpix.image.masks import BITS
from redpix.image.wcs import frame_wcs, kept_cards, wcs_header
from redpix.pixels import grid as grid_module
from redpix.pixels import montage_engine, montage_program, noise_correlation, register
from redpix.pixels.resampling_engines import REACH, engine

ENGINES = sorted(REACH)
NONE = (np.empty(0, int),) * 3


def drift_scan(angle=33.8, scale=0.396, crpix=(90.3, 70.8), crval=(180.5, 45.5)):
    """Return the WCS of a small rotated frame with the parity of SDSS frames."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crval, wcs.wcs.crpix = crval, crpix
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    wcs.wcs.cd = np.array([[c, s], [s, -c]]) * scale / 3600
    wcs.wcs.radesys = "ICRS"
    return wcs


SHAPE = (140, 180)
SIGMA = 1.6  # width of the stars, pixels


def star_field(wcs, seed=3, count=12):
    """Return an image of Gaussian stars of flux 100 without noise, and their sky positions."""
    generator = np.random.default_rng(seed)
    x = generator.uniform(25, SHAPE[1] - 25, count)
    y = generator.uniform(25, SHAPE[0] - 25, count)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    image = np.zeros(SHAPE)
    for x_star, y_star in zip(x, y, strict=True):
        square = (columns - x_star) ** 2 + (rows - y_star) ** 2
        image += 100 * np.exp(-square / (2 * SIGMA**2)) / (2 * np.pi * SIGMA**2)
    return image.astype(np.float32), wcs.all_pix2world(np.transpose([x, y]), 0)


def test_homography_is_the_two_projections():
    wcs = drift_scan()
    grid = grid_module.north_up_grid(drift_scan(angle=32.0, crval=(180.502, 45.497)), SHAPE, 0.6)
    matrix = homography.homography(wcs, grid.wcs, SHAPE)
    x, y = np.random.default_rng(0).uniform(-20, 200, (2, 50))
    expected = grid.wcs.all_world2pix(wcs.all_pix2world(np.transpose([x, y]), 0), 0)
    assert np.transpose(homography.apply_homography(matrix, x, y)) == pytest.approx(
        expected, abs=1e-6
    )


@pytest.mark.parametrize("scale", [None, 0.3, 0.6])
@pytest.mark.parametrize("angle", [0.0, 33.8, 90.0])
def test_grid_is_north_up_and_holds_the_frame_exactly(angle, scale):
    wcs = drift_scan(angle)
    grid = grid_module.north_up_grid(wcs, SHAPE, scale)
    header = grid.header()
    assert header["CD1_1"] < 0 < header["CD2_2"]
    assert header["CD1_2"] == header["CD2_1"] == 0
    assert header["CD2_2"] * 3600 == pytest.approx(scale or 0.396)
    assert header["RADESYS"] == "ICRS"
    corners = [[-0.5, -0.5], [SHAPE[1] - 0.5, -0.5], [-0.5, SHAPE[0] - 0.5]]
    corners.append([SHAPE[1] - 0.5, SHAPE[0] - 0.5])
    x, y = grid.wcs.all_world2pix(wcs.all_pix2world(corners, 0), 0).T
    for positions, size in ((x, grid.shape[1]), (y, grid.shape[0])):
        assert -0.5 - 1e-6 <= positions.min() + 0.5 < 1.0
        assert size - 2.0 < positions.max() + 0.5 <= size + 1e-6


@pytest.mark.parametrize("angle", [0.0, 33.8, 90.0, 211.0])
@pytest.mark.parametrize("margin", [0.0, 2.0])
def test_inside_against_every_pixel(angle, margin):
    wcs = drift_scan(angle)
    grid = grid_module.north_up_grid(wcs, SHAPE)
    matrix = homography.homography(wcs, grid.wcs, SHAPE)
    found = grid_module.inside(matrix, SHAPE, grid.shape, margin)
    rows, columns = np.indices(grid.shape)
    sky = grid.wcs.all_pix2world(np.transpose([columns.ravel(), rows.ravel()]), 0)
    x, y = wcs.all_world2pix(sky, 0).T
    low, right, top = -0.5 + margin, SHAPE[1] - 0.5 - margin, SHAPE[0] - 0.5 - margin
    clear = np.min(np.abs([x - low, x - right, y - low, y - top]), axis=0) > 1e-6
    expected = (x > low) & (x < right) & (y > low) & (y < top)
    assert np.array_equal(found.ravel()[clear], expected[clear])


def test_headers_of_real_frames_are_read_whatever_their_dialect():
    header = wcs_header(drift_scan())
    expected = frame_wcs(header).all_pix2world([[3.0, 5.0]], 0)
    old = header.copy()
    old["RADECSYS"] = old.pop("RADESYS")
    old["DATE-OBS"] = "22/03/99"
    pc = header.copy()
    for key in ("1_1", "1_2", "2_1", "2_2"):
        pc[f"PC{key}"] = pc.pop(f"CD{key}")
    pc["CDELT1"] = pc["CDELT2"] = 1.0
    for dialect in (old, pc):
        wcs = frame_wcs(dialect)
        assert wcs.wcs.radesys == "ICRS"
        assert wcs.all_pix2world([[3.0, 5.0]], 0) == pytest.approx(expected, abs=1e-10)
    header["CTYPE1"] = "GLON-TAN"
    with pytest.raises(InputError, match="GLON-TAN"):
        frame_wcs(header)


@pytest.mark.parametrize(
    "cards",
    [{"CD1_1": 0.0, "CD1_2": 0.0}, {"CRVAL1": "nonsense"}, {"CTYPE2": "DEC--SIN"}]
    + [{"LONPOLE": 150.0}],
)
def test_an_impossible_wcs_is_refused(cards):
    header = wcs_header(drift_scan())
    header.update(cards)
    with pytest.raises(InputError, match="WCS"):
        frame_wcs(header)


def test_cards_are_kept_but_for_array_and_wcs():
    header = fits.Header([("SIMPLE", True), ("BITPIX", -32), ("RUN", 2820), ("FILTER", "r")])
    header.extend(wcs_header(drift_scan()))
    header["BZERO"] = 0.0
    header["CHECKSUM"] = "0123456789abcdef"
    header.add_history("calibrated")
    header.add_comment("a remark")
    assert list(kept_cards(header)) == ["RUN", "FILTER", "HISTORY", "COMMENT"]


def project(name, image, error, wcs, scale=None, masked=NONE):
    function, reach = engine(name)
    grid = grid_module.north_up_grid(wcs, SHAPE, scale)
    return grid, register.register(function, image, error, wcs, grid, masked, reach)


@pytest.mark.parametrize("scale", [None, 0.6])
@pytest.mark.parametrize("name", ENGINES)
def test_stars_keep_flux_and_place(name, scale):
    wcs = drift_scan()
    image, sky = star_field(wcs, count=5)
    grid, result = project(name, image, np.ones(SHAPE), wcs, scale)
    assert np.nansum(result.image) == pytest.approx(image.sum(), rel=1e-3)
    rows, columns = np.indices(grid.shape)
    for x, y in grid.wcs.all_world2pix(sky, 0):
        near = (columns - x) ** 2 + (rows - y) ** 2 < 8**2
        flux = result.image[near]
        assert np.sum(flux * columns[near]) / flux.sum() == pytest.approx(x, abs=0.02)
        assert np.sum(flux * rows[near]) / flux.sum() == pytest.approx(y, abs=0.02)


@pytest.mark.parametrize("name", ENGINES)
def test_sums_over_apertures_scatter_as_the_errors_say(name):
    wcs = drift_scan()
    noise = np.random.default_rng(1).normal(0, 2.0, SHAPE).astype(np.float32)
    grid, result = project(name, noise, np.full(SHAPE, 2.0), wcs)
    used = grid.shape[0] // 9 * 9, grid.shape[1] // 9 * 9
    blocks = [
        part[: used[0], : used[1]].reshape(used[0] // 9, 9, used[1] // 9, 9)
        for part in (result.image, result.error**2)
    ]
    sums, variances = (part.sum(axis=(1, 3)) for part in blocks)
    good = np.isfinite(sums)
    pulls = sums[good] / np.sqrt(variances[good])
    assert good.sum() > 150
    assert pulls.std() == pytest.approx(0.95, abs=0.13)
    function, _ = engine(name)
    factor = noise_correlation.noise_correlation(function, wcs, grid, SHAPE, side=64)
    per_pixel = np.nanvar(result.image / result.error)
    assert factor == pytest.approx(per_pixel, rel=0.06)


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("offset", [0.0, 3e-15, 2e-14, 1e-10])
def test_tangent_points_that_differ_by_a_rounding_error_are_one(name, offset):
    """A north-up coadd, such as those of the Legacy Surveys, has the tangent point of its grid."""
    image = np.random.default_rng(2).normal(3, 1, (60, 70)).astype(np.float32)
    wcs = drift_scan(angle=90.0, crpix=(35.5, 30.5))
    other = wcs.deepcopy()
    other.wcs.crval = [180.5, 45.5 + offset]
    project, _ = engine(name)
    again = project(image, wcs, grid_module.Grid(other, image.shape))
    inside = np.s_[8:-8, 8:-8]
    assert again[inside] == pytest.approx(image[inside], abs=2e-3)


def test_montagepy_gives_the_pixels_of_the_program(monkeypatch):
    pytest.importorskip("MontagePy")
    wcs = drift_scan()
    image, _ = star_field(wcs)
    program = project("montage", image, np.ones(SHAPE), wcs)[1]
    monkeypatch.setattr(montage_program, "has_tool", lambda name: False)
    package = project("montage", image, np.ones(SHAPE), wcs)[1]
    assert np.array_equal(program.image, package.image, equal_nan=True)


@pytest.mark.parametrize("unit", [1.0, 1e-25, 1e12])
@pytest.mark.parametrize("program", [True, False])
def test_one_run_of_montage_gives_the_pixels_of_two(monkeypatch, program, unit):
    """Noise that jumps between pixels, a bright star and a bad pixel, in any unit, in strips."""
    monkeypatch.setattr(montage_engine, "_WHOLE", 31 * SHAPE[1] if unit == 1 else SHAPE[0] ** 3)
    if not program:
        pytest.importorskip("MontagePy")
        monkeypatch.setattr(montage_program, "has_tool", lambda name: False)
    wcs, rng = drift_scan(), np.random.default_rng(5)
    image = star_field(wcs)[0] + rng.normal(0, 1, SHAPE)
    error = rng.choice([0.01, 0.5, 2.0, 1e6], SHAPE)
    image[60, 80], error[30, 40] = np.nan, 0
    function, reach = engine("montage")
    grid = grid_module.north_up_grid(wcs, SHAPE)

    def two_runs(array, wcs, grid):
        return function(array, wcs, grid)

    once = register.register(function, unit * image, unit * error, wcs, grid, NONE, reach)
    twice = register.register(two_runs, image, error, wcs, grid, NONE, reach)
    assert np.array_equal(once.mask, twice.mask)
    good = twice.mask == 0
    assert np.array_equal(np.isfinite(once.image), np.isfinite(twice.image))
    assert good.sum() > 0.8 * image.size
    np.testing.assert_allclose(once.error[good] / unit, twice.error[good], rtol=1e-6)
    off = abs(once.image[good].astype(float) / unit - twice.image[good])
    assert np.all(off < 1e-6 * (abs(twice.image[good]) + abs(np.nanmax(image))))
    assert np.max(off / twice.error[good]) < 1e-3


def test_strips_outside_the_grid_are_left_out_and_an_image_outside_is_refused(monkeypatch):
    monkeypatch.setattr(montage_engine, "_WHOLE", 10 * SHAPE[1])
    wcs, function = drift_scan(angle=2.0), engine("montage")[0]
    image, variance = star_field(wcs)[0], np.ones(SHAPE)
    grid = grid_module.north_up_grid(wcs, SHAPE)
    lower = grid_module.Grid(grid.wcs, (SHAPE[0] // 3, grid.shape[1]))
    whole, part = (function.with_variance(image, variance, wcs, one) for one in (grid, lower))
    inside = np.s_[5 : lower.shape[0] - 5, 5:-5]
    np.testing.assert_allclose(part[0][inside], whole[0][inside], rtol=1e-5, atol=1e-6)
    far = wcs.deepcopy()
    far.wcs.crpix = wcs.wcs.crpix + 5000
    with pytest.raises(InputError, match="(?i)overlap"):
        function.with_variance(image, variance, far, grid)


def test_without_montage_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(montage_program, "has_tool", lambda name: False)
    monkeypatch.setitem(sys.modules, "MontagePy.main", None)
    with pytest.raises(InputError, match="run envs/setup"):
        montage_program.run_mprojectpp("in.fits", "out.fits", "grid.hdr")


def test_montage_weights_are_shares_of_area():
    """Under a rotation the variance of unit noise is 0.443, as measured for area weights."""
    wcs = drift_scan()
    grid = grid_module.north_up_grid(wcs, SHAPE)
    function, _ = engine("montage")
    factor = noise_correlation.noise_correlation(function, wcs, grid, SHAPE, side=64)
    assert factor == pytest.approx(0.443, rel=0.03)


@pytest.mark.parametrize("name", ENGINES)
def test_outside_is_nan_and_masked(name):
    wcs = drift_scan()
    image = np.ones(SHAPE, np.float32)
    grid, result = project(name, image, image, wcs)
    outside = (result.mask & 3) != 0
    assert np.array_equal(np.isnan(result.image), outside)
    assert np.array_equal(np.isnan(result.error), outside)
    # a constant image stays constant up to the edge: valid pixels are completely covered
    assert result.image[~outside] == pytest.approx(1, abs=1e-4)
    assert result.error[~outside] == pytest.approx(1, abs=1e-4)
    kept = (SHAPE[0] - 2 * REACH[name]) * (SHAPE[1] - 2 * REACH[name])
    assert np.sum(~outside) == pytest.approx(kept, rel=0.01)


@pytest.mark.parametrize("scale", [0.25, 0.396, 0.7])
@pytest.mark.parametrize("name", ENGINES)
def test_what_a_masked_pixel_touches_is_masked(name, scale):
    """The value of a masked pixel, here a spike, does not spread beyond the mask."""
    wcs = drift_scan()
    image = np.zeros(SHAPE, np.float32)
    y, x = np.array([40, 70, 70]), np.array([60, 100, 101])
    image[y, x] = 1e3
    bits = np.full(3, BITS["SATURATED"])
    _, result = project(name, image, np.ones(SHAPE), wcs, scale, (bits, y, x))
    marked = (result.mask & (1 << BITS["SATURATED"])) != 0
    touched = np.abs(np.nan_to_num(result.image)) > 1.0
    assert touched.sum() > 0
    assert not np.any(touched & ~marked)
    side = 1 + 2 * REACH[name] * 0.396 / scale + 1
    assert marked.sum() <= 3 * side**2


def test_impossible_values_are_bad():
    wcs = drift_scan()
    image = np.ones(SHAPE, np.float32)
    image[60, 80] = np.nan
    grid, result = project("montage", image, np.ones(SHAPE), wcs)
    x, y = grid.wcs.all_world2pix(wcs.all_pix2world([[80, 60]], 0), 0)[0]
    assert result.mask[round(y), round(x)] & (1 << BITS["BAD"])
    assert np.isnan(result.image[round(y), round(x)])


@pytest.mark.parametrize("name", ENGINES)
def test_it_is_the_variance_that_is_projected(name):
    """Errors alternate between 1 and 3: variances average to 5, errors to 4, weights to 1.8."""
    wcs = drift_scan()
    error = np.tile([1.0, 3.0], (SHAPE[0], SHAPE[1] // 2))
    _, result = project(name, np.zeros(SHAPE, np.float32), error, wcs)
    assert np.nanmean(result.error**2) == pytest.approx(5, rel=0.02)


@pytest.mark.parametrize("angle", [12.0, 100.0])
def test_bands_that_turn_alike_have_one_noise_correlation(angle):
    function, factors, matrices = engine("montage")[0], [], []
    for shift in ((0.0, 0.0), (0.31, -0.46), (5.5, 7.5)):
        wcs, grid = drift_scan(angle), grid_module.north_up_grid(drift_scan(angle), SHAPE)
        wcs.wcs.crpix = wcs.wcs.crpix + shift
        matrices.append(homography.homography(wcs, grid.wcs, SHAPE))
        factors.append(noise_correlation.noise_correlation(function, wcs, grid, SHAPE, side=64))
    assert all(noise_correlation.alike(matrices[0], other) for other in matrices)
    assert np.ptp(factors) < 0.04 * np.mean(factors)
    turned = homography.homography(drift_scan(angle + 1), grid.wcs, SHAPE)
    assert not noise_correlation.alike(matrices[0], turned)


def test_bands_parallel_to_the_grid_have_their_own():
    """A shift by half a pixel leaves a quarter of the variance, by one pixel all of it."""
    straight, half = np.eye(3), np.eye(3)
    half[:2, 2] = 0.5
    assert not noise_correlation.alike(straight, half)
    assert not noise_correlation.alike(0.5 * straight, 0.5 * half)
