"""Nights of other programs: types, filters, temperatures, telescopes, windows."""

import numpy as np
import pytest
from astropy.io import fits
from redpix.config.night_folder import files_of_master
from redpix.io.exposure_header import filter_name
from redpix.photometry.frame_type import frame_type, reduction
from redpix.photometry.make_master import make_master
from redpix.photometry.night_plan import NightPlan
from redpix.photometry.raw_frame import RawFrame, binning, raw_frame, temperature


def readout(shape=(100, 100), camera="", gain=""):
    return (shape, (1, 1), camera, "", gain, "")


def frame(kind, name="", **values):
    """A raw frame; the name of its file says what it is."""
    given = {"readout": readout(), "exposure": 0.0, **values}
    return RawFrame(path=name or f"{kind}.fits", type=kind, **given)


def light(name="light.fits", **values):
    return frame("light", name, **{"exposure": 60.0, "filter": "R", "target": "m13", **values})


def flat(name="flat.fits", **values):
    return frame("flat", name, **{"exposure": 2.0, "filter": "R", **values})


def dark(exposure, name="", **values):
    return frame("dark", name or f"dark_{exposure:g}.fits", exposure=exposure, **values)


def header_with(**cards):
    """A header; two underscores stand for the blanks of a long keyword."""
    names = {key: f"HIERARCH {key}".replace("__", " ") if "__" in key else key for key in cards}
    return fits.Header({names[key]: value for key, value in cards.items()})


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ({"DATA-TYP": "DOMEFLAT"}, "flat"),
        ({"ESO__DPR__CATG": "CALIB", "ESO__DPR__TYPE": "FLAT,SKY"}, "flat"),
        ({"ESO__DPR__CATG": "SCIENCE", "ESO__DPR__TYPE": "OBJECT"}, "light"),
        ({"ESO__DPR__CATG": "CALIB", "ESO__DPR__TYPE": "STD"}, "light"),
        ({"ESO__DPR__CATG": "ACQUISITION", "ESO__DPR__TYPE": "OBJECT"}, None),
        ({"OBSTYPE": "TARGET"}, "light"),
        ({"OBSTYPE": "SKY", "OBJECT": "Sky flat r"}, "flat"),
        ({"IMAGETYP": "FOCUS"}, None),
        ({"IMAGETYP": "Twilight Flat"}, "flat"),
        ({"IMAGETYP": "Light Frame", "OBJECT": "Dark Horse nebula"}, "light"),
        ({"IMAGETYP": "Light Frame", "OBJECT": "LDN 1622 dark nebula"}, "light"),
        ({"IMAGETYP": "object", "OBJECT": "domeflat V 2x2"}, "flat"),
        ({"IMAGETYP": "object", "OBJECT": "Bias 1x1"}, "bias"),
    ],
)
def test_types(cards, expected):
    header = header_with(**cards)
    # the name of the folder does not make a light of a frame with another purpose
    assert frame_type(header, "lights/a1.fits").value == expected


def test_a_frame_of_another_purpose_is_named():
    made = raw_frame("lights/a1.fits", fits.Header({"IMAGETYP": "FOCUS"}), (4, 4))
    assert made.problem == "IMAGETYP = FOCUS: neither a bias, a dark, a flat nor a light"


def test_a_folder_may_spell_dark_flats_with_a_blank():
    assert frame_type(fits.Header(), "night/dark flats/001.fits").value == "flatdark"


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ({"FILTER01": "NONE", "FILTER02": "W-J-V"}, "W-J-V"),
        ({"ALFLTNM": "Open", "FAFLTNM": "Open", "FBFLTNM": "B_Bes 440_100"}, "B_Bes 440_100"),
        ({"ESO__INS__FILT1__NAME": "Free", "ESO__INS__FILT2__NAME": "V#641"}, "V#641"),
        ({"WFFBAND": "r"}, "r"),
    ],
)
def test_filters(cards, expected):
    assert filter_name(header_with(**cards)).value == expected


def test_binnings_and_temperatures_of_observatories():
    assert binning(header_with(**{"BIN-FCT1": 2, "BIN-FCT2": 4})) == (2, 4)
    assert binning(fits.Header({"XBINNING": "2x2"})) == (2, 2)
    assert temperature(fits.Header({"DET-TMP": 163.15})) == pytest.approx(-110)
    assert temperature(fits.Header({"CCD-TEMP": "-20.0 C"})) == -20


def test_a_dark_of_no_seconds_is_a_bias():
    made = raw_frame("d.fits", fits.Header({"IMAGETYP": "Dark", "EXPTIME": 0.0}), (4, 4))
    assert made.type == "bias"
    assert raw_frame("d.fits", fits.Header({"IMAGETYP": "Dark"}), (4, 4)).type == "dark"


def test_a_camera_may_be_spelled_in_two_ways():
    night = [dark(60.0, readout=readout(camera="ZWO ASI1600MM-Pro"))]
    plan = NightPlan([*night, light(readout=readout(camera="ZWO ASI1600MM Pro"))])
    assert plan.lights[0].dark == "dark_60s"


