"""Types of raw frames, and the plan of a night's reduction."""

import re
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from conftest import ROOT
from redpix.config.night_folder import night_files
from redpix.core.exceptions import InputError
from redpix.io.fits_structure import FileHdu
from redpix.io.merged_header import merged_header
from redpix.photometry.frame_type import frame_type, reduction
from redpix.photometry.night_plan import NightPlan
from redpix.photometry.raw_frame import RawFrame, binning, raw_frame, target, temperature
from redpix.photometry.sort_night import described, sort_night

HEADERS = ROOT.parent / "shared/strangers/night/headers"

#: type, card that states it, and what was done before, by program or observatory
PROGRAMS = {
    "asiair_light": ("light", "IMAGETYP", "raw"),
    "indi_qsi_light": ("light", "FRAME", "raw"),
    "lco_raw_sinistro_primary": ("light", "OBSTYPE", "raw"),
    "liverpool_ratcam_expose": ("light", "OBSTYPE", "raw"),
    "maidanak_zero": ("bias", "IMAGETYP", "raw"),
    "maxim_ptr_light": ("light", "IMAGETYP", "raw"),
    "ogle4_light": ("light", "IMAGETYP", "calibrated"),
    "orion_bias": ("bias", "IMAGTYP", "raw"),
    "orion_dark": ("dark", "IMAGTYP", "raw"),
    "orion_flat": ("flat", "IMAGTYP", "raw"),
    "photonfinder_app": (None, "", "combined"),
    "photonfinder_app2": (None, "", "combined"),
    "photonfinder_maximdl": ("light", "IMAGETYP", "calibrated"),
    "photonfinder_pixinsight": ("light", "IMAGETYP", "combined"),
    "swope": ("light", "EXPTYPE", "raw"),
    "theskyx_rfo_dark": ("dark", "IMAGETYP", "raw"),
}


def header_of(name):
    path = HEADERS / f"{name}.hdr"
    if not path.exists():
        pytest.skip(f"test data are absent: {path.name}")
    lines = path.read_text(encoding="latin-1").splitlines()
    text = "".join(line[:80].ljust(80) for line in lines) + "END".ljust(80)
    part = FileHdu(0, fits.Header.fromstring(text), text, 0, 0, 0, 0)
    return merged_header(part, part, [])


@pytest.mark.parametrize("name", PROGRAMS)
def test_headers_of_programs_and_observatories(name):
    header = header_of(name)
    kind = frame_type(header, "x.fits")
    assert (kind.value, kind.source, reduction(header).state) == PROGRAMS[name]


@pytest.mark.parametrize(
    ("cards", "path", "expected"),
    [
        ({"IMAGETYP": "Flat Field"}, "", "flat"),
        ({"IMAGETYP": "DARKFLAT"}, "", "flatdark"),
        ({"IMAGETYP": "dome flat"}, "", "flat"),
        ({"IMAGETYP": "zero"}, "", "bias"),
        ({"IMAGETYP": "object", "OBJECT": "bias"}, "", "bias"),
        ({"IMAGETYP": "object", "OBJECT": "M 13"}, "", "light"),
        ({"OBSTYPE": "SKYFLAT"}, "", "flat"),
        ({"IMAGETYP": "experimental"}, "night/Dark_001.fits", "dark"),
        ({"PICTTYPE": 2}, "", "bias"),
        ({}, "night/Flats/img_003.fit", "flat"),
        ({}, "night/Bias_3.2us_Bin1.fits", "bias"),
        ({}, "night/lights/flatiron_1.fits", "light"),
        ({}, "night/m13_001.fits", None),
    ],
)
def test_the_type_is_read_from_cards_then_from_names(cards, path, expected):
    assert frame_type(fits.Header(cards), path).value == expected


