import io
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from conftest import ROOT
from redpix.core import field_name
from redpix.core.exceptions import InputError
from redpix.demo import (
    camera,
    dust,
    fields,
    population,
    positions,
    scene,
    sdss_files,
    write_field,
    write_sky,
)
from redpix.demo import truth as demo_truth
from redpix.image.masks import BITS
from redpix.sdss import error_map, frames
from redpix.sdss.magnitudes import pogson_magnitude
from redpix.simulation import seds

FIRST, BESIDE, APART, AGAIN = fields.FIELDS
BANDS = population.BANDS

# RADECSYS, as real frames have it
pytestmark = pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")


@pytest.fixture(scope="module")
def truth():
    return demo_truth.draw_truth(1, 400, 150, 40)


@pytest.fixture(scope="module")
def galaxies():
    return population.draw_galaxies(np.random.default_rng(2), 6000, seds.build_grid())


def pixels(table, field, band):
    return camera.band_wcs(field, band).all_world2pix(table["ra"], table["dec"], 0)


def depth(table, field, band):
    x, y = pixels(table, field, band)
    ny, nx = fields.SHAPE
    return np.min([x + 0.5, nx - 0.5 - x, y + 0.5, ny - 0.5 - y], axis=0)


def blank(field, band, shape=(600, 500), seed=5):
    return camera.expose(np.random.default_rng(seed), np.zeros(shape), field, band)


def good(exposure):
    return ~(exposure.saturated | exposure.cosmic_rays)


def sky_of(exposure):
    return error_map.sky_image(exposure.allsky, exposure.xinterp, exposure.yinterp)


# ---- fields


def test_names_are_those_of_fields():
    names = [field.name for field in fields.FIELDS]
    assert [str(field_name.parse_field(name)) for name in names] == names
    assert len(set(names)) == len(names)
    assert min(field.run for field in fields.FIELDS) > 9000
    assert fields.find("9001-3-100") is FIRST


def test_rules_can_read_the_fields_cheaply():
    code = (
        "import sys; from redpix.demo import fields; "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'astropy', 'galsim')))"
    )
    scripts = ROOT / "scripts"
    subprocess.run([sys.executable, "-c", code], cwd=scripts, check=True)


def test_two_overlap_and_one_lies_apart():
    ny, nx = fields.SHAPE
    y, x = np.mgrid[0:ny:50, 0:nx:50]
    sky = camera.band_wcs(FIRST, "r").all_pix2world(x.ravel(), y.ravel(), 0)
    sky = pd.DataFrame(dict(zip(("ra", "dec"), sky, strict=True)))
    assert 0.05 < np.mean(depth(sky, BESIDE, "r") >= 0) < 0.3
    for field in (FIRST, BESIDE):
        outline = camera.band_wcs(field, "r").calc_footprint(axes=(nx, ny))
        outline = pd.DataFrame(outline, columns=["ra", "dec"])
        assert (depth(outline, APART, "r") < -200).all()
        assert outline["ra"].between(180, 181).all()
        assert outline["dec"].between(45, 46).all()


def test_second_epoch_is_shifted_and_turned():
    centre = pd.DataFrame({"ra": [FIRST.ra], "dec": [FIRST.dec]})
    x, y = pixels(centre, FIRST, "r")
    x_again, y_again = pixels(centre, AGAIN, "r")
    assert x_again[0] - x[0] == pytest.approx(-24, abs=2)
    assert y_again[0] - y[0] == pytest.approx(-172, abs=2)
    assert 0.1 < abs(AGAIN.angle - FIRST.angle) < 1
    assert AGAIN.epoch == 2