def test_a_light_takes_the_dark_of_its_temperature():
    darks = [dark(60.0, f"{t}_{n}.fits", temperature=t) for t in (-10.0, 0.0) for n in (0.0, 0.4)]
    night = [*darks, light("a.fits", temperature=-9.7), light("b.fits", temperature=0.2)]
    plan = NightPlan(night)
    cold, warm = plan.lights
    assert plan.masters[cold.dark].frames == ("-10.0_0.0.fits", "-10.0_0.4.fits")
    assert plan.masters[warm.dark].frames == ("0.0_0.0.fits", "0.0_0.4.fits")
    assert cold.remarks == ("no flat of filter R",)


def test_a_slow_drift_of_the_temperature_is_one_dark():
    darks = [dark(60.0, f"{t}.fits", temperature=20.0 + t) for t in range(6)]
    plan = NightPlan([*darks, light(temperature=22.0)])
    assert len(plan.masters["dark_60s"].frames) == 6


def test_a_scaled_dark_of_the_right_temperature_goes_before_a_warm_one():
    darks = [dark(60.0, temperature=15.0), dark(120.0, temperature=-10.0)]
    plan = NightPlan([frame("bias"), *darks, light(temperature=-10.0)])
    made = plan.masters[plan.lights[0].dark]
    assert (made.kind, made.dark, made.factor) == ("scaled dark", "dark_120s", 0.5)


def test_two_darks_make_a_third_without_a_bias():
    plan = NightPlan([dark(60.0), dark(300.0), light(exposure=120.0)])
    made = plan.masters[plan.lights[0].dark]
    assert (made.kind, made.bias, made.dark) == ("scaled dark", "dark_60s", "dark_300s")
    # dark_60s + (dark_300s - dark_60s) * factor
    assert made.factor == pytest.approx((120 - 60) / (300 - 60))
    assert "the darks of 60 s and 300 s give that of 120 s" in plan.lights[0].remarks[0]


def test_a_flat_without_a_bias_takes_the_only_dark_and_says_so():
    plan = NightPlan([dark(300.0), flat(), light(exposure=300.0)])
    assert plan.masters["flat_R"].dark == "dark_300s"
    assert "the dark of 300 s is taken away as it is" in plan.notes["flat.fits"][0]


def write(path, pixels, **cards):
    fits.PrimaryHDU(np.asarray(pixels, np.float32), fits.Header(cards)).writeto(path)
    return str(path)


def test_each_twilight_flat_takes_the_dark_of_its_exposure(tmp_path):
    """A hot pixel leaves nothing in the flat."""
    rng = np.random.default_rng(4)
    sensitivity = rng.normal(1, 0.02, (30, 40))
    rate = np.zeros((30, 40))
    rate[7, 9] = 800
    night, times = [], (1.0, 10.0)
    for time in times:
        pixels = 500 + rate * time
        path = write(tmp_path / f"dark_{time:g}.fits", pixels, EXPTIME=time)
        night.append(dark(time, path))
        for number in (1, 2):
            path = write(tmp_path / f"flat_{time:g}_{number}.fits", pixels + 9000 * sensitivity)
            night.append(flat(path, exposure=time))
    plan = NightPlan([*night, light(exposure=10.0)])
    master = plan.masters["flat_R"]
    assert master.frame_darks == ("dark_1s", "dark_1s", "dark_10s", "dark_10s")
    masters = {name: one._asdict() for name, one in plan.masters.items()}
    for name, one in masters.items():
        files = files_of_master(masters, name, str(tmp_path / "m"))
        (tmp_path / "m").mkdir(exist_ok=True)
        keys = ("kind", "exposure", "factor", "mosaic", "frame_darks", "section")
        make_master(**files, master=str(tmp_path / f"m/{name}.fits"), **{k: one[k] for k in keys})
    made = fits.getdata(tmp_path / "m/flat_R.fits")
    np.testing.assert_allclose(made, sensitivity / np.median(sensitivity), rtol=1e-5)


def test_a_flat_of_another_gain_setting_serves_and_a_dark_does_not():
    low, high = readout(gain="0"), readout(gain="100")
    night = [frame("bias", "b.fits", readout=low), flat(readout=low)]
    plan = NightPlan([*night, light("l.fits", readout=low), light("h.fits", readout=high)])
    first, second = plan.lights
    assert (first.dark, first.flat) == ("bias_1", "flat_R_1")
    assert (second.dark, second.flat) == ("", "flat_R_1")
    words = "flat_R_1 is of another read-out: gain setting 0 (the light 100)"
    assert words in second.remarks


def test_two_telescopes_with_one_kind_of_camera_do_not_share_flats():
    night = [
        one
        for name in ("A", "B")
        for one in (
            frame("bias", f"b{name}.fits", telescope=name),
            flat(f"f{name}.fits", telescope=name),
            light(f"l{name}.fits", telescope=name),
        )
    ]
    plan = NightPlan(night)
    for made in plan.lights:
        name = made.frame.telescope
        assert plan.masters[made.flat].frames == (f"f{name}.fits",)
        assert plan.masters[made.dark].frames == (f"b{name}.fits",)