def test_liverpool_states_kelvin_and_lco_celsius():
    assert temperature(fits.Header({"CCDATEMP": 167.0})) == pytest.approx(-106.15)
    assert temperature(fits.Header({"CCDATEMP": -90.0})) == -90
    assert temperature(fits.Header({"SET-TEMP": -10.0})) is None


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ({"XBINNING": 2, "YBINNING": 3}, (2, 3)),
        ({"XBINNING": "1"}, (1, 1)),
        ({"CCDSUM": "2 2"}, (2, 2)),
        ({"BINNING": "2*2"}, (2, 2)),
        ({"BINNING": "(1 x 1)"}, (1, 1)),
        ({}, (1, 1)),
    ],
)
def test_binning(cards, expected):
    assert binning(fits.Header(cards)) == expected


@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        ("M 13", "a.fits", "M_13"),
        ("        ", "night/9_17_21_NGC73311L60.fit.gz", "9_17_21_NGC"),
        ("UNKNOWN", "wasp12-0007.fits", "wasp12"),
        ("Prawn Nebula (IC 4628)", "a.fits", "Prawn_Nebula_IC_4628"),
        ("", "0001.fits", "target"),
    ],
)
def test_targets(name, path, expected):
    assert target(fits.Header({"OBJECT": name}), path) == expected


def test_mosaics_are_read_and_unknown_patterns_and_types_are_named():
    header = fits.Header({"IMAGETYP": "Light", "BAYERPAT": "rggb", "YBAYROFF": 1})
    colour = raw_frame("a.fits", header, (4, 4))
    assert dict(colour.mosaic) == {"BAYERPAT": "RGGB", "XBAYROFF": 0, "YBAYROFF": 1}
    assert not colour.problem
    header["BAYERPAT"] = "CYYM"
    assert "BAYERPAT = CYYM: not a mosaic" in raw_frame("a.fits", header, (4, 4)).problem
    assert "states its type" in raw_frame("a.fits", fits.Header(), (4, 4)).problem


READOUT = ((100, 100), (1, 1), "", "", "", "")


def frames(kind, number, **cards):
    """Raw frames of one kind."""
    values = {"readout": READOUT, "exposure": 0.0, "filter": "", **cards}
    band = values["filter"]
    exposure = values["exposure"]
    return [
        RawFrame(path=f"{kind}{band}_{exposure:g}_{n}.fits", type=kind, **values)
        for n in range(number)
    ]


def lights(number=1, exposure=60.0, band="R", name="m13", **cards):
    return frames("light", number, exposure=exposure, filter=band, target=name, **cards)


def test_a_dark_of_the_same_exposure_is_taken_as_it_is():
    darks = frames("dark", 3, exposure=60.0)
    plan = NightPlan([*frames("bias", 5), *darks, *frames("flat", 3, filter="R"), *lights()])
    (light,) = plan.lights
    assert (light.dark, light.flat, light.field) == ("dark_60s", "flat_R", "m13_R")
    assert plan.masters["dark_60s"].frames == tuple(frame.path for frame in darks)
    assert light.remarks == ()


def test_another_exposure_is_scaled_after_its_bias():
    plan = NightPlan([*frames("bias", 5), *frames("dark", 3, exposure=120.0), *lights()])
    (light,) = plan.lights
    master = plan.masters[light.dark]
    assert (master.kind, master.bias, master.dark) == ("scaled dark", "bias", "dark_120s")
    assert master.factor == pytest.approx(0.5)
    assert "scaled to 60 s" in light.remarks[0]


def test_without_a_bias_nothing_is_scaled():
    plan = NightPlan([*frames("dark", 3, exposure=120.0), *lights()])
    assert plan.lights[0].dark == ""
    assert "without a bias cannot be scaled to 60 s" in plan.lights[0].remarks[0]


@pytest.mark.parametrize(
    ("dark", "light", "bias", "words"),
    [
        (60.0, None, 2, "is unknown: the bias alone is taken away"),
        (None, 60.0, 0, "is unknown: neither a dark nor a bias is taken away"),
    ],
)
def test_an_unknown_exposure_time_is_remarked(dark, light, bias, words):
    darks = [frame._replace(exposure=dark) for frame in frames("dark", 2)]
    night = [frame._replace(exposure=light) for frame in lights()]
    (made,) = NightPlan([*frames("bias", bias), *darks, *night]).lights
    assert made.dark == ("bias" if bias else "")
    assert words in made.remarks[0]