@pytest.mark.parametrize("band", "ugiz")
def test_bands_are_offset_and_turned_a_little(band):
    place = pd.DataFrame({"ra": [FIRST.ra, FIRST.ra + 0.05], "dec": [FIRST.dec, FIRST.dec]})
    x_r, y_r = pixels(place, FIRST, "r")
    x, y = pixels(place, FIRST, band)
    assert (x[0] - x_r[0], y[0] - y_r[0]) == pytest.approx(fields.BAND_OFFSET[band], abs=0.01)
    directions = np.arctan2(np.diff([y_r, y]), np.diff([x_r, x]))[:, 0]
    turned = np.rad2deg(directions[1] - directions[0]) * 3600
    assert abs(turned) == pytest.approx(abs(fields.BAND_ROTATION[band]), abs=2)


# ---- population


def test_redshift_grows_with_magnitude(galaxies):
    r = pogson_magnitude(galaxies["flux_r"])
    medians = [
        np.median(galaxies["redshift"][(r > low) & (r < high)])
        for low, high in ((16.9, 17.9), (19.7, 20.3), (21.5, 22.0))
    ]
    assert medians == pytest.approx([0.12, 0.28, 0.43], abs=0.04)


def test_counts_rise_like_the_surveys(galaxies):
    r = pogson_magnitude(galaxies["flux_r"])
    assert r.min() >= 15
    assert r.max() <= 22
    assert np.mean(r < 20) == pytest.approx(population.BRIGHT_SHARE, abs=1e-3)
    for low, high in ((17, 20), (20, 22)):
        counts, edges = np.histogram(r, np.arange(low, high + 0.1, 0.5))
        slope = np.polyfit(edges[:-1], np.log10(counts), 1)[0]
        assert 0.25 < slope < 0.65


@pytest.mark.parametrize("redshift", [(0.05, 0.1), (0.1, 0.15), (0.15, 0.25)])
def test_colours_against_the_survey(galaxies, real, redshift):
    survey = pd.read_csv(real / "galaxies/sdss_galaxies.csv")
    observed = {
        band: pogson_magnitude(survey[f"modelflux_{band}"].clip(lower=1e-3))
        - survey[f"extinction_{band}"]
        for band in BANDS
    }
    drawn = {band: pogson_magnitude(galaxies[f"flux_{band}"]) for band in BANDS}
    seen = survey["redshift"].between(*redshift)
    ours = galaxies["redshift"].between(*redshift) & (drawn["r"] < 18.5)
    # u - g: the template of an old population is 0.2 mag bluer than early-type galaxies are
    for blue, red, tolerance in (
        ("u", "g", 0.3),
        ("g", "r", 0.1),
        ("r", "i", 0.06),
        ("i", "z", 0.06),
    ):
        median = np.median((observed[blue] - observed[red])[seen])
        found = (drawn[blue] - drawn[red])[ours]
        assert np.median(found) == pytest.approx(median, abs=tolerance)
        low, high = np.percentile((observed[blue] - observed[red])[seen], [0.5, 99.5])
        assert np.mean((found > low - 0.05) & (found < high + 0.05)) > 0.97


def test_red_and_blue(galaxies):
    near = galaxies["redshift"].between(0.05, 0.12)
    u_r = -2.5 * np.log10(galaxies["flux_u"] / galaxies["flux_r"])[near]
    counts, _ = np.histogram(u_r, [1.2, 2.0, 2.35, 2.5, 2.8])
    assert counts[3] > 2 * counts[2]
    assert counts[0] > 0.5 * counts[3]


def test_bulges_are_redder(galaxies):
    disk = {b: galaxies[f"flux_{b}"] - galaxies[f"bulge_flux_{b}"] for b in "gr"}
    bulge = {b: galaxies[f"bulge_flux_{b}"] for b in "gr"}
    assert np.mean(bulge["g"] / bulge["r"] < disk["g"] / disk["r"]) > 0.6
    share = galaxies["bulge_flux_r"] / galaxies["flux_r"]
    assert galaxies["bulge_fraction"].to_numpy() == pytest.approx(share.to_numpy(), abs=1e-9)
    assert (disk["r"] > 0).all()


