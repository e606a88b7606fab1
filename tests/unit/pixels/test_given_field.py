"""Fields of a user's table: units, errors, masks, sky and faults, against what was simulated."""

import bz2
import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from astropy.coordinates import FK4, FK5, Galactic, SkyCoord
from astropy.io import fits
from given_sky import draw, flux_of, galaxies, tilted, write_table
from redpix.config.frames_table import read_frames_table
from redpix.config.given_frame import GivenFrame
from redpix.image.wcs import celestial_wcs
from redpix.pixels.given_field import name_given, prepare_field
from redpix.pixels.register_field import register_field
from redpix.pixels.softening import write_softening
from redpix.sdss.magnitudes import SOFTENING
from redpix.sdss.mask_table import read_masked, span_mask

STRANGERS = Path(__file__).parents[4] / "shared/strangers/frames"
SHAPE = (120, 130)
CRVAL = (210.0, 5.0)

#: noise of a pixel of the Legacy field, nanomaggies
NOISE = {"g": 0.004, "r": 0.006, "z": 0.02}


def prepare(folder, rows, reference=None):
    """Prepare a field of these rows; returns its status."""
    bands = [row.band for row in rows]
    prepare_field(
        status=str(folder / "status.json"),
        masks=str(folder / "masks.fits"),
        rows={row.band: list(row) for row in rows},
        fault=None,
        bands=bands,
        reference_band=reference or bands[0],
        folder=str(folder),
        field="one",
    )
    return json.loads((folder / "status.json").read_text())


def written(folder, band):
    """Image, error and mask of a prepared band."""
    image, error = (fits.getdata(folder / f"{band}{end}") for end in (".fits", ".error.fits"))
    return image, error, span_mask(folder / "masks.fits", band, image.shape)


@pytest.fixture
def legacy(tmp_path):
    """Rows of a field as of the Legacy Surveys (g, r, z, inverse variance), and its objects."""
    header = tilted(SHAPE, 0.262, 0, CRVAL)
    objects = galaxies(3, celestial_wcs(header), SHAPE, 1)
    rows = []
    for number, (band, noise) in enumerate({"g": 0.004, "r": 0.006, "z": 0.02}.items()):
        image, sigma = draw(
            objects, flux_of(objects, number - 1), header, SHAPE, noise, 22.5, number
        )
        weight = np.full(SHAPE, sigma**-2)
        weight[:, :4] = 0
        paths = [tmp_path / f"legacy_{band}.{kind}.fits" for kind in ("image", "invvar")]
        fits.writeto(paths[0], image, header + fits.Header([("BUNIT", "nanomaggy")]))
        fits.writeto(paths[1], weight.astype(np.float32))
        rows.append(GivenFrame("one", band, str(paths[0]), weight=str(paths[1])))
    return rows, objects


def test_inverse_variances_become_errors(tmp_path, legacy):
    rows, _ = legacy
    status = prepare(tmp_path, rows)
    assert status["delivered"]
    for band, noise in NOISE.items():
        image, error, _ = written(tmp_path, band)
        assert np.isnan(error[:, :4]).all()
        assert error[:, 4:] == pytest.approx(noise, rel=1e-5)
        assert status["frames"][band]["zero_point_from"] == "BUNIT nanomaggy"
        assert "left as it is" in status["frames"][band]["sky"]
        assert np.array_equal(image, fits.getdata(tmp_path / f"legacy_{band}.image.fits"))


def test_the_registered_field_keeps_the_fluxes(tmp_path, legacy):
    rows, objects = legacy
    prepare(tmp_path, rows)
    bands = [row.band for row in rows]
    outputs = [str(tmp_path / f"{band}.registered.fits") for band in bands]
    register_field(
        frames=[str(tmp_path / f"{band}.fits") for band in bands],
        errors=[str(tmp_path / f"{band}.error.fits") for band in bands],
        masks=str(tmp_path / "masks.fits"),
        registered=outputs,
        bands=bands,
        reference_band="r",
        engine="drizzle",
    )
    for number, path in enumerate(outputs):
        image = np.nan_to_num(fits.getdata(path, "SCI"))
        x, y = celestial_wcs(fits.getheader(path)).all_world2pix(objects["ra"], objects["dec"], 0)
        rows_, columns = np.indices(image.shape)
        sums = [
            image[np.hypot(columns - a, rows_ - b) < 9].sum() for a, b in zip(x, y, strict=True)
        ]
        assert np.median(sums / flux_of(objects, number - 1)) == pytest.approx(1, abs=0.02)