def test_flats_of_another_filter_only_are_not_used():
    plan = NightPlan([*frames("flat", 3, filter="V", exposure=1.0), *lights()])
    assert plan.lights[0].flat == ""
    assert "no flat of filter R, only of V" in plan.lights[0].remarks


def test_a_flat_takes_its_own_dark():
    plan = NightPlan(
        [
            *frames("flatdark", 3, exposure=2.0),
            *frames("dark", 3, exposure=60.0),
            *frames("flat", 3, filter="R", exposure=2.0),
            *lights(),
        ]
    )
    assert plan.masters["flat_R"].dark == "dark_2s"


MOSAIC = (("BAYERPAT", "RGGB"), ("XBAYROFF", 0), ("YBAYROFF", 0))


def test_each_colour_of_a_mosaic_is_an_image_with_masters_of_the_mosaic():
    night = frames("bias", 2) + frames("flat", 2, exposure=2.0, mosaic=MOSAIC)
    plan = NightPlan(night + lights(2, band="", mosaic=MOSAIC))
    assert set(plan.masters) == {"bias", "flat"}
    assert all(master.mosaic == MOSAIC for master in plan.masters.values())
    assert [light.image[-1] + light.colour for light in plan.lights] == ["RR", "GG", "BB"] * 2
    assert len({light.image for light in plan.lights}) == 6
    assert {light.field for light in plan.lights} == {"m13_R", "m13_G", "m13_B"}


def test_two_mosaics_of_one_readout_do_not_share_masters():
    other = (("BAYERPAT", "GBRG"), *MOSAIC[1:])
    night = frames("flat", 2, exposure=2.0, mosaic=MOSAIC)
    night += frames("flat", 2, exposure=3.0, mosaic=other)
    plan = NightPlan(night + lights(mosaic=MOSAIC, band=""))
    assert {master.mosaic for master in plan.masters.values()} == {MOSAIC, other}
    flat = plan.masters[plan.lights[0].flat]
    assert flat.mosaic == MOSAIC


def test_other_readouts_have_masters_of_their_own():
    binned = ((50, 50), (2, 2), "", "", "", "")
    plan = NightPlan(
        [
            *frames("bias", 2),
            *frames("bias", 2, readout=binned),
            *lights(),
            *lights(exposure=30.0, readout=binned),
        ]
    )
    assert {light.dark for light in plan.lights} == {"bias_1", "bias_2"}


def test_reduced_lights_are_not_reduced_again_and_combined_ones_are_left_out():
    done = reduction(fits.Header({"CALSTAT": "BDF"}))
    stacked = reduction(fits.Header({"IMAGETYP": "Master Light"}))
    plan = NightPlan([*frames("bias", 2), *lights(done=done), *lights(exposure=9.0, done=stacked)])
    (light,) = plan.lights
    assert (light.dark, light.flat) == ("", "")
    assert "CALSTAT = BDF: reduced before" in light.remarks[0]


def test_a_combined_dark_serves_where_no_raw_one_is():
    done = reduction(fits.Header({"IMAGETYP": "Master Dark"}))
    plan = NightPlan([*frames("dark", 1, exposure=60.0, done=done), *lights()])
    assert plan.lights[0].dark == "dark_60s"


def test_a_warm_dark_and_an_old_flat_are_remarked():
    plan = NightPlan(
        [
            *frames("dark", 3, exposure=60.0, temperature=5.0),
            *frames("flat", 3, filter="R", middle=60000.0),
            *lights(temperature=-10.0, middle=60010.0),
        ]
    )
    remarks = " ".join(plan.lights[0].remarks)
    assert "dark_60s at 5.0 C, the light at -10.0 C" in remarks
    assert "flat_R was taken 10 days apart" in remarks


