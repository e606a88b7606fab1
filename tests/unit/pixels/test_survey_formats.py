"""Images as surveys deliver them: zero points, noise and masks against what was simulated."""

import numpy as np
import pytest
from astropy.io import fits
from given_sky import draw, flux_of, galaxies, tilted
from redpix.config.given_frame import GivenFrame
from redpix.core.exceptions import InputError
from redpix.image.wcs import celestial_wcs
from redpix.pixels.band_scales import band_scales, facts_of
from redpix.pixels.given_band import read_band
from redpix.pixels.given_field import prepare_field
from scipy import ndimage

SHAPE = (110, 100)
SCALE = 0.26
NOISE = 0.02  # nanomaggies

#: AB magnitude of one MJy/sr in a pixel of `SCALE` arcsec
SURFACE = 8.9 - 2.5 * np.log10(1e6 * (SCALE / 206264.806) ** 2)
HUBBLE = {"PHOTFLAM": 7.07e-20, "PHOTPLAM": 8045.0}
#: the AB zero point that the ACS handbook gives for these values
HUBBLE_ZERO = -2.5 * np.log10(7.07e-20) - 5 * np.log10(8045.0) - 2.408


def sky(zero_point, **cards):
    """An image in counts of a zero point, the noise of its pixels, its header, and the truth."""
    header = tilted(SHAPE, SCALE, 0, (150.0, 2.0))
    objects = galaxies(3, celestial_wcs(header), SHAPE, 1)
    drawn = objects, flux_of(objects, 0), header, SHAPE, NOISE
    truth, _ = draw(*drawn, 22.5, 1)
    header.update(cards)
    image = truth.astype(float) * 10 ** (0.4 * (zero_point - 22.5))
    return image, NOISE * 10 ** (0.4 * (zero_point - 22.5)), header, truth


def plane(value):
    return np.full(SHAPE, value, np.float32)


def save(path, *hdus):
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path)
    return str(path)


def single(folder, image, header=None, name="image.fits"):
    fits.writeto(folder / name, np.asarray(image, np.float32), header)
    return str(folder / name)


def assert_true(band, truth, zero_point, unit="nanomaggy", error=0.03):
    """The image is that which was drawn, the errors are its noise."""
    assert band.about["zero_point"] == pytest.approx(zero_point, abs=2e-3)
    assert band.about["unit"] == unit
    shown = np.isfinite(band.image) & np.isfinite(truth)
    assert shown.mean() > 0.6
    level = np.median((band.image - truth)[shown])  # the sky is taken away if it is bright
    assert abs(level) < NOISE
    assert band.image[shown] - level == pytest.approx(truth[shown], rel=5e-3, abs=NOISE / 10)
    assert np.nanmedian(band.error) == pytest.approx(NOISE, rel=error)


def remarks(band):
    return " ".join(band.about["remarks"])


@pytest.mark.parametrize("mean", [10 ** (0.4 * 4.4), 10 ** (-0.4 * 27)], ids=["nJy", "maggies"])
def test_an_image_of_the_lsst_pipelines(tmp_path, mean):
    image, noise, header, truth = sky(27.0)
    mask = np.zeros(SHAPE, np.int32)
    mask[20:22], mask[50:60, 50:60] = 2, 32
    names = fits.Header(
        [("MP_SAT", 1), ("HIERARCH MP_DETECTED", 5), ("HIERARCH MP_NO_DATA", 8), ("MP_ODD", "x")]
    )
    columns = [fits.Column("isConstant", "X", array=[True])]
    columns += [fits.Column("calibrationMean", "D", array=[mean])]
    path = save(
        tmp_path / "calexp.fits",
        fits.ImageHDU(image.astype(np.float32), header, name="IMAGE"),
        fits.ImageHDU(mask, names, name="MASK"),
        fits.ImageHDU(plane(noise**2), name="VARIANCE"),
        fits.BinTableHDU(name="ARCHIVE_INDEX"),
        fits.BinTableHDU.from_columns(columns, name="ARCHIVE_DATA"),
    )
    band = read_band(GivenFrame("f", "g", path))
    assert_true(band, truth, 27.0)
    assert band.about["zero_point_from"] == "PhotoCalib"
    assert np.array_equal(band.mask != 0, mask == 2)
    assert not band.about["remarks"]


