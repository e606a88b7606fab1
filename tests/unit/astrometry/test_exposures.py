"""Subtraction from FITS files: what comes out, and what is refused, by coaddition too."""

import csv
import re

import fits_sky
import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from redpix.core.exceptions import InputError
from redpix.image.masks import bit_value
from redpix.subtraction.difference_files import magnitudes
from subtraction_sky import light

CARDS = {"GAIN": fits_sky.GAIN, "RDNOISE": fits_sky.READ_NOISE, "BUNIT": "adu"}
NEW_STARS = ((60.0, 70.0, 3000.0), (200.0, 150.0, 2000.0), (290.0, 280.0, 4000.0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("my exposures")


@pytest.fixture(scope="module")
def science(folder):
    """Write an image with three stars that the reference lacks, and one hole."""
    x, y, flux = fits_sky.stars()
    new = np.transpose(NEW_STARS)
    sky = [np.append(old, more) for old, more in zip((x, y, flux), new, strict=True)]
    image = fits_sky.counts(sky, 1, 1.7)
    image[100:104, 200:203] = np.nan
    return fits_sky.write(folder / "new image.fits", image, MAGZERO=25.0, **CARDS)


@pytest.fixture(scope="module")
def reference(folder):
    """Write an image of the sky that is shifted and 0.7 times as bright, with another PSF."""
    shift = (3.4, -5.7)
    image = fits_sky.counts(fits_sky.stars(), 2, 1.5, 0.7, shift, level=150.0)
    return fits_sky.write(folder / "reference.fits", image, shift, **CARDS)


@pytest.fixture(scope="module")
def done(science, reference, folder):
    made = fits_sky.subtract(science, reference, folder)
    with open(made.transients, newline="") as file:
        rows = list(csv.DictReader(file))
    with fits.open(made.difference) as hdus:
        return {hdu.name: (hdu.data, hdu.header) for hdu in hdus}, rows


def test_two_files_become_a_difference(done):
    planes, _ = done
    scorr, mask = planes["SCORR"][0], planes["MASK"][0]
    clean = (mask == 0) & (abs(scorr) < 5)
    assert scorr[clean].std() == pytest.approx(1, abs=0.03)
    header = planes["D"][1]
    assert header["FLXRATIO"] == pytest.approx(0.7, rel=0.01)
    assert header["CTYPE1"] == "RA---TAN"
    assert np.all(mask[100:104, 200:203] & bit_value("BAD"))
    # what the reference does not cover
    assert np.all(mask[:, :3] & bit_value("NO_DATA"))


def test_what_is_new_is_found_with_its_magnitude(done):
    _, rows = done
    clean = [row for row in rows if row["flags"] == "0"]
    assert len(clean) == len(NEW_STARS)
    for x, y, flux in NEW_STARS:
        (row,) = [r for r in clean if np.hypot(float(r["x"]) - x, float(r["y"]) - y) < 1]
        assert float(row["flux"]) == pytest.approx(flux, abs=4 * float(row["flux_error"]))
        assert float(row["mag"]) == pytest.approx(25 - 2.5 * np.log10(float(row["flux"])), abs=1e-3)
        sky = fits_sky.wcs().all_pix2world(float(row["x"]), float(row["y"]), 0)
        assert [float(row["ra"]), float(row["dec"])] == pytest.approx(list(map(float, sky)))


def test_options_of_a_subtraction_reach_it(done, science, reference, folder):
    options = {"space": "image", "precision": "float64", "padding": 60, "flux_ratio": 0.71}
    options |= {"match_background": False, "match_reference": True}
    (folder / "options").mkdir()
    made = fits_sky.subtract(science, reference, folder / "options", threads=2, **options)
    with fits.open(made.difference) as hdus:
        header = hdus["D"].header
        assert (header["BITPIX"], header["FLXRATIO"], header["BACKGRND"]) == (-64, 0.71, 0.0)
        scorr, seen = hdus["SCORR"].data, hdus["MASK"].data == 0
        stars, expected = (planes["REF"][0] for planes in ({"REF": (hdus["REF"].data,)}, done[0]))
    usual = done[0]["SCORR"][0]
    assert np.corrcoef(scorr[seen], usual[seen])[0, 1] > 0.97
    # stars of the reference are as wide as those of the science image, and so less high
    assert np.nanmax(stars) < 0.9 * np.nanmax(expected)
    assert sorted(path.name for path in (folder / "options").iterdir()) == [
        "cut_outs.fits",
        "difference.fits",
        "transients.avro",
        "transients.csv",
        "transients.reg",
        "transients.vot",
    ]


def test_without_a_zero_point_there_are_no_magnitudes(science, folder, caplog):
    with fits.open(science) as hdus:
        del hdus[0].header["MAGZERO"], hdus[0].header["GAIN"]
        plain = folder / "plain.fits"
        hdus.writeto(plain, overwrite=True)
    from redpix.astrometry.exposures import read_exposure

    settings = fits_sky.settings()
    exposure = read_exposure([str(plain)], "image", {**settings["camera"], "background_mesh": 64})
    flux, error = np.array([1.0, -2.0]), np.array([0.1, 0.1])
    assert magnitudes(flux, error, exposure, "image") == [["", ""], ["", ""]]
    exposure.zero_point = 25.0
    magnitude, uncertainty = magnitudes(flux, error, exposure, "image")
    assert magnitude == ["25.0000", "24.2474"]
    assert uncertainty == ["0.1086", "0.0543"]
    assert "plain.fits: no gain in counts of its unit is known" in caplog.text


def test_planes_of_errors_and_masks_are_heeded(science, folder):
    from redpix.astrometry.exposures import read_exposure

    settings = {**fits_sky.settings()["camera"], "background_mesh": 64}
    plain = read_exposure([science], "image", settings)
    error = 3 * np.sqrt(plain.variance)
    values = np.zeros(error.shape, np.int16)
    values[50, 60], values[51, 61] = 4, 32
    cases = (
        ({"MP_CR": 2, "MP_DETECTED": 5}, "COSMIC_RAY", 0),
        ({"BIT2": "SATURATED"}, "SATURATED", 0),
        ({}, "BAD", bit_value("BAD")),
    )
    for number, (cards, name, other) in enumerate(cases):
        path = folder / f"planes{number}.fits"
        with fits.open(science) as hdus:
            planes = [hdus[0], fits.ImageHDU(error, name="ERR")]
            planes.append(fits.ImageHDU(values, fits.Header(cards), name="MASK"))
            fits.HDUList(planes).writeto(path)
        exposure = read_exposure([str(path)], "image", settings | {"noise": "given"})
        np.testing.assert_allclose(exposure.variance, error**2, rtol=1e-5)
        assert exposure.mask[50, 60] == bit_value(name)
        assert exposure.mask[51, 61] == other
        # noise that the errors are three times as large as is told
        scaled = read_exposure([str(path)], "image", settings)
        assert scaled.noise_scale == pytest.approx(1 / 3, rel=0.05)
        assert exposure.mask[101, 201] & bit_value("BAD")


@pytest.mark.parametrize("off", [2.5, 12.0])
def test_a_wcs_that_is_wrong_is_told_and_done_without(science, folder, caplog, off):
    """By more than stars are looked for, or nearly so: once, of 2.5 pixels, noise was all wrong."""
    shift = (3.4, -5.7)
    image = fits_sky.counts(fits_sky.stars(), 2, 1.5, 0.7, shift, level=150.0)
    wrong = tuple(np.add(shift, off))
    reference = fits_sky.write(folder / f"off{off}/reference.fits", image, wrong, **CARDS)
    made = fits_sky.subtract(science, reference, folder / f"off{off}")
    header = fits.getheader(made.difference, "D")
    assert header["FLXRATIO"] == pytest.approx(0.7, rel=0.02)
    assert header["REGRMSX"] < 0.05
    assert header["SCORRSTD"] == pytest.approx(1, abs=0.03)
    said = re.search(
        r"by their WCS stars lie ([\d.]+) px apart; the images are matched", caplog.text
    )
    assert float(said[1]) == pytest.approx(off * np.sqrt(2), abs=0.2)


def test_a_distortion_that_a_wcs_states_is_followed(science, folder):
    """The reference has an optical distortion of up to seven pixels."""
    place = fits_sky.wcs()
    header = place.to_header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN-SIP", "DEC--TAN-SIP"
    header["A_ORDER"] = header["B_ORDER"] = 3
    for name in ("A_3_0", "A_1_2", "B_0_3", "B_2_1"):
        header[name] = 7e-7
    bent = WCS(header)
    x, y, flux = fits_sky.stars()
    u, v = bent.all_world2pix(place.all_pix2world(np.column_stack([x, y]), 0), 0).T
    assert 5 < np.hypot(u - x, v - y).max() < 9
    image = fits_sky.counts((u, v, flux), 2, 1.5, 0.7, level=150.0)
    reference = fits_sky.write(folder / "bent/reference.fits", image, place=bent, **CARDS)
    made = fits_sky.subtract(science, reference, folder / "bent")
    header = fits.getheader(made.difference, "D")
    assert header["NSTARS"] > 25
    assert max(header["REGRMSX"], header["REGRMSY"]) < 0.05
    # fluxes of sources are kept, whatever the size of the pixels
    assert header["FLXRATIO"] == pytest.approx(0.7, rel=0.02)


@pytest.mark.parametrize("times", [0.7, 2.0, 3.0])
def test_noise_is_known_where_pixels_are_of_another_size(science, folder, times, caplog):
    shape = tuple(int(length / times) + 20 for length in fits_sky.SHAPE)
    x, y, flux = fits_sky.stars()
    u, v = ((along + 0.5) / times - 0.5 + 10 for along in (x, y))
    rng = np.random.default_rng(5)
    clean = 150 + 0.7 * light(shape, u, v, flux, 1.6)
    image = (rng.poisson(clean * 2.0) + rng.normal(0, 6, shape)) / 2.0
    place = fits_sky.wcs()
    place.wcs.cd *= times
    place.wcs.crpix = (place.wcs.crpix - 0.5) / times + 0.5 + 10
    reference = fits_sky.write(folder / f"x{times}/reference.fits", image, place=place, **CARDS)
    made = fits_sky.subtract(science, reference, folder / f"x{times}")
    header = fits.getheader(made.difference, "D")
    assert header["SCORRSKY"] == pytest.approx(1, abs=0.05)
    # beside stars, pixels of three times the size are too coarse for their PSF
    assert header["SCORRSTD"] == pytest.approx(1, abs=0.08)
    assert header["DSTD"] == pytest.approx(1, abs=0.12)
    assert f"its pixels are {times:.2f} times as large as those of" in caplog.text


def test_stars_that_are_all_faint_are_compared(folder):
    """None tells the ratio to 3 %, all together do; a ratio that is given needs no star."""
    x, y, _ = fits_sky.stars()
    sky = x, y, np.full(len(x), 3300.0)
    science = fits_sky.write(folder / "faint/science.fits", fits_sky.counts(sky, 1, 1.7), **CARDS)
    image = fits_sky.counts(sky, 2, 1.5, 0.7, level=150.0)
    reference = fits_sky.write(folder / "faint/reference.fits", image, **CARDS)
    made = fits_sky.subtract(science, reference, folder / "faint")
    header = fits.getheader(made.difference, "D")
    assert header["NSTARS"] > 20
    assert header["FLXRATIO"] == pytest.approx(0.7, rel=0.03)


def test_cut_outs_are_of_the_images(folder, done):
    planes, rows = done
    with fits.open(folder / "cut_outs.fits") as cubes:
        assert [hdu.name for hdu in cubes] == ["PRIMARY", "NEW", "REF", "D", "TRANSIENTS"]
        assert len(cubes["TRANSIENTS"].data) == len(rows) > 0
        for name in ("NEW", "REF", "D"):
            for square, row in zip(cubes[name].data, rows, strict=True):
                column, line = round(float(row["x"])), round(float(row["y"]))
                assert square.shape == (37, 37)
                np.testing.assert_equal(square[18, 18], planes[name][0][line, column])


def test_a_frame_more_than_half_zeros_is_warned_of(science, folder, caplog):
    from redpix.astrometry.exposures import read_exposure

    with fits.open(science) as hdus:
        hdus[0].data[:, int(0.45 * hdus[0].data.shape[1]) :] = 0
        part = folder / "part.fits"
        hdus.writeto(part, overwrite=True)
    settings = fits_sky.settings()
    read_exposure([str(part)], "image", {**settings["camera"], "background_mesh": 64})
    assert re.search(r"part.fits: 5\d % of its pixels are 0 and are taken for sky", caplog.text)


@pytest.mark.parametrize("gain", [0.0, -2.0])
def test_a_gain_that_cannot_be_counts_as_unknown(science, tmp_path, caplog, gain):
    from redpix.astrometry.exposures import read_exposure

    image = fits.getdata(science)
    path = fits_sky.write(tmp_path / "gain.fits", image, **CARDS | {"GAIN": gain})
    settings = {**fits_sky.settings()["camera"], "background_mesh": 64}
    exposure = read_exposure([path], "image", settings)
    assert exposure.camera.gain is None
    assert f"gain.fits: GAIN = {gain} is not a gain in electrons per count" in caplog.text
    given = read_exposure([path], "image", settings | {"gain": fits_sky.GAIN})
    assert np.nanmax(given.variance) > 2 * np.nanmax(exposure.variance)


def test_an_image_may_be_any_hdu_with_its_camera_in_the_primary_header(science, tmp_path):
    from redpix.astrometry.exposures import read_exposure

    image, header = fits.getdata(science), fits.getheader(science)
    wcs = fits.Header([card for card in header.cards if card.keyword not in CARDS])
    first = fits.PrimaryHDU(header=fits.Header(CARDS | {"MAGZERO": 25.0}))
    small = fits.ImageHDU(image[:90, :90], wcs, name="GUIDER")
    path = str(tmp_path / "several.fits")
    fits.HDUList([first, small, fits.ImageHDU(image, wcs, name="CHIP")]).writeto(path)
    settings = {**fits_sky.settings()["camera"], "background_mesh": 64}
    plain = read_exposure([science], "image", settings)
    chosen = read_exposure([path], "image", settings, f"{path}[CHIP]")
    assert chosen.path == f"{path}[CHIP]"
    for part in ("image", "variance", "mask"):
        np.testing.assert_array_equal(getattr(chosen, part), getattr(plain, part))
    assert (chosen.unit, chosen.zero_point) == ("adu", 25.0)
    assert chosen.camera.sources["gain"] == "GAIN"
    assert read_exposure([path], "image", settings).image.shape == (90, 90)


def spoilt(kind, folder, science):
    """Write a reference that cannot be used and return its path."""
    image, header = fits.getdata(science), fits.getheader(science)
    path = folder / f"{kind}.fits"
    rng = np.random.default_rng(5)
    place, cards = fits_sky.wcs(), dict(CARDS)
    if kind == "text":
        path.write_text("no image at all")
        return str(path)
    if kind == "table":
        fits.BinTableHDU.from_columns([fits.Column("x", "J", array=[1])]).writeto(path)
        return str(path)
    if kind == "wrong wcs":
        place.wcs.cd = [[fits_sky.SCALE, fits_sky.SCALE], [fits_sky.SCALE, fits_sky.SCALE]]
    elif kind == "elsewhere":
        place = fits_sky.wcs(ra=151.0)
    elif kind == "other side":
        place = fits_sky.wcs(ra=330.0)
    elif kind == "nan":
        image = np.full(image.shape, np.nan)
    elif kind == "constant":
        image = np.full(image.shape, 200.0)
    elif kind == "no stars":
        image = rng.normal(200, 10, image.shape)
    elif kind == "small":
        image = image[:36, :40]
    elif kind == "tiny":
        image, cards = image * 1e-17, {}
    elif kind == "unit":
        cards["BUNIT"] = "nanomaggy"
    assert header
    return fits_sky.write(path, np.asarray(image), place=place, **cards)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("text", "does not open as FITS"),
        ("table", "no HDU holds an image of two dimensions"),
        ("wrong wcs", "WCS that cannot be used"),
        ("elsewhere", "the images do not overlap"),
        ("other side", "the images do not overlap"),
        ("nan", "no pixel has a value"),
        ("constant", "a constant image: it has no noise"),
        ("no stars", "no source, so no PSF|0 stars in both images"),
        ("small", "an image of 40 x 36 pixels; allowed: larger than its PSF, 41 x 41"),
        ("unit", "in units of nanomaggy (BUNIT)"),
        ("tiny", "e-16 in its unit; allowed: 1e-09 to 1e+09, in another unit"),
    ],
)
def test_images_that_cannot_be_worked_are_refused_in_a_line(science, tmp_path, kind, words):
    bad = spoilt(kind, tmp_path, science)
    with pytest.raises(InputError) as caught:
        fits_sky.subtract(science, bad, tmp_path / "out")
    text = str(caught.value)
    assert any(word in text for word in words.split("|"))
    assert bad in text
    assert "\n" not in text
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match=r"\.fits: ") as caught:
        fits_sky.coadd([science, bad], tmp_path / "out" / "coadd.fits")
    assert any(word in str(caught.value) for word in words.split("|"))
    assert not (tmp_path / "out").exists()


