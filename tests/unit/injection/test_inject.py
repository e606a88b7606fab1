import bz2
import gzip
import io

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from flux_fit import pulls
from redpix.core.exceptions import InputError
from redpix.core.field_name import Field
from redpix.image.masks import BITS
from redpix.image.wcs import frame_wcs
from redpix.injection import inject, placement, sources
from redpix.io.tables import read_table
from redpix.psf import moffat
from redpix.psf.psf_file import read_psf, write_psfs
from redpix.psf.psf_model import PsfModel
from redpix.sdss import psfield
from redpix.sdss.camera import FULL_WELL
from redpix.sdss.error_map import dark_variance, gain, sky_image
from redpix.sdss.frames import frame_path, mask_spans, masked_pixels
from redpix.sdss.mask_table import survey_mask
from table_contents import FORMS, forms_of

SCALE = 0.396
GALAXY = {
    **{"kind": "galaxy", "bulge_fraction": 0.6, "bulge_radius": 0.8, "disk_radius": 1.5},
    **{"sersic": 4.0, "axis_ratio": 0.5, "position_angle": 30.0},
}


def turned_wcs(shape=(300, 400), angle=33.0):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crpix = [shape[1] / 2, shape[0] / 2]
    wcs.wcs.crval = [150.0, 2.0]
    sin, cos = np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))
    wcs.wcs.cd = np.array([[sin, cos], [cos, -sin]]) * SCALE / 3600
    return wcs


def moffat_model(fwhm=3.3):
    return PsfModel(moffat.moffat_stamp(fwhm)[None], 0, (0.0, 0.0), (1.0, 1.0), fwhm, 0)


def at(wcs, places, **columns):
    """Return sources at pixel positions."""
    ra, dec = wcs.all_pix2world(np.array(places, float), 0).T
    return pd.DataFrame({"ra": ra, "dec": dec, **columns})


@pytest.mark.parametrize("sersic", [1.0, 2.5, 4.0])
@pytest.mark.parametrize("radius", [0.3, 2.0])
def test_all_of_the_flux_and_at_the_place(sersic, radius):
    wcs, shape = turned_wcs(), (300, 400)
    shaped = GALAXY | {"sersic": sersic, "bulge_radius": radius, "disk_radius": 1.6 * radius}
    table = at(wcs, [(180.3, 140.8)], flux_r=[50.0], **shaped)
    light = inject.expected_light(table, "r", moffat_model(), wcs, shape)
    assert light.sum() == pytest.approx(50.0, rel=1e-3)
    rows, columns = np.indices(shape)
    assert np.sum(light * columns) / light.sum() == pytest.approx(180.3, abs=5e-3)
    assert np.sum(light * rows) / light.sum() == pytest.approx(140.8, abs=5e-3)


def test_a_point_is_the_psf_itself():
    wcs = turned_wcs()
    model = moffat_model()
    table = at(wcs, [(200, 150)], kind="star", flux_r=[7.0])
    light = inject.expected_light(table, "r", model, wcs, (300, 400))
    assert light[125:176, 175:226] == pytest.approx(7 * model.at(200, 150), abs=1e-9)
    assert light.sum() == pytest.approx(7.0, rel=1e-6)


def test_photons_of_their_own():
    rng = np.random.default_rng(3)
    calibration = np.linspace(0.004, 0.006, 400)
    light = np.full((500, 400), 0.08)
    light[:250] = 2.0
    before = np.full(light.shape, 0.01, np.float32)
    after = inject.inject(rng, before, light, calibration, 4.7)
    added = after - before
    for part, flux in ((added[:250], 2.0), (added[250:], 0.08)):
        assert part.mean() == pytest.approx(flux, rel=1e-3)
        # electrons are flux / calibration * gain; their variance is equal
        expected = flux * calibration / 4.7
        assert part.var(axis=0) / expected == pytest.approx(1, abs=0.45)
        assert (part.var(axis=0) / expected).mean() == pytest.approx(1, abs=0.02)
    # whole electrons
    electrons = added / calibration * 4.7
    assert np.abs(electrons - np.rint(electrons)).max() < 2e-3
    assert np.array_equal(inject.inject(rng, before, light * 0, calibration, 4.7), before)