@pytest.mark.parametrize("named", [False, True], ids=["planes found", "planes listed"])
def test_a_tile_of_des(tmp_path, named):
    image, noise, header, truth = sky(30.0, MAGZERO=30.0, EXPTIME=450.0)
    weight, mask = plane(noise**-2), np.zeros(SHAPE, np.int32)
    weight[10:14], mask[10:14] = 0, 64
    planes = {"SCI": image.astype(np.float32), "MSK": mask, "WGT": weight}
    path = save(
        tmp_path / "tile.fits.fz",
        *(
            fits.CompImageHDU(data, header if name == "SCI" else None, name=name, quantize_level=99)
            for name, data in planes.items()
        ),
    )
    row = (
        GivenFrame("f", "g", path, weight=path, mask=path) if named else GivenFrame("f", "g", path)
    )
    band = read_band(row)
    assert_true(band, truth, 30.0)
    assert np.array_equal(band.mask != 0, mask != 0)
    assert np.isnan(band.error[10:14]).all()
    assert not band.about["remarks"]


def scaled(values, offset, softening):
    """Values in the scaling of Pan-STARRS (Waters et al. 2020)."""
    return 1.0857362 * np.arcsinh((values - offset) / (2 * softening))


def pan_starrs(folder):
    zero_point = 25 + 2.5 * np.log10(900)
    image, noise, header, truth = sky(zero_point, EXPTIME=900.0)
    header["HIERARCH FPA.ZP"] = 25.0
    cards = fits.Header([("BOFFSET", 5.0), ("BSOFTEN", 30.0)])
    shown = fits.CompImageHDU(
        scaled(image, 5.0, 30.0).astype(np.float32), header + cards, quantize_level=500
    )
    stack = save(folder / "stack.fits", shown)
    cards = fits.Header([("BOFFSET", 0.0), ("BSOFTEN", 20.0)])
    variance = single(folder, scaled(plane(noise**2), 0.0, 20.0), cards, "stack.wt.fits")
    mask = np.zeros(SHAPE, np.uint16)
    mask[30:34], mask[60:90] = 1, 16384
    names = {"MSKNAM00": "DETECTOR", "MSKVAL00": 1, "MSKNAM14": "SUSPECT", "MSKVAL14": 16384}
    bits = fits.Header(names.items())
    marked = save(folder / "stack.mask.fits", fits.ImageHDU(mask, bits))
    return GivenFrame("f", "g", stack, variance=variance, mask=marked), truth, zero_point


def test_a_stack_of_pan_starrs(tmp_path):
    row, truth, zero_point = pan_starrs(tmp_path)
    band = read_band(row)
    assert_true(band, truth, zero_point)
    assert band.about["zero_point_from"] == "FPA.ZP and EXPTIME"
    assert "scaled by an asinh (BOFFSET = 5, BSOFTEN = 30)" in remarks(band)
    assert np.array_equal(np.flatnonzero((band.mask != 0).all(1)), np.arange(30, 34))
    assert "BSOFTEN" not in band.header


def test_a_stack_of_pan_starrs_that_was_made_linear_before(tmp_path):
    image, _, header, truth = sky(25.0, BOFFSET=5.0, BSOFTEN=30.0)
    image[0, 0] = 1e5
    row = GivenFrame("f", "g", single(tmp_path, image, header), zero_point=25.0)
    band = read_band(row)
    truth[0, 0] = np.nan
    assert_true(band, truth, 25.0, error=0.1)
    assert "the pixels are not scaled by an asinh" in remarks(band)


