"""Photometry of images: the demo's exposures, the simple mode, bad input, real exposures."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from conftest import ROOT, run
from redpix.core.exceptions import InputError
from redpix.demo import ccd
from redpix.image.masks import bit_value
from redpix.photometry import light_curve_files, measure
from redpix.photometry.exposure_image import calibrate_image
from redpix.photometry.light_curve_tables import air_scatter, scatter_table
from redpix.photometry.light_curves import Scaled
from redpix.photometry.measured_exposure import (
    ForcedPhotometry,
    MeasuredExposure,
    forced,
    positions_in,
)
from redpix.photometry.planes_file import write_planes
from redpix.photometry.star_table import SEVEN
from redpix.report import photometry_plots
from redpix.report.files import render
from redpix.report.light_curves_section import show_light_curves
from redpix.report.photometry_section import show_images
from star_field import Moffat, simulate

CAMERA = {"camera": dict.fromkeys(("gain", "read_noise", "saturation", "zero_point"))}
SETTINGS = CAMERA | {"flat": "maximum", "scale_dark": False}


@pytest.fixture(scope="module")
def night(demo):
    """Return the folder with the photometry of the demo's exposures."""
    return demo / "results/demo/photometry"


def known(demo, index):
    return pd.read_csv(demo / f"results/demo/demo/ccd/exposure_{index}.stars.csv")


def test_the_demos_stars_have_their_magnitudes(demo, night):
    for index, exposure in enumerate(ccd.EXPOSURES, start=1):
        table = pd.read_csv(night / f"{exposure.name}.csv")
        assert tuple(table.columns[:7]) == SEVEN
        with fits.open(night / f"{exposure.name}.residual.fits") as hdus:
            cards = hdus[0].header
        zero = ccd.ZERO_POINT + 2.5 * np.log10(exposure.transparency)
        assert cards["ZEROPT"] == pytest.approx(zero, abs=0.01)
        truth = known(demo, index)
        bright = truth[(truth["magnitude"] < 15.5)]
        pulls = []
        for star in bright.itertuples():
            row = table.loc[
                np.hypot(table["centroid_x"] - star.x, table["centroid_y"] - star.y).idxmin()
            ]
            if abs(row.centroid_x - star.x) < 1 and row["flags"] == 0:
                pulls.append(
                    (row.magnitude - star.magnitude) / np.hypot(row.magnitude_error, 0.003)
                )
        assert len(pulls) > 15
        assert 1.4826 * np.median(np.abs(pulls)) < 1.8


def test_light_curves_of_the_demo(demo, night):
    curves = pd.read_csv(night / "lightcurves.csv")
    scatter = pd.read_csv(night / "scatter.csv")
    assert set(curves["image"]) == {exposure.name for exposure in ccd.EXPOSURES}
    minutes = (curves.groupby("image")["mjd"].first() - curves["mjd"].min()) * 1440
    assert minutes.tolist() == pytest.approx([0, 2, 4], abs=0.01)
    sky = ccd.draw_sky(1)
    changed = np.ptp(sky.magnitude, axis=0) > 0.2
    steady = scatter[(scatter["flags"] == 0) & (scatter["magnitude"] < 15.5)]
    assert changed.any()
    for number in np.flatnonzero(changed):
        distance = np.hypot(scatter["x"] - sky.x[number], scatter["y"] - sky.y[number])
        star = scatter.loc[distance.idxmin()]
        steady = steady.drop(distance.idxmin(), errors="ignore")
        light = 10 ** (-0.4 * sky.magnitude[:, number])
        true = np.std(light / light.mean(), ddof=1)
        assert distance.min() < 1
        assert star.scatter == pytest.approx(true, abs=3 * star.expected)
        assert star.scatter > 2.5 * star.expected
    ratio = steady["scatter"] / steady["expected"]
    assert 0.4 < ratio.median() < 1.8
    exposures = [
        MeasuredExposure(name, *(night / f"{name}.{part}" for part in parts))
        for name, parts in (("exposure_1", ("calibrated.fits", "csv", "residual.fits")),)
    ]
    assert exposures[0].positions.shape[1] == 2