def test_counts_are_brought_to_nanomaggies_and_the_sky_is_taken_away(tmp_path):
    header = tilted(SHAPE, 0.3, 20, CRVAL)
    objects = galaxies(4, celestial_wcs(header), SHAPE, 1)
    rows = []
    for band, zero_point in (("V", 25.0), ("R", 31.0)):
        image, sigma = draw(objects, flux_of(objects, 0), header, SHAPE, 0.01, zero_point, 5)
        fits.writeto(tmp_path / f"{band}.counts.fits", image + 300 * sigma, header)
        path = str(tmp_path / f"{band}.counts.fits")
        rows.append(GivenFrame("one", band, path, zero_point=zero_point))
    status = prepare(tmp_path, rows)
    assert status["delivered"], status["reason"]
    images = [written(tmp_path, band) for band in ("V", "R")]
    for image, error, _ in images:
        assert np.median(image) == pytest.approx(0, abs=0.004)
        assert np.median(error) == pytest.approx(0.01, rel=0.1)
    assert images[0][0] == pytest.approx(images[1][0], abs=0.01)
    assert "differ by 6.0 mag between the bands V (25) and R (31)" in status["remarks"][0]
    write_softening([str(tmp_path / "status.json")], str(tmp_path / "softening.json"))
    softening = json.loads((tmp_path / "softening.json").read_text())
    assert softening["V"] == pytest.approx(2e-9 * 0.01 / 0.3, rel=0.1)


@pytest.mark.parametrize(
    ("cards", "zero_point", "origin"),
    [
        ({"BUNIT": "nJy"}, 31.4, "BUNIT nJy"),
        ({"BUNIT": "uJy"}, 23.9, "BUNIT uJy"),
        ({"FLUXMAG0": 63095734448.0194}, 27.0, "FLUXMAG0"),
        ({"MAGZERO": 30.0, "BUNIT": "adu"}, 30.0, "MAGZERO"),
        # one MJy/sr in a pixel of 0.262 arcsec
        (
            {"BUNIT": "MJy/sr"},
            8.9 - 2.5 * np.log10(1e6 * (0.262 / 206264.806) ** 2),
            "BUNIT MJy/sr",
        ),
    ],
)
def test_units_and_cards_state_the_zero_point(tmp_path, legacy, cards, zero_point, origin):
    rows, _ = legacy
    path = tmp_path / "other.fits"
    header = tilted(SHAPE, 0.262, 0, CRVAL)
    header.update(cards)
    fits.writeto(path, fits.getdata(rows[0].image), header)
    rows[0] = rows[0]._replace(image=str(path))
    about = prepare(tmp_path, rows)["frames"]["g"]
    assert about["zero_point"] == pytest.approx(zero_point, abs=1e-4)
    assert about["zero_point_from"] == origin
    factor = 10 ** (-0.4 * (zero_point - 22.5))
    expected = fits.getdata(path) * factor
    assert written(tmp_path, "g")[0] == pytest.approx(expected, rel=1e-4, abs=1e-6 * factor)


def test_planes_beside_the_image_are_used(tmp_path, legacy):
    """A compressed file with image, mask and variance, as pipelines of LSST and HSC write it."""
    rows, _ = legacy
    image, header = fits.getdata(rows[0].image), tilted(SHAPE, 0.262, 0, CRVAL)
    mask = np.zeros(SHAPE, np.int32)
    mask[30:33, 40:44], mask[60, :] = 2, 32
    variance = np.full(SHAPE, np.float32(NOISE["g"] ** 2))
    planes = ("IMAGE", image, header), ("MASK", mask, None), ("VARIANCE", variance, None)
    hdus = [fits.PrimaryHDU(header=fits.Header([("FLUXMAG0", 10**9.0)]))]
    hdus += [
        fits.CompImageHDU(plane, cards, name=name, quantize_level=1e4)
        for name, plane, cards in planes
    ]
    hdus[2].header["MP_SAT"], hdus[2].header["MP_DETECTED"] = 1, 5
    path = tmp_path / "calexp.fits.fz"
    fits.HDUList(hdus).writeto(path)
    rows[0] = GivenFrame("one", "g", str(path))
    status = prepare(tmp_path, rows)
    assert status["delivered"], status["reason"]
    assert status["frames"]["g"]["error"].startswith("HDU VARIANCE of")
    assert status["frames"]["g"]["zero_point"] == pytest.approx(22.5)
    found, error, marked = written(tmp_path, "g")
    assert found == pytest.approx(image, abs=1e-4)
    assert error == pytest.approx(NOISE["g"], rel=1e-3)
    assert np.array_equal(marked != 0, mask == 2)  # DETECTED is not a fault