def test_a_profile_is_not_a_label_of_the_population(galaxies):
    # bulges of red galaxies have types below 0.2
    red = galaxies["bulge_sed"] < 0.2
    share = galaxies["bulge_fraction"]
    assert np.percentile(share[red], 5) < np.percentile(share[~red], 90)
    ratio = np.log(galaxies["bulge_radius"] / galaxies["disk_radius"])
    assert ratio[red].std() > 0.3
    assert ratio[~red].std() > 0.3


def test_sizes_of_shen_et_al():
    rng = np.random.default_rng(1)
    for early, magnitude, expected in (
        (True, -22.0, 10 ** (0.24 * 22 - 4.63)),
        # at the knee: R = 10^-1.31 L^0.21 2^0.32
        (False, -20.52, 10 ** (0.084 * 20.52 - 1.31) * 2**0.32),
    ):
        sizes = population.half_light_radius(rng, np.full(20000, magnitude), np.full(20000, early))
        assert np.median(sizes) == pytest.approx(expected, rel=0.02)
    assert np.std(np.log(sizes)) == pytest.approx((0.48 + 0.25) / 2, rel=0.03)


def test_stars_follow_the_main_sequence():
    """Yuan et al. (2015, ApJ 799, 134): g-r and i-z at [Fe/H] = -0.5 as a function of g-i."""
    stars = population.draw_stars(np.random.default_rng(3), 4000)
    m = {band: pogson_magnitude(stars[f"flux_{band}"]) for band in BANDS}
    x, y = m["g"] - m["i"], -0.5
    warm = (x > 0.35) & (x < 1.5)
    g_r = 0.0596 + 0.0348 * y + 0.0239 * y**2 + 0.0044 * y**3 + 0.607 * x + 0.0261 * x * y
    g_r += -0.0044 * x * y**2 + 0.1532 * x**2 - 0.0136 * y * x**2 - 0.0613 * x**3
    i_z = -0.106 - 0.0357 * y - 0.0123 * y**2 - 0.0017 * y**3 + 0.2543 * x - 0.001 * x * y
    i_z += -0.005 * x * y**2 - 0.0381 * x**2 - 0.0071 * y * x**2 + 0.003 * x**3
    assert np.abs(np.median((m["g"] - m["r"] - g_r)[warm])) < 0.03
    assert np.abs(np.median((m["i"] - m["z"] - i_z)[warm])) < 0.03
    assert m["r"].min() < 13.5
    assert m["r"].max() == pytest.approx(21.5, abs=0.05)


# ---- truth


def test_table(truth):
    assert list(truth.columns) == demo_truth.COLUMNS
    assert truth["id"].is_unique
    assert truth["id"].dtype == np.int64
    assert set(truth["kind"]) == {"galaxy", "star", "transient"}
    assert (truth.loc[truth["kind"] == "star", "redshift"] == 0).all()
    assert truth.loc[truth["kind"] == "transient", "redshift"].isna().all()
    assert truth.loc[truth["kind"] == "galaxy", "redshift"].between(0.01, 1).all()
    for band in BANDS:
        expected = 22.5 - 2.5 * np.log10(truth[f"flux_{band}"])
        assert truth[band].to_numpy() == pytest.approx(expected.to_numpy(), abs=2e-6)


def test_numbers_a_field(truth):
    for field in (FIRST, BESIDE, APART):
        inside = truth[(depth(truth, field, "r") >= 0) & (truth["epoch"] == 0)]
        assert (inside["kind"] == "galaxy").sum() == pytest.approx(400, rel=0.15)
        assert (inside["kind"] == "star").sum() == pytest.approx(150, rel=0.25)
        assert ((inside["kind"] == "galaxy") & (inside["r"] < 20)).sum() >= 120
    assert (truth["kind"] == "transient").sum() == 40