def test_the_report_shows_stars_and_light_curves(demo, night):
    names = [exposure.name for exposure in ccd.EXPOSURES][:1]
    shown = show_images(
        [str(demo / f"results/demo/demo/ccd/{name}.fits") for name in names],
        *([str(night / f"{n}.{end}") for n in names] for end in ("calibrated.fits", "csv")),
        [str(night / f"{name}.residual.fits") for name in names],
    )
    pictures = shown["images"][0]["pictures"]
    assert set(pictures) == {"calibration", "stars", "stamps", "psf", "psf_over_field", "growth"}
    assert all(uri.startswith("data:image/") for uri in pictures.values())
    (field,) = show_light_curves([str(night / f"{n}.csv") for n in ("lightcurves", "scatter")])
    assert field["scatter"].startswith("data:image/webp")
    page = render(
        ROOT / "workflow/report/photometry.html.j2",
        photometry=shown,
        light_curves=[field],
        targets=[],
        viewers={"images": {}, "charts": False},
    )
    assert page.count("<img") == 9
    assert "zero point" in page
    assert show_images([], [], [], []) is None
    assert show_light_curves([]) == []
    assert 'id="photometry"' in (demo / "results/demo/report.html").read_text(encoding="utf-8")


def small_night(folder, **header):
    """Write a raw image, a dark and a flat; return the field that they show."""
    field = simulate(3, 200, 25, Moffat())
    flat = 0.6 + 0.4 * np.random.default_rng(1).random(field.image.shape)
    raw = np.clip(np.rint(field.image * flat / flat.max() + 300), 0, 60000)
    image = fits.PrimaryHDU(raw.astype(np.uint16))
    image.header.update(header)
    image.writeto(folder / "raw.fits")
    fits.writeto(folder / "dark.fits", np.full(raw.shape, 300, np.int16))
    fits.writeto(folder / "flat.fits", (flat * 20000).astype(">f4"))
    return field, raw, flat


def test_simple_mode_is_the_courses_pipeline(tmp_path):
    field, raw, flat = small_night(tmp_path)
    text = "image\tpath\tdark\tflat\nday\traw.fits\tdark.fits\tflat.fits\n"
    (tmp_path / "i.tsv").write_text(text)
    settings = {"name": "s", "images": "i.tsv", "demo": {"shows": []}}
    words = run(tmp_path, "photometry", **settings, photometry={"mode": "simple"})
    assert "the gain is unknown; " in words
    assert "electrons per count are taken from level and noise of blank sky" in words
    folder = tmp_path / "results/s/photometry"
    table = pd.read_csv(folder / "day.csv")
    assert tuple(table.columns) == SEVEN
    assert len(table) > 5
    # the same steps by hand from the calibrated image
    with fits.open(folder / "day.calibrated.fits") as hdus:
        image = hdus["SCI"].data.astype(float)
        sky = hdus["BACKGROUND"].data.astype(float)
    assert image + sky == pytest.approx((raw - 300) / (flat / flat.max()), rel=1e-4)
    star = table.iloc[2]
    row, column = int(star.peak_y), int(star.peak_x)
    cut = image[row - 5 : row + 6, column - 5 : column + 6]
    y, x = np.indices(cut.shape) - 5
    centre = (cut * x).sum() / cut.sum(), (cut * y).sum() / cut.sum()
    assert (star.centroid_x - star.peak_x, star.centroid_y - star.peak_y) == pytest.approx(
        centre, abs=1e-3
    )
    width = np.sqrt((cut * x**2).sum() / cut.sum() - centre[0] ** 2)
    assert star.width_x == pytest.approx(width, abs=1e-3)
    p = np.exp(
        -((x - centre[0]) ** 2) / 2 / star.width_x**2 - (y - centre[1]) ** 2 / 2 / star.width_y**2
    )
    p /= p.sum()
    assert star.psf_flux == pytest.approx((cut * p).sum() / (p**2).sum(), rel=1e-3)
    assert set(pd.read_csv(folder / "day.rejected.csv").columns) == {"peak_x", "peak_y", "reason"}
    assert not (folder / "lightcurves.csv").exists()