def test_a_variance_that_is_listed_as_a_weight_is_taken_as_a_variance(tmp_path):
    row, *_ = pan_starrs(tmp_path)
    band = read_band(row._replace(variance=None, weight=row.variance))
    assert "they are variances, and are taken as such; the column variance" in remarks(band)
    right = read_band(row)
    assert band.error == pytest.approx(right.error, rel=1e-5, nan_ok=True)


#: maps of noise by column: the values that are listed there
MAPS = {"error": lambda e: e, "variance": np.square, "weight": lambda e: e**-2.0}


@pytest.mark.parametrize(("column", "meant"), [(c, m) for c in MAPS for m in MAPS if c != m])
@pytest.mark.parametrize("steep", [1.0, 3.0], ids=["constant", "varying"])
def test_a_map_of_another_kind_is_taken_for_what_it_is(tmp_path, column, meant, steep):
    zero_point = 22.5 if steep == 1 else 18.0
    _, noise, header, _ = sky(zero_point)
    # the noise grows along x
    ramp = np.linspace(1, steep, SHAPE[1]) * np.ones(SHAPE)
    blank = np.random.default_rng(8).standard_normal(SHAPE) * noise * ramp
    values = MAPS[meant](noise * ramp)
    row = GivenFrame("a", "r", single(tmp_path, blank, header), zero_point=zero_point)
    band = read_band(row._replace(**{column: single(tmp_path, values, name="map.fits")}))
    assert band.error == pytest.approx(NOISE * ramp, rel=1e-4)
    assert f"the column {meant} is for them" in remarks(band)