def test_home_fields(truth):
    position = SkyCoord(truth["ra"], truth["dec"], unit="deg")
    centres = [SkyCoord(f.ra, f.dec, unit="deg") for f in fields.FIELDS]
    holds = np.array([depth(truth, field, "r") >= 0 for field in fields.FIELDS])
    distance = np.array([position.separation(centre).deg for centre in centres])
    names = [field.name for field in fields.FIELDS]
    home = truth["run"].astype(str) + "-" + truth["camcol"].astype(str)
    home += "-" + truth["field"].astype(str)
    for k, row in enumerate(truth.itertuples()):
        first = [n for n in range(3) if holds[n, k]]
        best = min(first, key=lambda n: distance[n, k]) if first and row.epoch == 0 else 3
        assert holds[best, k]
        assert home[k] == names[best]


def test_catalogue_is_what_a_spectrograph_takes(truth):
    known = truth[truth["catalogued"]]
    assert set(known["run"]) == {9001, 9002}
    assert (known["class"] != "").all()
    unreddened = truth["r"] - truth["extinction_r"]
    assert unreddened[truth["catalogued"]].max() < 20
    missed = ~truth["catalogued"] & (truth["run"] != AGAIN.run)
    assert not (missed & (truth["kind"] == "galaxy") & (unreddened < 20)).any()


def test_bright_sources_keep_apart(truth):
    still = truth[truth["epoch"] == 0]
    position = SkyCoord(still["ra"], still["dec"], unit="deg")
    r, galaxy = still["r"].to_numpy(), (still["kind"] == "galaxy").to_numpy()
    size = positions.extent(still)
    for k in np.flatnonzero(r < 21):
        gap = position[k].separation(position).arcsec
        gap[k] = np.inf
        bound = (r[k] < 19.5) & (r < 19.5)
        bound |= (galaxy[k] & (r[k] < 20)) & (r < 21)
        assert (gap[bound] >= np.maximum(8.0, size[k] + size[bound]) - 0.01).all()
    _, gap, _ = position.match_to_catalog_sky(position, nthneighbor=2)
    assert gap.arcsec.min() > 1e-3


def test_bright_galaxies_keep_clear_of_every_edge(truth):
    bright = truth[(truth["kind"] == "galaxy") & (truth["r"] < 20)]
    for field in fields.FIELDS:
        for band in BANDS:
            assert np.abs(depth(bright, field, band)).min() >= 39.9


def test_transients(truth):
    changing = truth[truth["epoch"] == 2]
    assert (changing["kind"] == "transient").all()
    assert changing["r"].between(17.9, 22.6).all()
    assert (depth(changing, FIRST, "r") > 10).all()
    assert (depth(changing, AGAIN, "r") > 10).all()
    on_galaxy = changing[changing["host"].notna()]
    assert 8 < len(on_galaxy) < 32
    hosts = truth.set_index("id").loc[on_galaxy["host"].astype(int)]
    gap = SkyCoord(on_galaxy["ra"], on_galaxy["dec"], unit="deg").separation(
        SkyCoord(hosts["ra"], hosts["dec"], unit="deg")
    )
    largest = hosts[["bulge_radius", "disk_radius"]].max(axis=1).to_numpy()
    assert (gap.arcsec < 3 * largest).all()
    assert (gap.arcsec < 0.01).sum() >= 3
    assert (gap.arcsec > 0.1).sum() >= 3
    alone = changing[changing["host"].isna()]
    bright = truth[(truth["epoch"] == 0) & (truth["r"] < 21)]
    _, gap, _ = SkyCoord(alone["ra"], alone["dec"], unit="deg").match_to_catalog_sky(
        SkyCoord(bright["ra"], bright["dec"], unit="deg")
    )
    assert gap.arcsec.min() >= 3.99


def test_seed_decides(truth):
    pd.testing.assert_frame_equal(truth, demo_truth.draw_truth(1, 400, 150, 40))
    other = demo_truth.draw_truth(2, 40, 10, 3)
    assert not other["ra"].isin(truth["ra"]).any()