def measured(folder, image, mask, catalogue=None, **cards):
    """Return a measured exposure of sky 200, gain 2 and noise 10.3."""
    flat = np.ones(image.shape)
    planes = {"SCI": image - 195, "ERR": 10.3 * flat, "MASK": mask}
    planes |= {"BACKGROUND": 195 * flat, "GAIN": 2 * flat}
    paths = [str(folder / f"one.{end}") for end in ("calibrated.fits", "csv", "residual.fits")]
    write_planes(paths[0], planes, fits.Header(cards), [])
    settings = {"mode": "full", "threshold": 4.5, "background_mesh": 64, "window": 11}
    measure.measure_stars(
        image=paths[0],
        stars=paths[1],
        rejected=str(folder / "one.rejected.csv"),
        residual=paths[2],
        row={"magnitude": "r"},
        settings=settings,
        catalogue=catalogue,
    )
    return MeasuredExposure("one", *paths)


def test_the_sky_of_a_hidden_pixel_is_not_known(tmp_path):
    field = simulate(3, 256, 40, Moffat())
    image, mask = field.image.copy(), np.zeros(field.image.shape, np.int16)
    brightest, other = np.argsort(field.flux)[[-1, -6]]
    row, column = round(field.y[brightest]), round(field.x[brightest])
    core = np.s_[row - 1 : row + 2, column - 1 : column + 2]
    image[core], mask[core] = 60000, bit_value("SATURATED")
    hot = round(field.y[other]), round(field.x[other]) + 3
    image[hot] += 20000
    exposure = measured(tmp_path, image, mask)
    assert (pd.read_csv(tmp_path / "one.rejected.csv")["peak_x"] == hot[1]).any()
    with fits.open(exposure.residual) as hdus:
        sky = hdus["SKY"].data.astype(float)
    assert np.isnan(sky[core]).all()
    assert np.isnan(sky[hot])
    assert np.isnan(sky).sum() < 15
    assert sky[np.isfinite(sky)] == pytest.approx(200, abs=5)
    stars = exposure.stars
    saturated = stars.loc[np.hypot(stars["peak_x"] - column, stars["peak_y"] - row).idxmin()]
    assert mask[int(saturated.peak_y), int(saturated.peak_x)]
    assert saturated.sky == pytest.approx(sky[row, column + 2], abs=0.1)
    assert stars["sky"].to_numpy() == pytest.approx(200, abs=5)
    # forced photometry at the fitted positions reproduces the fluxes
    flux, error, *_ = forced(exposure, exposure, exposure.positions.T)
    near = np.hypot(stars["centroid_x"] - hot[1], stars["centroid_y"] - hot[0]).idxmin()
    assert flux[near] == pytest.approx(stars["psf_flux"][near], abs=0.1 * error[near])


def test_a_dead_pixel_of_the_flat_spoils_no_forced_photometry(tmp_path):
    field = simulate(3, 256, 40, Moffat())
    one = np.argsort(field.flux)[-6]
    row, column = round(field.y[one]) + 3, round(field.x[one])
    mask = np.zeros(field.image.shape, np.int16)
    mask[row, column] = bit_value("BAD")
    exposure = measured(tmp_path, field.image, mask)
    with fits.open(exposure.calibrated, mode="update") as hdus:
        hdus["GAIN"].data[row, column] = np.nan
    flux, error, *_ = forced(exposure, exposure, exposure.positions.T)
    difference = (flux - exposure.stars["psf_flux"]) / error
    assert len(flux) > 25
    assert abs(difference).max() < 0.1


def test_only_a_wcs_of_the_sky_gives_places_in_it(tmp_path):
    field = simulate(3, 200, 25, Moffat())
    mask = np.zeros(field.image.shape, np.int16)
    cards = {"CRPIX1": 101, "CRPIX2": 101, "CRVAL1": 50.0, "CRVAL2": 5.0}
    scale = {"CDELT1": -1e-3, "CDELT2": 1e-3}
    for kinds, many in (
        ({"CTYPE1": "LINEAR", "CTYPE2": "LINEAR"}, False),
        ({"CTYPE1": "RA---TAN"}, False),
        ({"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN"}, False),
        ({"CTYPE1": "DEC--TAN", "CTYPE2": "RA---TAN"}, False),
        ({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}, True),
    ):
        stars = measured(tmp_path, field.image, mask, **kinds, **cards, **scale).stars
        assert len(stars) > 10
        assert stars[["ra", "dec"]].notna().all(axis=None) == many
        assert stars[["ra", "dec"]].isna().all(axis=None) != many
        for name in ("one.calibrated.fits", "one.csv", "one.rejected.csv", "one.residual.fits"):
            (tmp_path / name).unlink()