def test_relative_weights_that_vary_are_not_taken_for_errors(tmp_path):
    _, noise, header, _ = sky(22.5)
    exposures = np.repeat([1.0, 4.0], SHAPE[1] // 2) * np.ones(SHAPE)  # numbers of exposures
    blank = np.random.default_rng(9).standard_normal(SHAPE) / np.sqrt(exposures)
    scale = 12.0
    row = GivenFrame("a", "r", single(tmp_path, blank * scale, header), zero_point=22.5)
    band = read_band(row._replace(weight=single(tmp_path, exposures, name="weight.fits")))
    assert "relative, not inverse variances" in remarks(band)
    assert band.error == pytest.approx(scale / np.sqrt(exposures), rel=0.05)


def test_a_sloping_sky_of_a_small_image_is_taken_away(tmp_path):
    image, noise, header, truth = sky(22.5)
    y, x = np.indices(SHAPE)
    slope = 40 * noise * (x / SHAPE[1] - 0.5 * y / SHAPE[0])
    path = single(tmp_path, image + 500 * noise + slope, header)
    band = read_band(GivenFrame("a", "r", path, zero_point=22.5))
    assert "the sky changes over the image" in remarks(band)
    rest = band.image - truth
    # noise is that of the image: what is left is the plane
    assert np.ptp([rest[:, :20].mean(), rest[:, -20:].mean()]) < 0.3 * NOISE
    assert np.ptp([rest[:20].mean(), rest[-20:].mean()]) < 0.3 * NOISE
    assert abs(rest.mean()) < 0.5 * NOISE


def test_a_level_sky_gets_no_slope(tmp_path):
    image, noise, header, _ = sky(22.5)
    path = single(tmp_path, image + 500 * noise, header)
    band = read_band(GivenFrame("a", "r", path, zero_point=22.5))
    assert "the sky changes" not in remarks(band)


def test_a_drizzled_image_of_hubble(tmp_path):
    image, _, header, truth = sky(HUBBLE_ZERO, BUNIT="ELECTRONS/S", **HUBBLE)
    path = save(
        tmp_path / "drz.fits",
        fits.ImageHDU(image.astype(np.float32), header, name="SCI"),
        fits.ImageHDU(plane(2000.0), name="WHT"),
        fits.ImageHDU(np.ones(SHAPE, np.int32), name="CTX"),
    )
    band = read_band(GivenFrame("f", "F814W", path))
    assert_true(band, truth, HUBBLE_ZERO, error=0.1)
    assert band.about["zero_point_from"] == "PHOTFLAM and PHOTPLAM"
    assert band.about["error"].endswith("scaled to the noise of blank sky")


def test_an_image_of_hubble_in_electrons_of_the_whole_exposure(tmp_path):
    zero_point = HUBBLE_ZERO + 2.5 * np.log10(2000)
    image, _, header, truth = sky(zero_point, BUNIT="ELECTRONS", EXPTIME=2000.0, **HUBBLE)
    band = read_band(GivenFrame("f", "F814W", single(tmp_path, image, header)))
    assert_true(band, truth, zero_point, error=0.1)
    assert "the exposure time 2000 s is added" in remarks(band)


@pytest.mark.parametrize(
    ("kind", "power"),
    [("StdDevUncertainty", 1), ("VarianceUncertainty", 2), ("InverseVariance", -2)],
)
def test_an_image_of_ccddata(tmp_path, kind, power):
    image, noise, header, truth = sky(25.0)
    path = save(
        tmp_path / "ccd.fits",
        fits.ImageHDU(image.astype(np.float32), header),
        fits.ImageHDU(np.zeros(SHAPE, np.uint8), name="MASK"),
        fits.ImageHDU(plane(noise**power), fits.Header([("UTYPE", kind)]), name="UNCERT"),
    )
    band = read_band(GivenFrame("f", "g", path, zero_point=25.0))
    assert_true(band, truth, 25.0)
    assert not band.about["remarks"]


def test_weights_beside_an_image_have_no_scale_and_those_of_the_table_have(tmp_path):
    image, noise, header, truth = sky(25.0)
    path = save(
        tmp_path / "both.fits",
        fits.ImageHDU(image.astype(np.float32), header, name="SCI"),
        fits.ImageHDU(plane(1.3 * noise**-2), name="WEIGHT"),
    )
    row = GivenFrame("f", "g", path, zero_point=25.0)
    band = read_band(row)
    assert_true(band, truth, 25.0, error=0.1)
    assert "the weights are of unknown scale (HDU WEIGHT of" in remarks(band)
    band = read_band(row._replace(weight=path))
    assert np.median(band.error) == pytest.approx(NOISE / np.sqrt(1.3), rel=1e-3)


def test_relative_weights_are_scaled_to_noise_that_is_correlated(tmp_path):
    header = sky(25.0)[2]
    noise = ndimage.uniform_filter(np.random.default_rng(4).standard_normal((300, 300)), 2)
    path = save(
        tmp_path / "drz.fits",
        fits.ImageHDU(noise.astype(np.float32), header, name="SCI"),
        fits.ImageHDU(np.full((300, 300), 1500.0, np.float32), name="WHT"),
    )
    band = read_band(GivenFrame("f", "g", path, zero_point=22.5))
    assert np.median(band.error) == pytest.approx(0.5, rel=0.03)  # neighbours differ by less


@pytest.mark.parametrize("factor", [1.0, 4.0])
def test_an_image_of_webb(tmp_path, factor):
    area = factor * (SCALE / 206264.806) ** 2
    image, noise, header, truth = sky(SURFACE, BUNIT="MJy/sr", PIXAR_SR=area)
    image[:20, :20] = np.nan
    path = save(
        tmp_path / "i2d.fits",
        fits.ImageHDU(image.astype(np.float32), header, name="SCI"),
        fits.ImageHDU(plane(noise), name="ERR"),
        fits.ImageHDU(np.ones((1, *SHAPE), np.int32), name="CON"),
        fits.ImageHDU(plane(3.0), name="WHT"),
        fits.ImageHDU(plane(noise**2), name="VAR_POISSON"),
    )
    band = read_band(GivenFrame("f", "F200W", path))
    assert_true(band, truth, SURFACE)
    assert np.array_equal(band.mask != 0, np.isnan(image))
    assert ("PIXAR_SR" in remarks(band)) == (factor != 1)
    assert len(band.about["remarks"]) == (factor != 1)


@pytest.mark.parametrize(
    ("unit", "zero_point"),
    [
        ("10*nJy", 28.9),
        ("nanoJansky", 31.4),
        ("1E-9 Jy", 31.4),
        ("uJy/arcsec2", 23.9 - 2.5 * np.log10(SCALE**2)),
        ("nanomaggies", 22.5),
        ("maggy", 0.0),
        ("erg/s/cm2/Hz", -48.6),
        ("erg/s/cm2/Angstrom", -2.408 - 5 * np.log10(6000)),
    ],
)
def test_units_of_flux(tmp_path, unit, zero_point):
    image, _, header, truth = sky(zero_point, BUNIT=unit)
    fits.writeto(tmp_path / "image.fits", image, header)
    band = read_band(GivenFrame("f", "r", str(tmp_path / "image.fits"), wavelength=6000.0))
    assert_true(band, truth, zero_point, error=0.1)
    assert band.about["zero_point_from"] == f"BUNIT {unit}"


def test_a_unit_of_magnitudes_is_refused(tmp_path):
    image, _, header, _ = sky(22.5, BUNIT="mag/arcsec2")
    with pytest.raises(InputError, match="image: .*BUNIT is 'mag/arcsec2'; allowed: "):
        read_band(GivenFrame("f", "g", single(tmp_path, image, header)))


@pytest.mark.parametrize(
    ("cards", "said"),
    [
        (
            {"MAGZERO": 25.0, "MAGZPT": 31.0},
            "the zero point 25, and MAGZPT states 31: MAGZERO is",
        ),
        ({"MAGZERO": 25.0, "BUNIT": "nJy"}, "and BUNIT nJy states 31.4: MAGZERO is used"),
        ({"MAGZPT": 25.0, "BUNIT": "adu", "EXPTIME": 90.0}, "per second, zero_point is 29.89"),
        ({"ZPNDAT": 57, "ZPTMAG": 25.0}, "ZPNDAT = 57, ZPTMAG = 25 of the header may state"),
        ({"BUNIT": "Jy/beam"}, "the unit 'Jy/beam' (BUNIT) does not state a zero point"),
        ({"BUNIT": "erg/s/cm2/Angstrom"}, "per wavelength: the column wavelength"),
        ({"MAGZP": (22.5, "Magnitude zeropoint (in Vega mag)")}, "is a Vega magnitude"),
        ({"MAGZPT": (20.0, "for 1 sec"), "EXPTIME": 90.0}, "is for one second by its comment"),
    ],
)
def test_doubtful_zero_points_are_said(tmp_path, cards, said):
    image, _, header, _ = sky(25.0, **cards)
    band = read_band(GivenFrame("f", "g", single(tmp_path, image, header)))
    assert said in remarks(band)
    unsure = "Vega" in said or "zero point unknown" in remarks(band)
    assert (band.about["unit"] == "count") == unsure
    if "one second" in said:
        assert band.about["zero_point"] == pytest.approx(20 + 2.5 * np.log10(90))


def test_a_zero_point_of_the_table_comes_first_and_a_contradiction_is_said(tmp_path):
    image, _, header, truth = sky(25.0, MAGZERO=31.0)
    row = GivenFrame("f", "g", single(tmp_path, image, header), zero_point=25.0)
    band = read_band(row)
    assert_true(band, truth, 25.0, error=0.1)
    assert "25 of the table is used; the file states 31 (MAGZERO)" in remarks(band)


def test_invalid_variances_are_left_out(tmp_path):
    image, noise, header, truth = sky(25.0)
    variance = plane(noise**2)
    for row, value in enumerate((0, -1, np.nan, np.inf)):
        variance[3 * row : 3 * row + 3] = value
    given = single(tmp_path, variance, name="variance.fits")
    row = GivenFrame("f", "g", single(tmp_path, image, header), variance=given, zero_point=25.0)
    band = read_band(row)
    assert_true(band, truth, 25.0)
    assert np.isnan(band.error[:12]).all()
    assert np.isfinite(band.error[12:]).all()


@pytest.mark.parametrize("border", [np.nan, 0.0, -99.0, 1e30], ids=str)
def test_borders_without_a_value(tmp_path, border):
    image, _, header, truth = sky(25.0)
    image[:30] = border
    row = GivenFrame("f", "g", single(tmp_path, image, header), zero_point=25.0)
    band = read_band(row)
    assert_true(band, truth, 25.0, error=0.1)
    assert np.array_equal(band.mask != 0, np.indices(SHAPE)[0] < 30)
    assert ("count as without a value" in remarks(band)) == (abs(np.nan_to_num(border)) > 1)


def test_one_row_of_a_code_has_no_value(tmp_path):
    image, _, header, truth = sky(25.0)
    image[0] = -32768
    band = read_band(GivenFrame("f", "g", single(tmp_path, image, header), zero_point=25.0))
    assert_true(band, truth, 25.0, error=0.1)
    assert np.array_equal(band.mask != 0, np.indices(SHAPE)[0] < 1)


def test_zeros_about_a_small_image_have_no_value(tmp_path):
    image, _, header, truth = sky(25.0)
    shown = np.zeros(SHAPE, bool)
    shown[20:80, 25:75] = True
    image[~shown] = 0
    band = read_band(GivenFrame("f", "g", single(tmp_path, image, header), zero_point=25.0))
    assert np.array_equal(band.mask == 0, shown)
    assert np.nanmedian(band.error) == pytest.approx(NOISE, rel=0.15)


def test_whole_numbers_about_the_sky_are_values(tmp_path):
    for noise, name in ((0.4, "quiet.fits"), (2.0, "loud.fits")):
        counts = np.rint(1000 + noise * np.random.default_rng(2).standard_normal(SHAPE))
        row = GivenFrame("f", "g", single(tmp_path, counts, sky(25.0)[2], name), zero_point=25.0)
        band = read_band(row)
        assert not band.mask.any()
        assert np.isfinite(band.image).all()


@pytest.mark.parametrize("value", [0.0, -99.0, 99.0])
def test_a_zero_point_that_cannot_be_is_not_used(tmp_path, value):
    image, _, header, _ = sky(25.0, MAGZERO=value)
    band = read_band(GivenFrame("f", "g", single(tmp_path, image, header)))
    assert band.about["unit"] == "count"
    assert f"the zero point {value:g} (MAGZERO) is not used" in remarks(band)


def test_a_zero_point_of_the_table_that_cannot_be_is_doubted(tmp_path):
    image, _, header, _ = sky(25.0)
    band = read_band(GivenFrame("f", "g", single(tmp_path, image, header), zero_point=2.5))
    assert "makes the noise of a pixel 4.2 mag; check the column zero_point" in remarks(band)


def test_a_constant_image_is_refused_as_such(tmp_path):
    path = single(tmp_path, plane(7.0), sky(25.0)[2])
    with pytest.raises(InputError, match="a constant image: it has no noise"):
        read_band(GivenFrame("f", "g", path, zero_point=25.0))


def test_a_mask_whose_zero_is_bad(tmp_path):
    image, _, header, _ = sky(25.0)
    image[:9] = np.nan
    good = np.ones(SHAPE, np.uint8)
    good[:9] = 0
    row = GivenFrame("f", "g", single(tmp_path, image, header), zero_point=25.0)
    with pytest.raises(InputError, match="mask: .*the image has no value where it is 0"):
        read_band(row._replace(mask=single(tmp_path, good, name="good.fits")))
    with pytest.raises(InputError, match="mask: .*every pixel is masked"):
        read_band(row._replace(mask=single(tmp_path, plane(1.0), name="all.fits")))
    image, _, header, _ = sky(25.0)  # with a value everywhere, it can only be doubted
    row = row._replace(image=single(tmp_path, image, header, "whole.fits"))
    band = read_band(row._replace(mask=str(tmp_path / "good.fits")))
    assert "92 % of the pixels are masked; in a mask, 0 is good" in remarks(band)


def test_an_image_of_few_photons(tmp_path):
    counts = np.random.default_rng(1).poisson(0.05, SHAPE)
    header = sky(20.0)[2]
    header["BUNIT"] = "counts"
    row = GivenFrame("f", "FUV", single(tmp_path, counts, header), zero_point=18.82)
    band = read_band(row)
    error = np.median(band.error) * 10 ** (0.4 * (18.82 - 22.5))
    assert error == pytest.approx(np.sqrt(0.05), rel=0.1)


@pytest.mark.parametrize("side", [50, 20])
def test_small_cut_outs(tmp_path, side):
    image, _, header, truth = sky(25.0)
    path = single(tmp_path, image[:side, :side], header)
    band = read_band(GivenFrame("f", "g", path, zero_point=25.0))
    assert band.image.shape == (side, side)
    assert abs(np.median(band.image - truth[:side, :side])) < NOISE


@pytest.mark.parametrize("side", [12, 5])
def test_a_cut_out_that_is_too_small_is_refused(tmp_path, side):
    image, _, header, _ = sky(25.0)
    path = single(tmp_path, image[:side, :side], header)
    with pytest.raises(InputError, match="too few pixels have a value"):
        read_band(GivenFrame("f", "g", path, zero_point=25.0))


def test_a_cut_out_of_the_legacy_surveys_with_a_plane_per_band(tmp_path):
    image, _, header, truth = sky(22.5)
    cube = np.stack([image, 2 * image, 3 * image, 4 * image]).astype(np.float32)
    header.update({"BANDS": "griz", "BAND0": "g", "BAND1": "r", "BAND2": "i", "BAND3": "z"})
    path = tmp_path / "cutout.fits"
    fits.writeto(path, cube, header)
    for number, name in enumerate("griz", start=1):
        band = read_band(GivenFrame("f", name, f"{path}[{name}]", zero_point=22.5))
        assert band.image == pytest.approx(number * truth, rel=1e-4, abs=1e-4)
        assert f"plane {number} of 4 is read, the band {name}" in remarks(band)
    with pytest.raises(InputError, match=r"band B: the planes of the cube are g, r, i, z"):
        read_band(GivenFrame("f", "b", f"{path}[B]"))
    with pytest.raises(InputError, match=r"file.fits\[g\] chooses a plane: g, r, i, z"):
        read_band(GivenFrame("f", "g", str(path)))


def test_one_file_with_an_hdu_per_band(tmp_path):
    image, _, header, truth = sky(25.0, MAGZERO=25.0)
    hdus = [
        fits.ImageHDU((number * image).astype(np.float32), header, name=name)
        for number, name in enumerate("gri", start=1)
    ]
    path = save(tmp_path / "bands.fits", *hdus)
    for number, name in enumerate("gri", start=1):
        for chosen in (name, number):
            band = read_band(GivenFrame("f", name, f"{path}[{chosen}]"))
            assert band.image == pytest.approx(number * truth, rel=1e-4, abs=1e-4)
    assert "other images: HDU 2 (R)" in remarks(read_band(GivenFrame("f", "g", path)))


def test_what_was_assumed_is_written_into_the_frame(tmp_path):
    image, _, header, _ = sky(25.0, MAGZP=(25.0, "Vega"), REMARK1="of the observer")
    path = single(tmp_path, image, header)
    bands = ["g", "r"]
    prepare_field(
        status=str(tmp_path / "status.json"),
        masks=str(tmp_path / "masks.fits"),
        rows={band: list(GivenFrame("f", band, path)) for band in bands},
        fault=None,
        bands=bands,
        reference_band="g",
        folder=str(tmp_path),
        field="f",
    )
    written = fits.getheader(tmp_path / "g.fits")
    assert written["REMARK1"].startswith("MAGZP = 25 is a Vega magnitude")
    assert "REMARK2" not in written
    assert written["ZPFROM"] == "MAGZP, Vega"
    scale = band_scales(["g"], [written], "")["g"]
    assert facts_of("flux_g", {"g": scale}) == {
        "unit": "count",
        "zero_point": "22.5, not AB: MAGZP, Vega",
    }