def test_no_room(monkeypatch):
    monkeypatch.setattr(positions, "LEAST_SEPARATION", 900.0)
    with pytest.raises(InputError, match="demo.galaxies"):
        demo_truth.draw_truth(1, 100, 10, 3)


def test_transients_find_room_among_few_sources():
    table = demo_truth.draw_truth(3, 1, 0, 60)
    assert (table["kind"] == "transient").sum() == 60


def test_no_stars_and_no_transients():
    table = demo_truth.draw_truth(3, 5, 0, 0)
    assert set(table["kind"]) == {"galaxy"}
    assert list(table.columns) == demo_truth.COLUMNS


# ---- scene


def one_star(field, x, y, flux=1000.0):
    ra, dec = camera.band_wcs(field, "r").all_pix2world([x], [y], 0)
    columns = {"ra": ra, "dec": dec, "kind": ["star"], "epoch": [0]}
    return pd.DataFrame(columns | {f"flux_{band}": [flux] for band in BANDS})


@pytest.mark.parametrize("band", "gz")
@pytest.mark.parametrize("place", [(1024.3, 744.8), (60.2, 1420.7), (1990.0, 50.0)])
def test_sources_land_where_the_header_says(band, place):
    table = one_star(AGAIN, *place)
    image = scene.render(table, AGAIN, band)
    header = sdss_files.frame_hdus(blank(AGAIN, band, (8, 8)), AGAIN, band)[0].header
    rows, columns = np.indices(image.shape)
    x, y = np.sum(image * columns) / image.sum(), np.sum(image * rows) / image.sum()
    wcs = WCS(fits.Header.fromstring(header.tostring()))
    found = SkyCoord(*wcs.all_pix2world(x + 1, y + 1, 1), unit="deg")
    expected = SkyCoord(table["ra"][0], table["dec"][0], unit="deg")
    assert found.separation(expected).mas < 1
    assert image.sum() == pytest.approx(1000, rel=1e-3)


def test_light_of_a_galaxy(truth):
    table = truth[(truth["kind"] == "galaxy") & (truth["r"] < 18)].head(1)
    field = fields.find("-".join(str(table[key].iloc[0]) for key in ("run", "camcol", "field")))
    for band in "gi":
        image = scene.render(table, field, band)
        assert image.sum() == pytest.approx(table[f"flux_{band}"].iloc[0], rel=1e-3)


def test_transients_shine_in_the_second_epoch_alone():
    table = one_star(AGAIN, 1000.0, 700.0).assign(kind="transient", epoch=2)
    assert not scene.render(table, FIRST, "r").any()
    assert scene.render(table, AGAIN, "r").sum() == pytest.approx(1000, rel=1e-3)


# ---- camera


@pytest.mark.parametrize("field", [FIRST, BESIDE, APART, AGAIN], ids=lambda field: field.name)
@pytest.mark.parametrize("band", BANDS)
def test_noise_of_blank_sky(field, band):
    exposure = blank(field, band)
    sky = sky_of(exposure)
    gain = error_map.gain(field.camcol, band, field.run)
    dark_variance = error_map.dark_variance(field.camcol, band, field.run)
    sigma = np.sqrt(sky / gain + dark_variance) * exposure.calibration
    pulls = (exposure.image / sigma)[good(exposure)]
    assert pulls.std() == pytest.approx(1, abs=0.01)
    assert pulls.mean() == pytest.approx(0, abs=0.01)
    assert camera.sky_noise(field, band) == pytest.approx(np.median(sigma), rel=0.02)
    # the error map follows the noisy counts: for few counts the pulls are 2 % larger
    per_pixel = error_map.error_map(exposure.image, exposure.calibration, sky, gain, dark_variance)
    pulls = (exposure.image / per_pixel)[good(exposure)]
    assert pulls.std() == pytest.approx(1, abs=0.02 + 0.004)