def test_too_few_known_stars_cost_the_magnitudes_alone(tmp_path, caplog):
    field = simulate(3, 256, 40, Moffat())
    bright = np.argsort(-field.flux)[:12]
    known = pd.DataFrame({"x": field.x[bright], "y": field.y[bright]})
    known["r"] = 25 - 2.5 * np.log10(field.flux[bright])
    path = str(tmp_path / "known.csv")
    mask = np.zeros(field.image.shape, np.int16)
    for number in (12, 2):
        known[:number].to_csv(path, index=False)
        exposure = measured(tmp_path, field.image, mask, path)
        assert len(exposure.stars) > 25
        for end in ("calibrated.fits", "csv", "rejected.csv", "residual.fits"):
            if number > 2:
                (tmp_path / f"one.{end}").unlink()
        assert exposure.stars["magnitude"].isna().all() == (number == 2)
    assert "known.csv: 2 of its stars are measured well in the image and agree" in caplog.text
    assert np.isnan(exposure.zero_point)


def small_field(folder, stars, exposures=2):
    """Return the files of a field that the rule light_curves matches stars with."""
    places = np.random.default_rng(7).uniform(0, 100, (stars, 2))
    table = pd.DataFrame(places, columns=["centroid_x", "centroid_y"])
    table = table.assign(psf_flux=1e4, flags=0)
    names = [f"e{number}" for number in range(exposures)]
    files = {kind: [str(folder / f"{name}.{kind}") for name in names] for kind in ("fits", "csv")}
    for image, path in zip(files["fits"], files["csv"], strict=True):
        fits.writeto(image, np.zeros((100, 100)))
        table.to_csv(path, index=False)
    return {
        "calibrated": files["fits"],
        "stars": files["csv"],
        "residuals": files["fits"],
        "curves": str(folder / "c.csv"),
        "scatter": str(folder / "s.csv"),
        "exposures": str(folder / "e.csv"),
        "images": names,
        "fields": {"m67": names},
        "settings": {"telescope_diameter": 0.5, "site_altitude": 0, "detrend": []},
    }


@pytest.mark.parametrize(
    ("stars", "words"),
    [
        (1, "m67: fewer than two exposures show the same stars"),
        (20, "m67: no star is measured in all exposures"),
    ],
)
def test_a_field_without_common_stars_has_no_light_curves(
    tmp_path, monkeypatch, caplog, stars, words
):
    job = small_field(tmp_path, stars)

    def half_forced(exposure, reference, positions, radii):
        # each exposure shows one half of the stars
        flux = np.full(stars, np.nan)
        flux[int(exposure.image[1:]) :: 2] = 1e4
        return ForcedPhotometry(flux, flux / 100, {})

    monkeypatch.setattr(light_curve_files, "forced", half_forced)
    light_curve_files.make_light_curves(**job)
    assert words in caplog.text
    for path in (job["curves"], job["scatter"]):
        assert pd.read_csv(path).columns.tolist() == ["field", "star"]
    assert show_light_curves([job["curves"], job["scatter"]]) == []


def test_a_field_of_few_stars_has_light_curves_of_the_references_magnitudes(tmp_path, monkeypatch):
    """The exposures have a transmission of 1, 0.5 and 0.2."""
    job = small_field(tmp_path, 4, exposures=3)
    job["settings"]["telescope_diameter"] = None
    light = {"e0": 1.0, "e1": 0.5, "e2": 0.2}
    flux = np.array([1e5, 2e4, 4e4, 9e4])
    # among exposures with equal numbers of stars, the last one is the reference
    fits.setval(job["residuals"][2], "ZEROPT", value=25.0)

    def scaled_flux(exposure, reference, positions, radii):
        assert np.transpose(positions) == pytest.approx(reference.positions)
        return ForcedPhotometry(
            light[exposure.image] * flux, light[exposure.image] * flux / 500, {}
        )

    monkeypatch.setattr(light_curve_files, "forced", scaled_flux)
    light_curve_files.make_light_curves(**job)
    found = pd.read_csv(job["scatter"])
    assert found["flux"].to_numpy() == pytest.approx(flux * (1.7 / 3))
    expected = 25 - 2.5 * np.log10(0.2 * flux)
    assert found["magnitude"].to_numpy() == pytest.approx(expected, abs=1e-3)