def test_names_of_images_differ_and_every_frame_is_accounted_for():
    first = lights(2)
    twin = [frame._replace(path=f"other/{Path(frame.path).name}") for frame in first]
    plan = NightPlan([*frames("bias", 2), *first, *twin])
    names = [light.image for light in plan.lights]
    assert len(set(names)) == 4
    uses = plan.uses()
    assert uses["bias_0_0.fits"] == ["bias"]
    assert uses[twin[0].path] == [names[2]]


def readout(shape=(100, 100), binning=(1, 1), camera="", gain=""):
    return (shape, binning, camera, "", gain, "")


def test_two_cameras_in_one_folder_do_not_share_masters():
    first, second = readout(camera="ZWO ASI1600"), readout(camera="QHY 268")
    plan = NightPlan(
        [
            *frames("bias", 3, readout=first),
            *frames("flat", 3, filter="R", exposure=1.0, readout=first),
            *lights(readout=first),
            *lights(exposure=61.0, readout=second),
        ]
    )
    one, other = plan.lights
    assert (one.dark, one.flat) == ("bias_1", "flat_R_1")
    assert (other.dark, other.flat) == ("", "")
    assert (
        "3 flat frames are of another read-out: camera ZWO ASI1600 (the light QHY 268)"
        in other.remarks
    )


def test_other_binnings_and_settings_are_named():
    plan = NightPlan(
        [
            *frames("flat", 4, filter="R", exposure=1.0, readout=readout(gain="100")),
            *lights(readout=readout((50, 50), (2, 2), gain="0")),
        ]
    )
    (remark,) = [words for words in plan.lights[0].remarks if "another" in words]
    assert remark == (
        "4 flat frames are of another read-out: shape 100 x 100 (the light 50 x 50), "
        "binning 1 x 1 (the light 2 x 2), gain setting 100 (the light 0)"
    )


def test_a_dark_shorter_than_the_light_is_scaled_up():
    plan = NightPlan([*frames("bias", 5), *frames("dark", 3, exposure=30.0), *lights()])
    assert plan.masters[plan.lights[0].dark].factor == pytest.approx(2.0)


def write_frame(path, **cards):
    header = fits.Header({"IMAGETYP": "Light", "EXPTIME": 60.0, "OBJECT": "m13", **cards})
    fits.PrimaryHDU(np.zeros((60, 60), np.uint16), header).writeto(path)
    return path


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:5000]), "truncated"),
        (lambda path: path.write_bytes(path.read_bytes()[:1500]), "not a FITS|truncated|header"),
        (lambda path: path.write_bytes(b""), "empty"),
        (lambda path: path.write_bytes(b"\xff\xd8\xff\xe0JFIF" * 900), "not a FITS|FITS"),
        (lambda path: path.unlink(), "does not exist|No such file"),
    ],
)
def test_a_file_that_is_still_written_is_left_out_in_one_line(tmp_path, spoil, words):
    good = write_frame(tmp_path / "good.fits")
    path = write_frame(tmp_path / "late.fits")
    spoil(path)
    frame = described(str(path))
    assert re.search(words, frame.problem), frame.problem
    assert "\n" not in frame.problem
    plan = NightPlan([described(str(good)), frame])
    assert [light.frame.path for light in plan.lights] == [str(good)]


def test_a_night_without_lights_is_refused_with_its_counts(tmp_path):
    path = write_frame(tmp_path / "a.fits", IMAGETYP="Bias")
    files = [tmp_path / name for name in ("files.csv", "images.tsv", "masters.json")]
    with pytest.raises(InputError, match=r"no light frame to measure among 1 files \(1 bias\)"):
        sort_night([str(path)], *map(str, files), "masters")


def test_a_folder_of_jpegs_holds_no_night(tmp_path):
    (tmp_path / "m13.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(InputError, match="no FITS file below this folder; .*; it holds 1 .jpg"):
        night_files(str(tmp_path))