def test_noise_of_bright_light():
    rng = np.random.default_rng(4)
    mean, gain, dark_variance = np.repeat([50.0, 3000.0], 100_000), 4.0, 2.5
    counts = camera.read_out(rng, mean, gain, dark_variance).reshape(2, -1)
    assert (counts == np.rint(counts)).all()
    assert counts.mean(axis=1) == pytest.approx([50, 3000], rel=2e-3)
    assert counts.var(axis=1) == pytest.approx([50 / 4 + 2.5, 3000 / 4 + 2.5], rel=0.02)


@pytest.mark.parametrize("band", BANDS)
def test_counts_are_whole_numbers(band):
    exposure = blank(BESIDE, band, (300, 400))
    sky = sky_of(exposure)
    counts = error_map.counts(exposure.image.astype(float), exposure.calibration, sky)
    near_sky = np.abs(counts - sky) < 30
    assert near_sky.mean() > 0.99
    rest = (counts - np.rint(counts))[near_sky]
    assert np.sqrt(np.mean(rest**2)) < 0.0035


def test_axes_of_the_sky_table_are_those_of_real_frames(real):
    path = real / "sas" / frames.frame_path("dr17", field_name.Field(2820, 3, 122), "r")
    table = fits.getdata(path, 2)
    xinterp, yinterp = camera.interpolation_axes(fields.SHAPE)
    assert (xinterp == table["XINTERP"][0]).all()
    assert (yinterp == table["YINTERP"][0]).all()


def test_sky_has_structure():
    exposure = blank(FIRST, "i", (40, 40))
    assert exposure.allsky.shape == (192, 256)
    assert exposure.allsky.dtype == np.float32
    assert 0.5 < np.ptp(exposure.allsky) < 2
    # the quadrants differ, so that a transposed table is noticed
    assert np.ptp(exposure.allsky.mean(axis=0)) > 0.2
    assert np.ptp(exposure.allsky.mean(axis=1)) > 0.2


def test_saturated_cores_are_interpolated():
    flux = np.zeros((200, 200))
    flux[100:103, 80:84] = 500.0  # 1e5 DN
    exposure = camera.expose(np.random.default_rng(1), flux, FIRST, "r")
    assert exposure.saturated[100:103, 80:84].all()
    # grown by one column and two rows
    assert exposure.saturated.sum() == (3 + 4) * (4 + 2)
    counts = exposure.image / exposure.calibration
    assert counts.max() < 1000


def test_interpolation_along_rows():
    rng = np.random.default_rng(2)
    counts = np.rint(rng.normal(100, 5, (30, 40)))
    bad = rng.random((30, 40)) < 0.3
    repaired = camera.interpolate_rows(counts, bad)
    for y in range(30):
        for x in range(40):
            if not bad[y, x]:
                assert repaired[y, x] == counts[y, x]
                continue
            left = next((k for k in range(x, -1, -1) if not bad[y, k]), None)
            right = next((k for k in range(x, 40) if not bad[y, k]), None)
            if left is None or right is None:
                expected = counts[y, right if left is None else left]
            else:
                slope = (counts[y, right] - counts[y, left]) / (right - left)
                expected = counts[y, left] + slope * (x - left)
            assert abs(repaired[y, x] - expected) <= 0.5 + 1e-9


def test_cosmic_rays():
    exposure = blank(FIRST, "r", (1000, 800))  # 16 expected
    assert 16 < exposure.cosmic_rays.sum() < 160
    # interpolated pixels do not stand out
    assert np.abs(exposure.image).max() < 8 * camera.sky_noise(FIRST, "r")


def test_shortened_numbers():
    values = np.random.default_rng(3).normal(0, 50, 10000).astype(np.float32)
    short = camera.shorten(values)
    assert np.abs(short / values - 1).max() <= 2**-10
    assert np.mean(short / values - 1) == pytest.approx(0, abs=3e-5)
    assert (short.view(np.uint32) & 0x3FFF == 0).all()
    assert (camera.shorten(short) == short).all()
    assert camera.shorten(np.zeros(3, np.float32)).tolist() == [0, 0, 0]