def test_a_field_that_fails_does_not_cost_another_its_light_curves(tmp_path, monkeypatch, caplog):
    job = small_field(tmp_path, 4, exposures=4)
    job["fields"] = {"bad": ["e0", "e1"], "good": ["e2", "e3"]}

    def measured_or_not(exposure, reference, positions, radii):
        if exposure.image == "e1":
            raise np.linalg.LinAlgError("Singular matrix")
        return ForcedPhotometry(np.full(4, 1e5), np.full(4, 200.0), {})

    monkeypatch.setattr(light_curve_files, "forced", measured_or_not)
    light_curve_files.make_light_curves(**job)
    assert "bad: Singular matrix, so no light curves" in caplog.text
    assert set(pd.read_csv(job["curves"])["field"]) == {"good"}
    fate = pd.read_csv(job["exposures"]).set_index("image")
    assert fate["used"].to_dict() == {"e0": "no", "e1": "no", "e2": "yes", "e3": "yes"}


def test_two_exposures_know_each_others_pixels_by_their_wcs(tmp_path):
    cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 50.0, "CRVAL2": 5.0}
    cards |= {"CRPIX1": 50.0, "CRPIX2": 50.0, "CDELT1": -1e-3, "CDELT2": 1e-3}
    pd.DataFrame({"centroid_x": [5.0], "centroid_y": [4.0]}).to_csv(tmp_path / "s.csv")
    pd.DataFrame({"centroid_x": [17.2], "centroid_y": [-0.8]}).to_csv(tmp_path / "t.csv")
    exposures = []
    for number, more in enumerate(({}, {"CRPIX1": 62.0, "CRPIX2": 45.0}, {"CTYPE1": "LINEAR"})):
        path = str(tmp_path / f"{number}.fits")
        fits.writeto(path, np.zeros((500, 500)), fits.Header(cards | more))
        stars = tmp_path / ("t.csv" if number else "s.csv")
        exposures.append(MeasuredExposure(str(number), path, stars, path))
    positions = positions_in(exposures[1], exposures[0])
    assert positions.ravel() == pytest.approx([17.0, -1.0], abs=1e-3)
    assert exposures[0].matrix_to(exposures[2]) is None


def test_what_is_not_known_of_an_exposure_is_not_made_up(tmp_path, caplog):
    optics = {"telescope_diameter": 0.5, "site_altitude": 2000}
    caplog.set_level("INFO", "redpix")
    whole = {"EXPTIME": 20, "AIRMASS": 1.2}
    # sigma^2 = 1e-5 * 1.5^2 * 0.5^(-4/3) / 20 * 1.2^3 * exp(-2 * 2000 / 8000), by hand
    assert air_scatter("m67", [whole], optics) == pytest.approx(0.0017237, abs=1e-7)
    assert air_scatter("m67", [{}], optics | {"telescope_diameter": None}) == 0
    assert not caplog.text
    for part in ({"EXPTIME": 20}, {"AIRMASS": 1.2}, {"EXPTIME": 0, "AIRMASS": 1.2}):
        assert np.isnan(air_scatter("m67", [whole, part, whole], optics))
        assert "m67: exposure time or airmass is not known" in caplog.text
        caplog.clear()
    stars = pd.DataFrame(
        {"centroid_x": [5.0, 9.0], "centroid_y": [4.0, 8.0], "psf_flux": 1e4, "flags": 0}
    )
    stars.to_csv(tmp_path / "one.csv", index=False)
    fits.writeto(tmp_path / "one.fits", np.zeros((20, 20)))
    reference = MeasuredExposure("one", "", tmp_path / "one.csv", tmp_path / "one.fits")
    relative = np.array([[1.0, 0.9], [1.1, 1.0], [0.9, 1.1]])
    scaled = Scaled(relative, 0.01 * relative, np.ones(3), np.array([1e4, 1e3]), relative**0)
    table = scatter_table("m67", reference, 1.0, scaled, [{}] * 3, optics)
    assert table["magnitude"].isna().all()
    assert table["expected_scintillation"].isna().all()
    # the known part of the noise remains
    assert table["expected"].tolist() == table["expected_photons"].tolist()
    assert "m67: no zero point" in caplog.text
    (axes,) = photometry_plots.scatter_figure(table).axes
    assert axes.get_xlabel() == "instrumental magnitude, -2.5 log10(flux)"
    assert np.sort(axes.lines[0].get_xdata()).tolist() == [-10, -7.5]
    (axes,) = photometry_plots.scatter_figure(table.assign(magnitude=[15.0, 17.5])).axes
    assert axes.get_xlabel() == "magnitude"
    assert axes.lines[0].get_xdata().tolist() == [15, 17.5]


