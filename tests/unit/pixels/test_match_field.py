"""Bands brought to one PSF: simulated and real stars, noise, constants, masks."""

import bz2
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from given_sky import tilted
from redpix.config.given_frame import GivenFrame
from redpix.core.field_name import parse_field
from redpix.image.masks import bit_value
from redpix.image.wcs import celestial_wcs, wcs_cards
from redpix.pixels.band_psf import frame_psf
from redpix.pixels.engine_kernel import measure_kernel
from redpix.pixels.given_band import read_band
from redpix.pixels.given_field import frame_header
from redpix.pixels.grid import north_up_grid
from redpix.pixels.match_field import match_field
from redpix.pixels.matched_planes import Nodes, match_planes
from redpix.pixels.noise_correlation import noise_correlation
from redpix.pixels.register import register
from redpix.pixels.register_field import register_field
from redpix.pixels.registered_psf import registered_stamp, stamp_blur
from redpix.pixels.resampling_engines import engine
from redpix.psf.given_psf import profile_of_width
from redpix.psf.matching_kernels import kernel_noise, matching_kernel
from redpix.psf.moffat import moffat_pixels
from redpix.sdss.fetch import write_masks
from redpix.sdss.write_error_maps import frame_errors
from scipy import ndimage

ROOT = Path(__file__).resolve().parents[3]
NONE = (np.empty(0, int),) * 3
SEEING = {"a": 2.6, "b": 3.3, "c": 4.2}
SHAPE = (420, 440)
SKY = 0.02
SETTINGS = {
    "sextractor": [
        str(ROOT / f"resources/sextractor/{name}")
        for name in ("sources.sex", "stars.param", "sources.conv")
    ],
    "psfex": str(ROOT / "resources/psfex/stars.psfex"),
}


def moffat_stars(x, y, flux, fwhm, shape=SHAPE, half=40):
    """Return an image of Moffat stars with exponent 3, integrated over pixels."""
    width, image = fwhm / 2 / np.sqrt(2 ** (1 / 3) - 1), np.zeros(shape)
    for x_now, y_now, light in zip(x, y, flux, strict=True):
        where = tuple(
            slice(max(0, round(at) - half), min(side, round(at) + half + 1))
            for at, side in zip((y_now, x_now), shape, strict=True)
        )
        rows, columns = np.mgrid[where]
        image[where] += light * moffat_pixels(columns - x_now, rows - y_now, width, 3.0, 0.0, 0.0)
    return image