def test_full_pixels():
    light = np.zeros((9, 9))
    light[4, 4] = 300.0
    image, saturated = inject.saturate(
        np.zeros((9, 9)) + light, light, np.full(9, 0.005), np.full((9, 9), 140.0)
    )
    assert image[4, 4] / 0.005 + 140 == pytest.approx(FULL_WELL)
    assert saturated[2:7, 3:6].all()
    assert saturated.sum() == 15
    # a saturated pixel without injected light does not change
    image, saturated = inject.saturate(light, light * 0, np.full(9, 0.005), np.zeros((9, 9)))
    assert image[4, 4] == 300
    assert not saturated.any()


def test_mask_round_trip():
    planes = {"SATUR": np.zeros((1489, 2048), bool), "GHOST": np.zeros((1489, 2048), bool)}
    planes["SATUR"][10:14, 20:23] = True
    planes["GHOST"][1488, 2047] = True
    buffer = io.BytesIO()
    survey_mask(planes, (1489, 2048), Field(94, 3, 7), "r").writeto(buffer)
    packed = gzip.compress(buffer.getvalue())
    with fits.open(io.BytesIO(gzip.decompress(packed))) as hdus:
        bit, y, x = masked_pixels(mask_spans(hdus))
    for plane, name in (("SATUR", "SATURATED"), ("GHOST", "GHOST")):
        again = np.zeros((1489, 2048), bool)
        again[y[bit == BITS[name]], x[bit == BITS[name]]] = True
        assert np.array_equal(again, planes[plane])


def psfield_hdu(rng, side=21, powers=3):
    """Return a table in the survey's format and its components."""
    rows, columns = np.indices((side, side)) - side // 2
    images = [np.exp(-(rows**2 + columns**2) / (2 * s**2)) for s in (1.4, 2.0, 3.0)]
    weights = np.zeros((3, 5, 5))
    weights[:, :powers, :powers] = rng.uniform(0.1, 1.0, (3, powers, powers))
    weights[:, 4, 4] = np.nan  # values beyond the order of the polynomial are not read
    columns = [
        fits.Column(name, "J", array=np.full(3, value))
        for name, value in (("nrow_b", powers), ("ncol_b", powers), ("RNROW", side))
    ]
    columns.append(fits.Column("RNCOL", "J", array=np.full(3, side)))
    columns.append(fits.Column("c", "25E", dim="(5,5)", array=weights.reshape(3, 25)))
    packed = np.empty(3, object)
    packed[:] = [image.ravel().astype(np.float32) for image in images]
    columns.append(fits.Column("RROWS", "PE()", array=packed))
    return fits.BinTableHDU.from_columns(columns), images, weights


def test_psfield_against_a_slow_loop(tmp_path):
    hdu, images, weights = psfield_hdu(np.random.default_rng(5))
    hdu.writeto(tmp_path / "p.fit")
    model = psfield.psfield_model(fits.getdata(tmp_path / "p.fit"), (1489, 2048))
    x, y = 1700.0, 200.0
    expected = 0
    for image, weight in zip(images, weights, strict=True):
        for i in range(3):
            for j in range(3):
                # i is the power of the row, j that of the column
                expected = expected + weight[i, j] * (1e-3 * y) ** i * (1e-3 * x) ** j * image
    middle = np.s_[6:15, 6:15]
    found = model.at(x, y)[middle]
    assert found / found.sum() == pytest.approx(expected[middle] / expected[middle].sum(), rel=2e-3)
    assert model.at(x, y).sum() == pytest.approx(1)