def row_of(folder, **more):
    row = dict.fromkeys(("dark", "flat", "mask", "exposure", "gain", "read_noise", "saturation"))
    return row | {"path": str(folder / "raw.fits")} | more


def test_bad_input_ends_in_one_line_that_names_the_file(tmp_path):
    small_night(tmp_path)
    fits.writeto(tmp_path / "small.fits", np.ones((10, 10)))
    fits.writeto(tmp_path / "zero.fits", np.zeros((200, 200)))
    fits.writeto(tmp_path / "all.fits", np.ones((200, 200), np.int16))
    fits.PrimaryHDU().writeto(tmp_path / "empty.fits")
    (tmp_path / "text.fits").write_text("no FITS")
    (tmp_path / "a.reg").write_text("fk5\ncircle(1,2,3)\n")
    for more, settings, words in (
        ({"dark": "small.fits"}, {}, "raw.fits: the dark has 10 x 10 pixels"),
        ({"flat": "zero.fits"}, {}, "raw.fits: 0 % of the flat is above zero"),
        ({"mask": "all.fits"}, {}, "all.fits: it hides the whole image"),
        ({"mask": "small.fits"}, {}, "small.fits: it has 10 x 10 pixels"),
        ({"mask": "a.reg"}, {}, "/a.reg: line 1: fk5: the image has no usable WCS"),
        ({"path": str(tmp_path / "empty.fits")}, {}, "empty.fits: no HDU holds an image"),
        ({"path": str(tmp_path / "text.fits")}, {}, "text.fits: does not open as FITS"),
        ({"dark": "dark.fits"}, {"scale_dark": True}, "raw.fits: no exposure time, so the dark"),
    ):
        paths = {
            key: str(tmp_path / value) if key != "path" else value for key, value in more.items()
        }
        with pytest.raises(InputError) as error:
            calibrate_image(row_of(tmp_path, **paths), SETTINGS | settings)
        assert words in str(error.value)
        assert "\n" not in str(error.value)


def test_a_dark_is_scaled_by_the_exposures(tmp_path):
    small_night(tmp_path, EXPTIME=30.0)
    with fits.open(tmp_path / "dark.fits", mode="update") as hdus:
        hdus[0].header["EXPTIME"] = 60.0
    dark = str(tmp_path / "dark.fits")
    plain = calibrate_image(row_of(tmp_path, dark=dark), SETTINGS).calibrated.image
    settings = SETTINGS | {"scale_dark": True}
    scaled = calibrate_image(row_of(tmp_path, dark=dark), settings).calibrated.image
    assert np.unique(scaled - plain).tolist() == [150.0]
    row = row_of(tmp_path, dark=dark, exposure=120.0)
    given = calibrate_image(row, settings).calibrated.image
    assert np.unique(given - plain).tolist() == [-300.0]


def test_a_table_of_images_that_is_wrong_ends_the_run(tmp_path):
    (tmp_path / "i.tsv").write_text("image\tpath\na\tabsent.fits\n")
    words = run(tmp_path, "-n", status=1, images="i.tsv", demo={"shows": []})
    assert "images: i.tsv: line 2: path: absent.fits: the file does not exist" in words
    assert "Traceback" not in words