def write_field(folder, images, errors, headers, bands, engine_name="drizzle"):
    """Write frames and register them; return the arguments of `match_field`."""
    paths = {
        stage: [str(folder / f"{band}.{stage}.fits") for band in bands]
        for stage in ("frame", "error", "registered", "matched")
    }
    for band, frame, error in zip(bands, paths["frame"], paths["error"], strict=True):
        fits.writeto(frame, images[band].astype(np.float32), headers[band])
        fits.writeto(error, errors[band].astype(np.float32))
    masks = str(folder / "masks.fits")
    write_masks(masks, dict.fromkeys(bands), bands)
    register_field(
        paths["frame"], paths["error"], masks, paths["registered"], bands, bands[0], engine_name
    )
    return {
        "frames": paths["frame"],
        "registered": paths["registered"],
        "matched": paths["matched"],
        "psfields": [],
        "bands": bands,
        "field": "simulated",
        "psf_files": {},
        **SETTINGS,
    }


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Arguments of a matched field of stars in three bands of different seeing; their places."""
    folder = tmp_path_factory.mktemp("simulated")
    rng = np.random.default_rng(4)
    y, x = np.mgrid[40:390:48, 40:410:48]
    x, y = (plane.ravel() + rng.uniform(-3, 3, plane.size) for plane in (x, y))
    flux = rng.uniform(60, 240, len(x))
    images, headers = {}, {}
    for number, (band, fwhm) in enumerate(SEEING.items()):
        header = tilted(SHAPE, 0.396, 24.0 + 11 * number, (150.0, 2.0))
        images[band] = moffat_stars(x, y, flux, fwhm) + SKY * rng.standard_normal(SHAPE)
        headers[band] = header
    # every band has its own orientation: the stars of the first are at the same sky positions
    sky = celestial_wcs(headers["a"]).all_pix2world(x, y, 0)
    for band in "bc":
        x_now, y_now = celestial_wcs(headers[band]).all_world2pix(*sky, 0)
        clean = moffat_stars(x_now, y_now, flux, SEEING[band])
        images[band] = clean + SKY * rng.standard_normal(SHAPE)
    errors = dict.fromkeys(SEEING, np.full(SHAPE, SKY))
    arguments = write_field(folder, images, errors, headers, list(SEEING))
    match_field(**arguments)
    return arguments, sky, flux


def star_sums(path, sky, radii):
    """Return the light of each star within radii, NaN near masked pixels."""
    with fits.open(path) as hdus:
        image, mask = hdus["SCI"].data.astype(float), hdus["MASK"].data
        x, y = celestial_wcs(hdus["SCI"].header).all_world2pix(*sky, 0)
    image = np.where(mask == 0, image, np.nan)
    rows, columns = np.indices(image.shape)
    sums = []
    for one in zip(x, y, strict=True):
        distance = np.hypot(columns - one[0], rows - one[1])
        # soft edges: pixels are not cut
        weights = (np.clip(r + 0.5 - distance, 0, 1) for r in radii)
        sums.append([np.sum(image[some > 0] * some[some > 0]) for some in weights])
    return np.array(sums).T


def gradients(paths, sky):
    """Return the median difference of the colour of stars between core and ring, per band pair."""
    sums = [star_sums(path, sky, (1.5, 2.5, 4.5)) for path in paths]
    colours = [-2.5 * np.log10(core / (wide - inner)) for core, inner, wide in sums]
    return [np.nanmedian(a - b) for a, b in zip(colours, colours[1:], strict=False)]


def test_the_gradient_of_stars_goes(simulated):
    arguments, sky, _ = simulated
    assert np.all(np.abs(gradients(arguments["registered"], sky)) > 0.3)
    assert np.all(np.abs(gradients(arguments["matched"], sky)) < 0.02)


def test_the_flux_of_stars_stays(simulated):
    """The light within a wide aperture, less what the seeing takes beyond it."""
    arguments, sky, flux = simulated
    sums = [star_sums(path, sky, (16,))[0] / flux for path in arguments["matched"]]
    widest = star_sums(arguments["registered"][2], sky, (16,))[0] / flux
    assert np.nanmedian(sums, axis=1) == pytest.approx(np.nanmedian(widest), abs=2e-3)


def test_the_total_flux_stays_where_kernels_change():
    shape = (200, 220)
    image = moffat_stars([70, 120, 150], [90, 110, 80], [1, 5, 2], 3.0, shape, 30)
    planes = image.astype(np.float32), np.ones(shape, np.float32), np.zeros(shape, np.int16)
    made = match_planes(*planes, two_nodes(), 0.1)
    assert np.nansum(made.image.astype(float)) == pytest.approx(image.sum(), rel=1e-3)


def test_cards_say_what_was_done(simulated):
    arguments, _, _ = simulated
    for path, fwhm in zip(arguments["matched"], SEEING.values(), strict=True):
        header = fits.getheader(path, "SCI")
        assert header["PSFMATCH"]
        assert header["PSFFROM"].startswith("measured: effective")
        assert header["PSFSTARS"] > 10
        # the registered PSF is broader than that of the frame by the pixels
        assert fwhm < header["FWHMIN"] < np.hypot(fwhm, 1.9)
        assert header["FWHMOUT"] > fits.getheader(arguments["matched"][2], "SCI")["FWHMIN"]
        assert header["PSFRESID"] < 0.01
        registered = fits.getheader(path.replace("matched", "registered"), "SCI")
        assert header["NOISECOR"] < registered["NOISECOR"]


def test_too_few_stars_leave_the_bands_alone_and_say_so(tmp_path, caplog):
    rng = np.random.default_rng(2)
    images = {band: SKY * rng.standard_normal((120, 130)) for band in "ab"}
    headers = dict.fromkeys("ab", tilted((120, 130), 0.396, 24.0, (150.0, 2.0)))
    errors = dict.fromkeys("ab", np.full((120, 130), SKY))
    arguments = write_field(tmp_path, images, errors, headers, ["a", "b"])
    with caplog.at_level(logging.WARNING):
        match_field(**arguments)
    assert (
        "field simulated: band a: registration.match_psf: the bands keep their own" in caplog.text
    )
    for path in arguments["matched"]:
        with fits.open(path) as hdus, fits.open(path.replace("matched", "registered")) as before:
            assert not hdus["SCI"].header["PSFMATCH"]
            assert "band a has no PSF" in hdus["SCI"].header["PSFWHY"]
            assert np.array_equal(hdus["SCI"].data, before["SCI"].data, equal_nan=True)


@pytest.mark.parametrize("name", ["drizzle", "swarp", "reproject"])
def test_the_given_psf_of_a_frame_becomes_that_of_the_grid(name):
    """Stars at many positions between the pixels, registered by the engine itself."""
    header = tilted((330, 330), 0.396, 28.0, (150.0, 2.0))
    wcs = celestial_wcs(header)
    grid = north_up_grid(wcs, (330, 330))
    rng = np.random.default_rng(3)
    y, x = (plane.ravel() * 1.0 for plane in np.mgrid[50:290:40, 50:290:40])
    x, y = x + rng.uniform(-1, 1, x.size), y + rng.uniform(-1, 1, y.size)
    image = moffat_stars(x, y, np.ones(x.size), 3.0, (330, 330))
    project, reach = engine(name)
    made = register(project, image, np.ones(image.shape), wcs, grid, NONE, reach).image
    kernel = measure_kernel(project, wcs, grid, image.shape)
    frame = profile_of_width(3.0)
    star = moffat_stars([20], [20], [1], 3.0, (41, 41))
    frame = frame._replace(terms=(star / star.sum())[None])
    stamp = registered_stamp(frame, 150, 150, grid.wcs, wcs, stamp_blur(kernel, 20), 20)
    x, y = grid.wcs.all_world2pix(*wcs.all_pix2world(x, y, 0), 0)
    rows, columns = np.indices(made.shape)
    widths = []
    for one in zip(x, y, strict=True):
        square = (columns - one[0]) ** 2 + (rows - one[1]) ** 2
        widths.append([np.nansum(made * np.exp(-square / 2 / s**2)) for s in (1.0, 2.0)])
    axis = np.arange(-20, 21)
    square = axis**2 + axis[:, None] ** 2
    expected = [np.sum(stamp * np.exp(-square / 2 / s**2)) for s in (1.0, 2.0)]
    assert np.mean(widths, axis=0) == pytest.approx(expected, rel=4e-3)


@pytest.mark.parametrize("angle", [28.0, 0.0])
def test_noise_is_what_the_kernel_says(angle):
    header = tilted((600, 600), 0.396, angle, (150.0, 2.0))
    wcs = celestial_wcs(header)
    grid = north_up_grid(wcs, (600, 600))
    shifted = grid.wcs.deepcopy()
    shifted.wcs.crpix = grid.wcs.wcs.crpix + [0.3, 0.4]
    grid = grid._replace(wcs=shifted)
    project, reach = engine("drizzle")
    noise = np.random.default_rng(5).standard_normal((600, 600))
    frame = register(project, noise, np.ones(noise.shape), wcs, grid, NONE, reach)
    measured = measure_kernel(project, wcs, grid, noise.shape)
    covariance = measured.covariance()
    before = noise_correlation(project, wcs, grid, noise.shape)
    assert covariance[len(covariance) // 2, len(covariance) // 2] == pytest.approx(before, rel=0.03)
    narrow, wide = (profile_of_width(fwhm).at(0, 0) for fwhm in (2.8, 3.9))
    kernel = matching_kernel(narrow, wide)
    predicted = kernel_noise(kernel, covariance)
    nodes = Nodes(np.zeros(1), np.zeros(1), kernel[None, None])
    made = match_planes(*frame, nodes, predicted)
    good = made.mask == 0
    ratio = made.image[good].astype(float) / made.error[good]
    assert ratio.var() == pytest.approx(predicted, rel=0.03)
    # sums over apertures scatter as the errors say
    middle = tuple(slice(side // 2 - 150, side // 2 + 150) for side in made.image.shape)
    sums = made.image[middle].astype(float).reshape(10, 30, 10, 30).sum(axis=(1, 3))
    assert sums.std() / 30 == pytest.approx(np.median(made.error[good]), rel=0.2)


def planes(shape=(90, 100)):
    rng = np.random.default_rng(6)
    return (
        np.full(shape, 5.0, np.float32),
        rng.uniform(0.5, 2, shape).astype(np.float32),
        np.zeros(shape, np.int16),
    )


def two_nodes():
    """Kernels that change along x."""
    stamps = [profile_of_width(fwhm).at(0, 0) for fwhm in (2.5, 3.0, 4.0)]
    kernels = np.array([matching_kernel(stamp, stamps[2]) for stamp in stamps[:2]])
    return Nodes(np.array([20.0, 80.0]), np.array([45.0]), kernels[None])


def test_a_constant_stays_beside_gaps_and_edges():
    image, error, mask = planes()
    image[30:34, 50:53] = np.nan
    mask[30:34, 50:53] = bit_value("BAD")
    made = match_planes(image, error, mask, two_nodes(), 0.1)
    valid = made.mask == 0
    assert valid.sum() > 5000
    assert made.image[valid] == pytest.approx(5, abs=1e-5)
    assert np.isnan(made.image[made.mask != 0]).all()
    # the variance is averaged: its sum stays
    inner = np.s_[40:70, 30:70]
    assert np.sum(made.error[inner] ** 2) == pytest.approx(np.sum(error[inner] ** 2), rel=0.02)


def test_masks_grow_where_the_kernel_takes_their_light():
    image, error, mask = planes()
    image[:] = 0
    error[:] = 1
    image[45, 30], mask[45, 30] = 1e5, bit_value("SATURATED")
    mask[20, 70] = bit_value("INTERPOLATED")
    made = match_planes(image, error, mask, two_nodes(), 0.1)
    saturated = (made.mask & bit_value("SATURATED")) != 0
    assert abs(made.image[(made.mask == 0)]).max() < 1
    assert saturated[45, 30]
    assert 9 < saturated.sum() < 2000
    interpolated = (made.mask & bit_value("INTERPOLATED")) != 0
    assert interpolated[20, 70]
    assert 5 <= interpolated.sum() < 60
    assert (made.mask[:3] & bit_value("EDGE")).all()


def test_real_stars(real, tmp_path):
    """A part of Stripe 82 in g and r, whose seeing differs by a fifth."""
    images, errors, headers = {}, {}, {}
    folder = real / "sas/dr17/eboss/photoObj/frames/301/2820/3"
    for band in "gr":
        packed = next(folder.glob(f"frame-{band}-*-0122.fits.bz2"))
        path = tmp_path / f"{band}.fits"
        with bz2.open(packed) as source, open(path, "wb") as target:
            shutil.copyfileobj(source, target)
        error, _ = frame_errors(str(path), parse_field("2820-3-122"), band)
        with fits.open(path) as hdus:
            cut = np.s_[100:1300, 100:1300]
            images[band], errors[band] = hdus[0].data[cut], error[cut]
            wcs = celestial_wcs(hdus[0].header)
        wcs.wcs.crpix = wcs.wcs.crpix - 100
        headers[band] = wcs_cards(wcs)
    arguments = write_field(tmp_path, images, errors, headers, ["r", "g"])
    match_field(**arguments)
    with fits.open(arguments["registered"][0]) as hdus:
        ratio = np.nan_to_num(hdus["SCI"].data / hdus["ERR"].data)
        wcs = celestial_wcs(hdus["SCI"].header)
    y, x = np.nonzero((ratio == ndimage.maximum_filter(ratio, 21)) & (ratio > 25))
    sky = wcs.all_pix2world(x, y, 0)
    core, inner, wide = star_sums(arguments["registered"][0], sky, (1.5, 2.5, 4.5))
    stars = core / wide > np.nanpercentile(core / wide, 60)
    sky = tuple(axis[stars] for axis in sky)
    assert abs(gradients(arguments["registered"], sky)[0]) > 0.3
    assert abs(gradients(arguments["matched"], sky)[0]) < 0.05


def test_bands_of_another_survey_with_given_psfs(strangers, tmp_path):
    """DECam cut-outs of 41 x 51 pixels with PSFEx models in tables; the seeing differs by 1.6."""
    folder = strangers / "frames"
    bands = ["r", "g", "z"]
    rows = {
        band: GivenFrame(
            **dict.fromkeys(GivenFrame._fields)
            | {"field": "decam", "band": band, "image": str(folder / f"decam_{band}_ooi.fits")}
            | {"weight": str(folder / f"decam_{band}_oow.fits")}
        )
        for band in bands
    }
    given = {band: read_band(row) for band, row in rows.items()}
    arguments = write_field(
        tmp_path,
        {band: one.image for band, one in given.items()},
        {band: one.error for band, one in given.items()},
        {band: frame_header(one, band) for band, one in given.items()},
        bands,
    )
    arguments["psf_files"] = {band: str(folder / f"decam_{band}_psfex.fits") for band in bands}
    match_field(**arguments)
    headers = [fits.getheader(path, "SCI") for path in arguments["matched"]]
    assert {header["PSFFROM"] for header in headers} == {"given"}
    widths = [header["FWHMIN"] for header in headers]
    assert max(widths) / min(widths) > 1.4
    assert max(header["PSFRESID"] for header in headers) < 0.01


def test_the_psf_of_the_survey(real):
    folder = real / "sas/dr17/eboss/photo/redux/301/4192/objcs/4"
    path = str(folder / "psField-004192-4-0300.fit")
    origin, model = frame_psf(None, path, "r", (1489, 2048))
    assert origin == "psField"
    assert 2 < model.fwhm < 5
    assert frame_psf(None, path, "HSC-r", (1489, 2048)) == ("", None)
    assert frame_psf(None, None, "r", (1489, 2048)) == ("", None)
