"""Photometry of images: the demo's exposures, the simple mode, bad input, real exposures."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from calibration import calibrate_image
from conftest import ROOT, run
from light_curves import Exposure
from photometry import SEVEN
from redpix import demo_ccd
from redpix.exceptions import InputError
from report_files import render
from report_photometry import show_images, show_light_curves
from star_field import Moffat, simulate

CAMERA = {"camera": dict.fromkeys(("gain", "read_noise", "saturation", "zero_point"))}
SETTINGS = CAMERA | {"flat": "maximum", "scale_dark": False}


@pytest.fixture(scope="module")
def night(demo):
    """The demo's exposures: folder of their photometry."""
    return demo / "results/demo/photometry"


def known(demo, index):
    return pd.read_csv(demo / f"results/demo/demo/ccd/exposure_{index}.stars.csv")


def test_the_demos_stars_have_their_magnitudes(demo, night):
    for index, exposure in enumerate(demo_ccd.EXPOSURES, start=1):
        table = pd.read_csv(night / f"{exposure.name}.csv")
        assert tuple(table.columns[:7]) == SEVEN
        with fits.open(night / f"{exposure.name}.residual.fits") as hdus:
            cards = hdus[0].header
        zero = demo_ccd.ZERO_POINT + 2.5 * np.log10(exposure.clear)
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
    assert set(curves["image"]) == {exposure.name for exposure in demo_ccd.EXPOSURES}
    minutes = (curves.groupby("image")["mjd"].first() - curves["mjd"].min()) * 1440
    assert minutes.tolist() == pytest.approx([0, 2, 4], abs=0.01)
    sky = demo_ccd.draw_sky(1)
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
        Exposure(name, *(night / f"{name}.{part}" for part in parts))
        for name, parts in (("exposure_1", ("calibrated.fits", "csv", "residual.fits")),)
    ]
    assert exposures[0].places.shape[1] == 2


def test_the_report_shows_stars_and_light_curves(demo, night):
    names = [exposure.name for exposure in demo_ccd.EXPOSURES][:1]
    shown = show_images(
        [str(demo / f"results/demo/demo/ccd/{name}.fits") for name in names],
        *([str(night / f"{n}.{end}") for n in names] for end in ("calibrated.fits", "csv")),
        [str(night / f"{name}.residual.fits") for name in names],
    )
    pictures = shown["images"][0]["pictures"]
    assert set(pictures) == {"calibration", "stars", "stamps", "psf"}
    assert all(uri.startswith("data:image/") for uri in pictures.values())
    (field,) = show_light_curves([str(night / f"{n}.csv") for n in ("lightcurves", "scatter")])
    assert field["scatter"].startswith("data:image/png")
    page = render(
        ROOT / "workflow/report/photometry.html.j2", photometry=shown, light_curves=[field]
    )
    assert page.count("<img") == 7
    assert "zero point" in page
    assert show_images([], [], [], []) is None
    assert show_light_curves([]) == []
    assert 'id="photometry"' in (demo / "results/demo/report.html").read_text(encoding="utf-8")


def small_night(folder, **header):
    """A raw image, a dark and a flat in a folder, and the field that they show."""
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
    assert "1 electron a count is assumed" in words
    folder = tmp_path / "results/s/photometry"
    table = pd.read_csv(folder / "day.csv")
    assert tuple(table.columns) == SEVEN
    assert len(table) > 5
    # the same by hand, from the calibrated image on
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
        ({"mask": "a.reg"}, {}, "a.reg: line 1: 'fk5'; allowed: polygon"),
        ({"path": str(tmp_path / "empty.fits")}, {}, "empty.fits: holds no image"),
        ({"path": str(tmp_path / "text.fits")}, {}, "text.fits: cannot be read as a FITS image"),
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
    plain = calibrate_image(row_of(tmp_path, dark=dark), SETTINGS)[0].image
    scaled = calibrate_image(row_of(tmp_path, dark=dark), SETTINGS | {"scale_dark": True})[0].image
    assert np.unique(scaled - plain).tolist() == [150.0]
    given = calibrate_image(
        row_of(tmp_path, dark=dark, exposure=120.0), SETTINGS | {"scale_dark": True}
    )[0].image
    assert np.unique(given - plain).tolist() == [-300.0]


def test_a_table_of_images_that_is_wrong_ends_the_run(tmp_path):
    (tmp_path / "i.tsv").write_text("image\tpath\na\tabsent.fits\n")
    words = run(tmp_path, "-n", status=1, images="i.tsv", demo={"shows": []})
    assert "images: i.tsv: line 2: path: absent.fits: there is no such file" in words
    assert "Traceback" not in words


def test_real_exposures_run_through_to_light_curves(real, tmp_path):
    """Three of the six: undersampled, trailed stars, thousands of hot pixels, no dark, no flat."""
    paths = sorted((real / "ccd").glob("*.FITS.gz"))[1:4]
    lines = ["image\tpath\tgain", *(f"{path.name[:22]}\t{path}\t4.0" for path in paths)]
    (tmp_path / "i.tsv").write_text("\n".join(lines) + "\n")
    settings = {"name": "hat", "images": "i.tsv", "demo": {"shows": []}}
    settings |= {"photometry": {"threshold": 8}, "exposures": {"saturation": 4000}}
    run(tmp_path, "photometry", **settings)
    folder = tmp_path / "results/hat/photometry"
    assert len(pd.read_csv(folder / "lightcurves.csv")["image"].unique()) == 3
    scatter = pd.read_csv(folder / "scatter.csv")
    good = scatter[(scatter["flags"] == 0) & (scatter["exposures"] == 3)]
    bright = good[(good["flux"] > 3000) & (good["flux"] < 30000)]
    assert len(bright) > 30
    assert bright["scatter"].median() < 0.02


def test_stars_of_the_survey_have_its_magnitudes(real, tmp_path):
    """PSF photometry of two frames against the survey's catalogue, on the survey's zero point."""
    (tmp_path / "i.tsv").write_text("image\tpath\ng\t4192-4-300-g\nr\t4192-4-300-r\n")
    settings = {"name": "real", "source": (real / "sas").as_uri(), "images": "i.tsv"}
    settings |= {"catalogue": {"from": "detections"}, "fields": ["4192-4-300"]}
    # the sky of these frames was fitted on such squares
    settings |= {"photometry": {"background_mesh": 256}}
    run(tmp_path, "photometry", **settings, bands=["g", "r"])
    catalogue = pd.read_csv(real / "catalog/objects_4192-4-300.csv")
    for band in "gr":
        table = pd.read_csv(tmp_path / f"results/real/photometry/{band}.csv")
        stars = catalogue[(catalogue[band] > 15.5) & (catalogue[band] < 19)]
        change = []
        for star in stars.itertuples():
            distance = np.hypot(table["ra"] - star.ra, table["dec"] - star.dec) * 3600
            assert distance.min() < 1
            change.append(table.loc[distance.idxmin(), "magnitude"] - getattr(star, band))
        assert len(change) >= 14
        assert abs(np.median(change)) < 0.03
        spread = 1.4826 * np.median(abs(np.array(change) - np.median(change)))
        assert spread < 0.010