def test_real_exposures_run_through_to_light_curves(real, tmp_path):
    """Undersampled, trailed stars that drift by 11 pixels, hot pixels, no dark, no flat.

    Nothing says the camera's gain: 13 electrons a count is what scatter against flux tells, 8 the
    least that it allows. Telescope (15 cm) and site (1268 m) are taken for the observatory's.
    """
    paths = sorted((real / "ccd").glob("*.FITS.gz"))
    lines = ["image\tpath\tgain", *(f"{path.name[:19]}\t{path}\t13" for path in paths)]
    (tmp_path / "i.tsv").write_text("\n".join(lines) + "\n")
    settings = {"name": "hat", "images": "i.tsv", "demo": {"shows": []}}
    settings |= {"exposures": {"saturation": 4000}}
    optics = {"telescope_diameter": 0.152, "site_altitude": 1268}
    folder = tmp_path / "results/hat/photometry"
    run(
        *(tmp_path, folder.relative_to(tmp_path) / "scatter.csv"),
        **settings,
        photometry={"threshold": 8, **optics},
    )
    curves = pd.read_csv(folder / "lightcurves.csv")
    assert len(curves["image"].unique()) == 6
    # the pixels of the PSF are even, so no position in them needs a correction
    assert (curves["response"] == 1).all()
    scatter = pd.read_csv(folder / "scatter.csv")
    assert scatter["expected_scintillation"].median() == pytest.approx(0.0022, abs=0.0001)
    good = scatter[(scatter["flags"] == 0) & (scatter["exposures"] == 6)]
    # the PSF is undersampled, so bright stars are measured in circles
    assert (good["aperture"] > 0)[good["flux"] > 4000].mean() > 0.9
    assert (good["aperture"] == 0)[good["flux"] < 1000].mean() > 0.9
    # saturation is near 16000; for five degrees of freedom the median is 0.93 of the expectation
    for low, high, number, ratio, most in (
        *((300, 1000, 200, 1.2, 0.018), (1000, 4000, 80, 1.4, 0.010)),
        (4000, 16000, 25, 1.15, 0.005),
    ):
        chosen = good[(good["flux"] > low) & (good["flux"] < high)]
        assert len(chosen) > number
        assert 0.8 < (chosen["scatter"] / chosen["expected"]).median() < ratio
        assert chosen["scatter"].median() < most


def test_stars_of_the_survey_have_its_magnitudes(real, tmp_path):
    """PSF photometry of both epochs against the survey's catalogue, on the survey's zero point.

    Fourteen stars a frame tell a scatter to a fifth, those of all four frames to a tenth.
    """
    frames = {"g": "4192-4-300-g", "r": "4192-4-300-r", "g2": "6377-4-399-g", "r2": "6377-4-399-r"}
    lines = ["image\tpath", *("\t".join(row) for row in frames.items())]
    (tmp_path / "i.tsv").write_text("\n".join(lines) + "\n")
    settings = {"name": "real", "source": (real / "sas").as_uri(), "images": "i.tsv"}
    settings |= {"catalogue": {"from": "detections"}, "fields": ["4192-4-300"]}
    tables = {name: f"results/real/photometry/{name}.csv" for name in frames}
    run(tmp_path, *tables.values(), **settings, bands=["g", "r"])
    catalogue = pd.read_csv(real / "catalog/objects_4192-4-300.csv")
    spread = {}
    for name, path in tables.items():
        table, known = pd.read_csv(tmp_path / path), catalogue[name[0]]
        stars = catalogue[(known > 15.5) & (known < 19)]
        change = []
        for star in stars.itertuples():
            distance = np.hypot(table["ra"] - star.ra, table["dec"] - star.dec) * 3600
            assert distance.min() < 1
            row = table.loc[distance.idxmin()]
            # one star in fifteen is a blend and has a flag
            if row["flags"] == 0:
                change.append(row["magnitude"] - getattr(star, name[0]))
        assert len(change) >= len(stars) - 1 >= 13
        assert abs(np.median(change)) < 0.03
        spread[name] = 1.4826 * np.median(abs(np.array(change) - np.median(change)))
    assert max(spread["g"], spread["r"]) < 0.012
    assert np.sqrt(np.mean(np.square(list(spread.values())))) < 0.010