def test_relative_weights_are_scaled_to_the_noise(tmp_path, legacy):
    rows, _ = legacy
    weight = tmp_path / "relative.fits"
    fits.writeto(weight, np.full(SHAPE, 3.0))  # three exposures
    rows[0] = rows[0]._replace(weight=str(weight))
    about = prepare(tmp_path, rows)["frames"]["g"]
    assert np.median(written(tmp_path, "g")[1]) == pytest.approx(NOISE["g"], rel=0.1)
    assert any("the weights are relative" in remark for remark in about["remarks"])


def test_files_that_were_removed_are_made_again(tmp_path, legacy):
    rows, _ = legacy
    prepare(tmp_path, rows)
    bands = [row.band for row in rows]
    expected = {band: written(tmp_path, band)[0] for band in bands}
    outputs = [[tmp_path / f"{kind}-{band}.fits" for band in bands] for kind in ("sci", "err")]
    for _ in range(2):  # the first time, files are moved away
        name_given(
            status=str(tmp_path / "status.json"),
            frames=[str(path) for path in outputs[0]],
            errors=[str(path) for path in outputs[1]],
            rows={row.band: list(row) for row in rows},
            bands=bands,
            reference_band="g",
            folder=str(tmp_path),
            keep=False,
        )
        assert not (tmp_path / "g.fits").exists()
    for band, path in zip(bands, outputs[0], strict=True):
        assert np.array_equal(fits.getdata(path), expected[band])


def changed(row, tmp_path, array, column):
    path = tmp_path / f"changed.{column}.fits"
    fits.writeto(path, array)
    return row._replace(**{"weight": None, column: str(path)})


@pytest.mark.parametrize(
    ("column", "array", "fault"),
    [
        ("weight", np.ones((5, 6)), "weight: .*: 6 x 5 pixels, and its image has 130 x 120"),
        ("variance", np.zeros(SHAPE), "variance: .*: no pixel is above 0"),
        ("variance", np.full(SHAPE, -1.0), "variance: .*: no pixel is above 0"),
        ("error", np.full(SHAPE, np.nan), "error: .*: no pixel is above 0"),
        ("mask", np.zeros((4, 4), np.int16), "mask: .*: 4 x 4 pixels, and its image has"),
        ("psf", np.eye(1, 121).reshape(11, 11), "psf: .*its centroid is .* pixels from its centre"),
        ("psf", np.full((9, 9), np.nan), "psf: .*9 x 9 pixels, sum nan; allowed: "),
        ("psf", np.zeros((5, 5)), "psf: .*5 x 5 pixels, sum 0; allowed: "),
    ],
)
def test_a_wrong_plane_leaves_the_field_out(tmp_path, legacy, column, array, fault):

    rows, _ = legacy
    rows[1] = changed(rows[1], tmp_path, array, column)
    status = prepare(tmp_path, rows)
    assert not status["delivered"]
    assert re.match(f"band r: ({fault})", status["reason"])


def test_bands_that_do_not_overlap_are_told(tmp_path, legacy):
    rows, _ = legacy
    far = tmp_path / "far.fits"
    image = fits.getdata(rows[2].image)
    fits.writeto(far, image, tilted(SHAPE, 0.262, 0, (211.0, 5.0)))
    rows[2] = rows[2]._replace(image=str(far))
    assert (
        "band z: its image does not overlap with that of band g"
        in prepare(tmp_path, rows)["reason"]
    )