def test_psfs_are_read_as_written(tmp_path):
    hdu, *_ = psfield_hdu(np.random.default_rng(5))
    hdu.writeto(tmp_path / "p.fit")
    model = psfield.psfield_model(fits.getdata(tmp_path / "p.fit"), (1489, 2048))
    models, origins = {"g": moffat_model(), "r": model}, {"g": "given", "r": "x"}
    write_psfs(tmp_path / "psf.fits", models, origins, {"g": SCALE, "r": SCALE})
    again = read_psf(tmp_path / "psf.fits", "r")
    assert again.at(30, 900) == pytest.approx(model.at(30, 900), abs=1e-7)
    assert read_psf(tmp_path / "psf.fits", "g").fwhm == 3.3


def test_no_psfield(tmp_path):
    hdu = fits.BinTableHDU.from_columns([fits.Column("a", "J", array=[1, 2])])
    with pytest.raises(InputError, match="not a psField table"):
        psfield.psfield_model(hdu.data, (10, 10))


def test_places_are_blank_and_apart():
    rng = np.random.default_rng(2)
    busy = rng.random((400, 500)) < 2e-4
    radii = np.full(40, 9.0)
    places, clear = placement.place_blank(rng, radii, busy, "1-1-1")
    rows, columns = np.nonzero(busy)
    nearest = np.hypot(places[:, :1] - columns, places[:, 1:] - rows).min(axis=1)
    assert np.all(clear >= 9)
    assert np.all(nearest > clear - 1)
    gaps = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    assert gaps[~np.eye(40, dtype=bool)].min() >= 18
    assert np.all((places > 7.5) & (places < (491.5, 391.5)))
    # without sufficient room, it takes the widest position and returns its radius
    _, clear = placement.place_blank(rng, np.array([500.0]), busy, "1-1-1")
    assert 20 < clear[0] < 120
    with pytest.raises(InputError, match="field 1-1-1: no blank sky"):
        placement.place_blank(rng, radii, np.ones((50, 50), bool), "1-1-1")


def test_what_shines_is_occupied():
    rng = np.random.default_rng(4)
    wcs = turned_wcs()
    table = at(wcs, [(100, 100), (250, 200)], kind="star", flux_r=[3.0, 0.5])
    light = inject.expected_light(table, "r", moffat_model(), wcs, (300, 400))
    image = light + rng.normal(0, 0.02, light.shape)
    busy = placement.occupied(image, np.full(light.shape, 0.02), light < 0)
    assert busy[100, 100]
    assert busy[200, 250]
    assert busy.mean() < 0.02