def test_frames_of_one_seed_are_alike():
    one, two, other = (blank(FIRST, "g", (50, 60), seed) for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(one, two, strict=True))
    assert (one.image != other.image).any()


# ---- files


@pytest.fixture(scope="module")
def exposure():
    table = pd.concat([one_star(FIRST, 700.4, 900.1, 5000.0), one_star(FIRST, 100, 100, 9.0)])
    flux = scene.render(table, FIRST, "r")
    return camera.expose(np.random.default_rng(1), flux, FIRST, "r")


def reopened(hdus):
    buffer = io.BytesIO()
    hdus.writeto(buffer)
    return fits.open(io.BytesIO(buffer.getvalue()))


def test_frame_file(exposure):
    hdus = reopened(sdss_files.frame_hdus(exposure, FIRST, "r"))
    frames.check_frame(hdus, field_name.parse_field(FIRST.name), "r")
    header = hdus[0].header
    assert header["EXPTIME"] == "53.907456"
    assert header["RADECSYS"] == "ICRS"
    assert header["BUNIT"] == "nanomaggy"
    assert "FIELD" not in header
    assert header["DATE-OBS"] == "2004-03-19"
    assert header["TAI"] == pytest.approx(FIRST.mjd * 86400, abs=0.01)
    assert hdus[0].data.dtype == ">f4"
    assert (hdus[0].data == exposure.image).all()
    assert (hdus[1].data == exposure.calibration).all()
    assert header["NMGY"] == pytest.approx(exposure.calibration.mean(), rel=1e-5)
    assert (hdus[2].data["ALLSKY"][0] == exposure.allsky).all()
    assert (hdus[2].data["XINTERP"][0] == exposure.xinterp).all()
    assert (hdus[2].data["YINTERP"][0] == exposure.yinterp).all()


def test_frame_has_the_layout_of_a_real_one(exposure, real):
    path = real / "sas" / frames.frame_path("dr17", field_name.Field(2820, 3, 122), "r")
    ours = reopened(sdss_files.frame_hdus(exposure, FIRST, "r"))
    with fits.open(path) as theirs:
        for a, b in zip(ours, theirs, strict=True):
            assert a.header.get("NAXIS1") == b.header.get("NAXIS1")
            assert a.header.get("BITPIX") == b.header.get("BITPIX")
        for k in (2, 3):
            assert ours[k].columns.names == theirs[k].columns.names
            assert ours[k].data.dtype == theirs[k].data.dtype
        for key in ("CRPIX1", "CRPIX2", "CTYPE1", "CTYPE2", "CUNIT1", "TIMESYS", "CCDMODE"):
            assert ours[0].header[key] == theirs[0].header[key]


def test_as_trans_agrees_with_the_wcs(exposure):
    hdus = reopened(sdss_files.frame_hdus(exposure, FIRST, "r"))
    t = hdus[3].data[0]
    rows, columns = np.array([0.0, 0.0, 1488.0, 700.0]), np.array([0.0, 2047.0, 2047.0, 900.0])
    mu, nu = (
        np.deg2rad(t[a] + t[b] * (rows + 0.5) + t[c] * (columns + 0.5))
        for a, b, c in ("ABC", "DEF")
    )
    node, inclination = np.deg2rad(t["NODE"]), np.deg2rad(t["INCL"])
    x, y = np.cos(nu) * np.cos(mu - node), np.cos(nu) * np.sin(mu - node)
    z = np.sin(nu)
    y, z = (
        y * np.cos(inclination) - z * np.sin(inclination),
        (y * np.sin(inclination) + z * np.cos(inclination)),
    )
    ra, dec = np.rad2deg(np.arctan2(y, x) + node), np.rad2deg(np.arcsin(z))
    expected = WCS(hdus[0].header).all_pix2world(columns, rows, 0)
    gap = SkyCoord(ra, dec, unit="deg").separation(SkyCoord(*expected, unit="deg"))
    assert gap.arcsec.max() < 0.02