def test_an_error_map_of_the_wrong_size_is_doubted(tmp_path, legacy):
    rows, _ = legacy
    fits.writeto(tmp_path / "small.fits", np.full(SHAPE, 0.0013, np.float32))
    rows[0] = rows[0]._replace(error=str(tmp_path / "small.fits"), weight=None)
    remarks = prepare(tmp_path, rows)["frames"]["g"]["remarks"]
    (factor,) = [float(re.search(r"is (\S+) times the given error", one)[1]) for one in remarks]
    assert factor == pytest.approx(0.004 / 0.0013, rel=0.1)


def test_two_bands_of_the_same_pixels_are_said(tmp_path, legacy):
    rows, _ = legacy
    copy = tmp_path / "copy.fits"
    copy.write_bytes(Path(rows[0].image).read_bytes())
    rows[1] = rows[1]._replace(image=str(copy))
    (remark,) = prepare(tmp_path, rows)["remarks"]
    assert remark == "the images of the bands g and r have the same pixels; check the column image"


def test_a_band_that_shows_little_of_the_reference_band_is_said(tmp_path, legacy):
    rows, _ = legacy
    with fits.open(rows[2].image, mode="update") as hdus:
        hdus[0].header["CRPIX1"] += 100  # of 130
    status = prepare(tmp_path, rows)
    assert status["delivered"]
    (remark,) = status["remarks"]
    assert re.match("the image of band z shows 2[0-9] % of that of the reference band g", remark)


def test_a_psf_that_is_not_normalised_or_centred_is_remarked_on(tmp_path, legacy):
    rows, _ = legacy
    stamp = np.zeros((11, 11))
    stamp[5, 7] = 3.0
    fits.writeto(tmp_path / "psf.fits", stamp)
    rows[0] = rows[0]._replace(psf=str(tmp_path / "psf.fits"))
    remarks = " ".join(prepare(tmp_path, rows)["frames"]["g"]["remarks"])
    assert "its sum is 3" in remarks
    assert "2.00 pixels from its centre" in remarks


#: celestial frames other than ICRS: types of the axes, cards, frame of astropy
FRAMES = {
    "Galactic": (("GLON-TAN", "GLAT-TAN"), {}, Galactic()),
    "B1950": (("RA---TAN", "DEC--TAN"), {"RADESYS": "FK4", "EQUINOX": 1950.0}, FK4()),
    "of the date": (
        ("RA---TAN", "DEC--TAN"),
        {"RADESYS": "FK5", "EQUINOX": 2011.3},
        FK5(equinox="J2011.3"),
    ),
}


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("reference", "rz")
def test_a_wcs_in_another_celestial_frame_lands_where_it_should(tmp_path, legacy, name, reference):
    rows, objects = legacy
    types, cards, frame = FRAMES[name]
    header = tilted(SHAPE, 0.262, 0, CRVAL)
    del header["RADESYS"]
    (lon, lat), places = (
        (sky.spherical.lon.deg, sky.spherical.lat.deg)
        for sky in (
            SkyCoord(*one, unit="deg").transform_to(frame)
            for one in (CRVAL, (objects["ra"], objects["dec"]))
        )
    )
    header["CTYPE1"], header["CTYPE2"] = types
    header["CRVAL1"], header["CRVAL2"] = lon, lat
    header.update(cards)
    x, y = celestial_wcs(header).all_world2pix(*places, 0)
    row, column = np.indices(SHAPE)
    image = sum(
        flux * np.exp(-((column - a) ** 2 + (row - b) ** 2) / 8) / (8 * np.pi)
        for flux, a, b in zip(flux_of(objects, 0), x, y, strict=True)
    )
    noise = 0.01 * np.random.default_rng(0).standard_normal(SHAPE)
    fits.writeto(tmp_path / "other.fits", (image + noise).astype(np.float32), header)
    rows[2] = GivenFrame("one", "z", str(tmp_path / "other.fits"), zero_point=22.5)
    assert prepare(tmp_path, rows, reference)["delivered"]
    register_field(
        *[[str(tmp_path / f"{band}{end}") for band in "grz"] for end in (".fits", ".error.fits")],
        masks=str(tmp_path / "masks.fits"),
        registered=[str(tmp_path / f"reg-{band}.fits") for band in "grz"],
        bands=list("grz"),
        reference_band=reference,
        engine="montage",
    )
    with fits.open(tmp_path / "reg-z.fits") as hdus:
        registered, wcs = np.nan_to_num(hdus["SCI"].data), celestial_wcs(hdus["SCI"].header)
    x, y = wcs.all_world2pix(objects["ra"], objects["dec"], 0)  # right ascension in ICRS
    row, column = np.indices(registered.shape)
    sums = [registered[np.hypot(column - a, row - b) < 8].sum() for a, b in zip(x, y, strict=True)]
    assert np.median(sums / flux_of(objects, 0)) == pytest.approx(1, abs=0.01)