def test_a_telescope_without_calibration_frames_takes_darks_and_no_flats_of_another():
    night = [frame("bias", telescope="A"), flat(telescope="A"), light("a.fits", telescope="A")]
    _, other = NightPlan([*night, light("b.fits", telescope="B")]).lights
    assert (other.dark, other.flat) == ("bias_1", "")
    assert "bias_1 is of another read-out: telescope A (the light B)" in other.remarks
    words = "1 flat frames are of another read-out: telescope A (the light B)"
    assert words in other.remarks


def test_darks_of_a_mount_without_lights_serve_all_telescopes():
    night = [dark(60.0, telescope="simulator"), light("a.fits", telescope="A")]
    assert NightPlan(night).lights[0].dark == "dark_60s"
    plan = NightPlan([*night, light("b.fits", telescope="B")])
    assert {plan.masters[one.dark].frames for one in plan.lights} == {("dark_60.fits",)}


def test_masters_that_do_not_state_camera_and_gain_serve_the_only_lights():
    done = reduction(fits.Header({"IMAGETYP": "Master Flat"}))
    flats = [flat(f"{band}.fits", filter=band, done=done) for band in "BV"]
    stated = readout(camera="ZWO ASI1600MM", gain="100")
    plan = NightPlan(
        [*flats, light("b.fits", filter="B", readout=stated), light(filter="V", readout=stated)]
    )
    assert [one.flat for one in plan.lights] == ["flat_B", "flat_V"]
    assert "camera, gain setting of this frame" in plan.notes["B.fits"][0]


def test_a_windowed_light_takes_its_pixels_of_full_masters(tmp_path):
    whole = {"readout": readout((100, 120)), "window": (0, 0)}
    window = {"readout": readout((40, 50)), "window": (30, 20)}
    plan = NightPlan([frame("bias", **whole), flat(**whole), light(**window)])
    (made,) = plan.lights
    master = plan.masters[made.flat]
    assert (master.kind, master.dark) == ("window", "flat_R_1")
    assert master.section == "[31:80,21:60]"
    assert "pixels [31:80,21:60] of flat_R_1" in made.remarks
    pixels = np.arange(100 * 120.0).reshape(100, 120)
    first = write(tmp_path / "flat_R_1.fits", pixels)
    cut = str(tmp_path / "cut.fits")
    make_master([], [first], cut, master.kind, 2.0, 1.0, section=master.section)
    np.testing.assert_array_equal(fits.getdata(cut), pixels[20:60, 30:80])


def test_a_window_of_unknown_place_is_not_guessed():
    whole = {"readout": readout((100, 120)), "window": (0, 0)}
    plan = NightPlan([flat(**whole), light(readout=readout((40, 50)))])
    assert plan.lights[0].flat == ""
    assert any("shape 100 x 120 (the light 40 x 50)" in words for words in plan.lights[0].remarks)


@pytest.mark.parametrize(
    ("cards", "wanted"),
    [
        ({"CALSTAT": "BD"}, "flat_R"),
        ({"CALSTAT": "BDF"}, ""),
        ({"ZEROCOR": "Zero level correction image is Zero.fits"}, "flat_R"),
        ({"ZEROCOR": "done", "FLATCOR": "Flat field image is Flat.fits"}, ""),
        ({"CCDPROC": "done"}, ""),
    ],
)
def test_a_light_that_lacks_the_flat_alone_gets_it(cards, wanted):
    night = [frame("bias"), flat(), light(done=reduction(fits.Header(cards)))]
    (made,) = NightPlan(night).lights
    assert (made.dark, made.flat) == ("", wanted)
    assert "reduced before" in made.remarks[0]


def test_flats_that_were_freed_of_their_dark_before_are_used_without_one():
    done = reduction(fits.Header({"CALSTAT": "BD"}))
    plan = NightPlan([frame("bias"), flat(done=done), light()])
    assert plan.lights[0].flat == "flat_R"
    assert plan.masters["flat_R"].dark == ""


@pytest.mark.parametrize(
    ("path", "bands", "wanted"),
    [
        ("Flat/Red/Flat_Red_001.fits", ("Red", "Green"), "Red"),
        ("flats V/001.fits", ("V", "B"), "V"),
        ("flats/001.fits", ("V",), "V"),
        ("flats/001.fits", ("V", "B"), ""),
    ],
)
def test_the_filter_of_a_flat_is_read_from_its_name(path, bands, wanted):
    night = [flat(path, filter=""), *(light(f"{band}.fits", filter=band) for band in bands)]
    plan = NightPlan(night)
    made = next(one for one in plan.frames if one.type == "flat")
    assert made.filter == wanted
    assert bool(made.remarks) == bool(wanted)
    assert bool(plan.lights[0].flat) == bool(wanted)


def test_spellings_of_a_target_share_light_curves():
    names = ("M_13", "m13", "M-13", "NGC_6205")
    night = [light(f"{name}.fits", target=name, pointing=(250.42, 36.46)) for name in names]
    made = NightPlan(night).lights
    assert [one.field for one in made] == ["M_13_R"] * 3 + ["NGC_6205_R"]
    assert "points at M_13" in made[-1].frame.remarks[0]