def user_table(text, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    return read_table(tmp_path / "t.csv", "t.csv")


GOOD = "redshift,modelflux_g,flux_r,axis_ratio\n0.1,30,50,0.6\n0.3,2,-1,0.7\n"


def test_a_table_of_galaxies(tmp_path):
    rows, passed_over = sources.galaxy_table(user_table(GOOD, tmp_path))
    assert passed_over == 1
    assert rows[["redshift", "flux_g", "flux_r", "line"]].to_numpy().tolist() == [[0.1, 30, 50, 2]]
    shaped = sources.with_shapes(np.random.default_rng(1), rows, "r")
    assert shaped["axis_ratio"].item() == 0.6
    assert 0.1 < shaped["disk_radius"].item() < 20


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace("50", "nan"), r"line 2: flux_r: is missing; allowed: a finite number"),
        (GOOD.replace("50", ""), r"line 2: flux_r: is missing"),
        (GOOD.replace("0.3,2", "0,2"), r"line 3: redshift is 0; allowed: 0.0001 to 10"),
        (GOOD.replace("0.6", "1.6"), r"line 2: axis_ratio is 1.6; allowed: 0.05 to 1"),
        (GOOD.replace("redshift", "z"), "allowed: redshift and one or more"),
        (GOOD + "1,2\n", "line 4: 2 cells"),
        ("redshift,flux_r\n", "no row"),
    ],
)
def test_a_wrong_table_of_galaxies(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        sources.galaxy_table(user_table(text, tmp_path))


def test_a_table_of_points(tmp_path):
    text = "kind,g,r\nstar,20.0,22.5\ntransient,19,20\n"
    rows, _ = sources.point_table(user_table(text, tmp_path))
    assert rows["flux_r"].to_numpy() == pytest.approx([1.0, 10.0])
    assert rows["redshift"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("transient", "nova", "line 3: kind 'nova'; allowed: star, transient"),
        ("22.5", "NaN", "line 2: r: is missing"),
        ("22.5", "-9999", "line 2: r is -9999; allowed: 5 to 35"),
    ],
)
def test_a_wrong_table_of_points(tmp_path, old, new, words):
    text = "kind,g,r\nstar,20.0,22.5\ntransient,19,20\n".replace(old, new)
    with pytest.raises(InputError, match=words):
        sources.point_table(user_table(text, tmp_path))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("read", "text"),
    [
        (sources.galaxy_table, GOOD),
        (sources.point_table, "kind,g,r,ra,dec\nstar,20.0,22.5,1,2\ntransient,19,20,3,4.5\n"),
    ],
)
def test_every_format_gives_the_same_sources(tmp_path, read, text, form):
    plain, other = tmp_path / "a.csv", tmp_path / f"b.{form}"
    plain.write_text(text)
    other.write_bytes(forms_of(text)[form])
    expected, found = (read(read_table(path)).rows.drop(columns="line") for path in (plain, other))
    assert len(expected)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def exposure(path):
    with fits.open(io.BytesIO(bz2.decompress(path.read_bytes()))) as hdus:
        sky = hdus[2].data[0]
        sky = sky_image(sky["ALLSKY"], sky["XINTERP"], sky["YINTERP"])
        return hdus[0].data.astype(float), hdus[1].data.astype(float), sky, hdus[0].header


def test_pull_in_real_frames(real):
    """Fluxes of injected galaxies in two real frames differ from the truth as their errors say."""
    galaxies, _ = sources.galaxy_table(read_table(real / "galaxies/sdss_galaxies.csv"))
    all_pulls = []
    for name, band in ((Field(2820, 3, 122), "r"), (Field(4192, 4, 300), "g")):
        image, calibration, sky, header = exposure(real / "sas" / frame_path("dr17", name, band))
        rng = np.random.default_rng([1, *name])
        wcs = frame_wcs(header)
        path = real / "sas" / psfield.psfield_path("dr17", name)
        psf = moffat_model(3.0)
        if path.exists():
            with fits.open(path) as hdus:
                psf = psfield.psfield_model(hdus["ugriz".index(band) + 1].data, image.shape)
        chosen = galaxies.iloc[rng.choice(len(galaxies), 90, replace=False)]
        # ten times fainter, so that 90 galaxies fit into a frame
        chosen = sources.with_shapes(rng, chosen, band).assign(kind="galaxy")
        chosen[f"flux_{band}"] *= 0.1
        chosen[["bulge_radius", "disk_radius"]] *= 0.3
        numbers = gain(name.camcol, band, name.run), dark_variance(name.camcol, band, name.run)
        busy = placement.occupied(image, np.full(image.shape, 0.03), image < -9)
        radii = placement.needed_radius(chosen, band, 1.3) / SCALE
        places, _ = placement.place_blank(rng, radii, busy, str(name))
        chosen["ra"], chosen["dec"] = wcs.all_pix2world(*places.T, 0)
        light = inject.expected_light(chosen, band, psf, wcs, image.shape)
        bright = inject.inject(rng, image, light, calibration, numbers[0])
        frame = bright, calibration, sky, *numbers
        pull, sn = pulls(frame, image, light, chosen, band, psf, wcs)
        all_pulls.append(pull[sn > 20])
    pull = np.concatenate(all_pulls)
    assert len(pull) > 120
    assert np.std(pull) == pytest.approx(1, abs=0.1)
    assert np.mean(pull) == pytest.approx(0, abs=0.2)