def test_decam_cutouts_come_out_registered_with_errors_and_masks(tmp_path):
    if not STRANGERS.is_dir():
        pytest.skip("strangers' files are absent")
    start = f"{STRANGERS}/decam_"
    table = [
        {"field": "d", "band": band, "image": f"{start}{band}_ooi.fits"}
        | {"weight": f"{start}{band}_oow.fits", "mask": f"{start}{band}_ood.fits"}
        | {"psf": f"{start}{band}_psfex.fits"}
        for band in "grz"
    ]
    schema = Path(__file__).parents[3] / "workflow/schemas/frames.schema.yaml"
    path = write_table(tmp_path / "frames.tsv", table)
    given = read_frames_table(str(path), yaml.safe_load(schema.read_text()))
    status = prepare(tmp_path, list(given.fields["d"].values()), "r")
    assert status["delivered"], status["reason"]
    register_field(
        *[[str(tmp_path / f"{band}{end}") for band in "grz"] for end in (".fits", ".error.fits")],
        masks=str(tmp_path / "masks.fits"),
        registered=[str(tmp_path / f"reg-{band}.fits") for band in "grz"],
        bands=list("grz"),
        reference_band="r",
        engine="montage",
    )
    peaks = set()
    for band in "grz":
        about = status["frames"][band]
        assert about["zero_point_from"] == "assumed"
        assert any("zero point unknown" in remark for remark in about["remarks"])
        with fits.open(tmp_path / f"reg-{band}.fits") as hdus:
            image, error, mask = (hdus[name].data for name in ("SCI", "ERR", "MASK"))
            assert hdus["SCI"].header["ENGINE"] == "drizzle"
            assert hdus["SCI"].header["BUNIT"] == "count"
            assert not [key for key in hdus["SCI"].header if key.startswith("PV")]
        assert (mask == 0).mean() > 0.7
        weight = fits.getdata(f"{start}{band}_oow.fits", 1)
        clear = np.median(error[mask == 0])
        assert clear == pytest.approx(np.median(weight) ** -0.5, rel=0.05)
        peaks.add(np.unravel_index(np.nanargmax(image), image.shape))
    assert len(peaks) == 1  # the same star in all bands


def test_frames_of_sdss_keep_image_error_and_mask(real, tmp_path):
    """Everything below takes these three: the pixel table is the one of the survey's own path."""
    from redpix.core.field_name import parse_field
    from redpix.sdss.frames import frame_path, mask_path
    from redpix.sdss.write_error_maps import frame_errors

    field, packed = parse_field("4192-4-300"), {}
    rows = []
    for band in "gr":
        packed[band] = real / "sas" / frame_path("dr17", field, band)
        plain = tmp_path / f"frame-{band}.fits"
        plain.write_bytes(bz2.decompress(packed[band].read_bytes()))
        mask = str(real / "sas" / mask_path("dr17", field, band))
        rows.append(GivenFrame("a", band, str(plain), mask=mask))
    compressed = [rows[0]._replace(image=str(packed["g"])), rows[1]]
    status = prepare(tmp_path, compressed)
    assert status["delivered"], status["reason"]
    for row in rows:
        image, error, mask = written(tmp_path, row.band)
        assert np.array_equal(image, fits.getdata(row.image))
        assert np.array_equal(error, frame_errors(row.image, field, row.band)[0])
        assert (mask & 1 << 2).any()
        assert status["frames"][row.band]["softening"] == SOFTENING[row.band]
    assert len(read_masked(tmp_path / "masks.fits", "r")[0])