def bare(path, folder, **cards):
    """Write the image of a file without its WCS and return the path."""
    made = folder / f"bare {path.rsplit('/', 1)[-1]}"
    fits.PrimaryHDU(fits.getdata(path), fits.Header(CARDS | cards)).writeto(made)
    return str(made)


def test_images_without_a_wcs_are_matched_by_their_sources(
    done, science, reference, folder, caplog
):
    made = fits_sky.subtract(bare(science, folder), bare(reference, folder), folder / "bare")
    with open(made.transients, newline="") as file:
        clean = [row for row in csv.DictReader(file) if row["flags"] == "0"]
    assert len(clean) == len(NEW_STARS)
    assert {row["ra"] + row["dec"] + row["ra_error"] for row in clean} == {""}
    for x, y, _ in NEW_STARS:
        assert any(np.hypot(float(row["x"]) - x, float(row["y"]) - y) < 1 for row in clean)
    header = fits.getheader(made.difference, "D")
    assert "CTYPE1" not in header
    assert header["FLXRATIO"] == pytest.approx(0.7, rel=0.01)
    assert "as with subtraction.registration sources" in caplog.text


def test_given_psfs_and_gains_are_those_of_their_image(science, reference, folder):
    """A PSF of the true shape for one image, the true FWHM for the other, and a gain for one."""
    axis = np.arange(31) - 15
    stamp = np.exp(-(axis**2 + axis[:, None] ** 2) / (2 * 1.7**2))
    fits.PrimaryHDU(stamp).writeto(folder / "psf.fits")
    cameras = {"psf": str(folder / "psf.fits"), "gain": 4.0}, {"fwhm": 1.5 * 2.355}
    (folder / "given").mkdir()
    made = fits_sky.subtract(science, reference, folder / "given", cameras=cameras)
    header = fits.getheader(made.difference, "D")
    assert header["FWHMNEW"] == pytest.approx(1.7 * 2.355, rel=0.02)
    assert header["FWHMREF"] == pytest.approx(1.5 * 2.355, rel=0.001)


@pytest.mark.parametrize(
    ("stamp", "words"),
    [
        (np.ones((20, 20)), "a PSF of 20 x 20 pixels; allowed: odd sides"),
        (np.eye(21)[::-1] * np.arange(21), "a PSF with its peak at x 20, y 0"),
        (np.zeros((21, 21)), "a PSF of sum 0"),
    ],
)
def test_an_image_that_is_not_a_psf_is_refused(science, reference, tmp_path, stamp, words):
    path = tmp_path / "psf.fits"
    fits.PrimaryHDU(stamp).writeto(path)
    with pytest.raises(InputError, match=f"^[^\n]*psf.fits: {words}"):
        fits_sky.subtract(science, reference, tmp_path / "out", cameras=({"psf": str(path)}, {}))