def test_mask_file(exposure):
    spans = frames.mask_spans(reopened(sdss_files.mask_hdus(exposure, FIRST, "r")))
    bit, y, x = frames.masked_pixels(spans)
    for name, expected in (
        ("SATURATED", exposure.saturated),
        ("COSMIC_RAY", exposure.cosmic_rays),
        ("INTERPOLATED", exposure.saturated | exposure.cosmic_rays),
    ):
        found = np.zeros(fields.SHAPE, dtype=bool)
        found[y[bit == BITS[name]], x[bit == BITS[name]]] = True
        assert expected.any()
        assert (found == expected).all()


def test_mask_objects(exposure):
    hdus = reopened(sdss_files.mask_hdus(exposure, FIRST, "r"))
    assert len(hdus) == 12
    row = hdus[2].data[0]  # SATUR
    y, x = np.nonzero(exposure.saturated)
    assert (row["rmin"], row["rmax"], row["cmin"], row["cmax"]) == (
        *(y.min(), y.max()),
        *(x.min(), x.max()),
    )
    assert row["npix"] == len(x)
    assert hdus[-1].data["attributeName"][1] == "S_MASK_SATUR"
    assert len(hdus[9].data) == 0  # GHOST


# ---- scripts


def test_scripts(tmp_path, monkeypatch):
    truth = tmp_path / "truth.csv"
    counts = {"galaxies": 4, "stars": 3, "transients": 2}
    write_sky.write_sky(truth, **counts, seed=4)
    written = truth.read_bytes()
    write_sky.write_sky(truth, **counts, seed=4)
    assert truth.read_bytes() == written

    monkeypatch.setattr(fields, "SHAPE", (300, 400))  # for speed
    made = {}
    for bands in (["z", "g"], ["g"]):
        folder = tmp_path / "".join(bands)
        write_field.write_field(
            truth,
            frames=[folder / f"frame-{band}.fits.bz2" for band in bands],
            masks=[folder / f"fpM-{band}.fit.gz" for band in bands],
            field=APART.name,
            bands=bands,
            seed=4,
        )
        made["".join(bands)] = {p.name: p.read_bytes() for p in sorted(folder.iterdir())}
    # a band does not depend on those made before it, byte for byte
    assert made["g"].items() <= made["zg"].items()
    assert len(made["zg"]) == 4
    with fits.open(tmp_path / "g/frame-g.fits.bz2") as hdus:
        assert (len(hdus), hdus[0].shape, hdus[0].header["FILTER"]) == (4, (300, 400), "g")
    with fits.open(tmp_path / "g/fpM-g.fit.gz") as hdus:
        assert len(frames.mask_spans(hdus)) > 0


# ---- dust


def test_dust_takes_the_flux_of_its_law_and_differs_between_fields(truth):
    """Coefficients of Schlafly & Finkbeiner (2011), table 6, R_V = 3.1."""
    expected = {"u": 4.239, "g": 3.303, "r": 2.285, "i": 1.698, "z": 1.263}
    for band, ratio in expected.items():
        assert truth[f"extinction_{band}"].to_numpy() == pytest.approx(
            ratio * truth["ebv"].to_numpy(), abs=3e-6
        )
    middle = truth.groupby(["run", "camcol"])["ebv"].median()
    assert middle[9001, 3] < 0.03 < middle[9002, 4] < 0.06 < middle[9001, 2] < 0.1
    rows = pd.DataFrame({"kind": ["galaxy", "star", "transient"], "ra": 180.5, "dec": 45.5})
    rows = rows.assign(flux_u=10.0, bulge_flux_u=4.0)
    behind = dust.behind_dust(rows, "u")
    dimmed = 10 ** (-0.4 * 4.239 * 0.06)
    assert behind["flux_u"].to_numpy() == pytest.approx([10 * dimmed, 10 * dimmed, 10])
    assert behind["bulge_flux_u"][0] == pytest.approx(4 * dimmed)
