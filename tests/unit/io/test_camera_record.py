"""Camera records: gains, settings, units and sections, each with its source."""

from pathlib import Path

import pytest
from astropy.io import fits
from headers import of_cards
from redpix.core.exceptions import InputError
from redpix.io.camera import check_units, read_camera, unit_name
from redpix.io.fits_files import read_header
from redpix.io.fits_structure import FileHdu
from redpix.io.merged_header import merged_header
from redpix.io.sections import Section, parse_section

STRANGERS = Path(__file__).resolve().parents[4] / "shared/strangers"


@pytest.mark.parametrize(
    ("cards", "given", "expected"),
    [
        ({}, {}, (None, None, None, None)),
        ({"GAIN": 2, "RDNOISE": 5}, {}, (2.0, 5.0, None, None)),
        ({"GAIN": 2, "EGAIN": 3}, {}, (3.0, None, None, None)),
        ({"GAIN": "", "EGAIN": 3, "SATURATE": 6e4}, {}, (3.0, None, 6e4, None)),
        ({"GAIN": 2.0, "MAGZERO": 25.0}, {"gain": 1.5}, (1.5, None, None, 25.0)),
        ({"GAIN": -1}, {"gain": 1.5}, (1.5, None, None, None)),
        ({"BUNIT": "nanomaggies"}, {}, (None, None, None, 22.5)),
        ({"BUNIT": "electron", "GAIN": 4.0}, {}, (1.0, None, None, None)),
        ({"BUNIT": "electron"}, {}, (1.0, None, None, None)),
        ({"BUNIT": "ADU / s", "GAIN": 4.0, "EXPTIME": 30}, {}, (120.0, None, None, None)),
        ({"BUNIT": "e-/sec", "GAIN": 4.0, "EXPTIME": 30}, {}, (30.0, None, None, None)),
        ({"BUNIT": "ELECTRONS/S", "EXPTIME": 100.0}, {}, (100.0, None, None, None)),
        ({"BUNIT": "adu/s", "GAIN": 4.0, "EXPOSURE": 30}, {}, (120.0, None, None, None)),
        ({"BUNIT": "adu/s", "GAIN": 4.0, "EXPTIME": "30 s"}, {}, (120.0, None, None, None)),
        ({"BUNIT": "cps", "GAIN": 4.0, "EXPTIME": 30}, {}, (120.0, None, None, None)),
        ({"BUNIT": "DN/s", "GAIN": 4.0}, {}, (None, None, None, None)),
        ({"BUNIT": "nanomaggy", "GAIN": 4.0}, {}, (None, None, None, 22.5)),
        ({"BUNIT": "MJy/sr", "GAIN": 4.0}, {}, (None, None, None, None)),
        ({"GAIN": "1.5 e/ADU", "RDNOISE": "8 e-"}, {}, (1.5, 8.0, None, None)),
        ({"GAIN": "0.5 ADU/e-"}, {}, (2.0, None, None, None)),
        ({"GAIN": (0.5, "[adu/electron]")}, {}, (2.0, None, None, None)),
        ({"GAIN": "high", "EGAIN": 1.5}, {}, (1.5, None, None, None)),
        ({"GAIN": 0, "RDNOISE": -1.0, "SATURATE": 0}, {}, (None, None, None, None)),
        ({"EGAIN": -1.5, "GAIN": 2.0}, {}, (2.0, None, None, None)),
        ({"SATURATE": "often", "MAGZERO": "NaN"}, {}, (None, None, None, None)),
        ({"DATAMAX": 3309.0}, {}, (None, None, None, None)),
        ({"GAINA": 4.0, "GAINB": 5.0, "RDNOISEA": 6.0, "RDNOISEB": 8.0}, {}, (4.5, 7, None, None)),
        ({"GAIN": 2.0, "RDNOISE": "3 ADU"}, {}, (2.0, 6.0, None, None)),
        ({"GAIN": 2.0, "RDNOISE": (3.0, "[e-] per read")}, {}, (2.0, 3.0, None, None)),
        ({"RDNOISE": (3.0, "in counts")}, {}, (None, None, None, None)),
        ({"GAIN": None, "EGAIN": 2.0}, {}, (2.0, None, None, None)),
        ({"SATURATA": 6e4, "SATURATB": 5e4}, {}, (None, None, 5e4, None)),
        ({"GAIN1": 2.0, "RDNOISE1": 5.0}, {}, (2.0, 5.0, None, None)),
        ({"GAIN1": "2.0 e-/ADU", "GAIN2": 2.1, "RDNOIS1": 4.0}, {}, (2.05, 4.0, None, None)),
        ({"GTGAIN11": 2.0, "GTGAIN12": 2.4, "GTRON11": 4.0}, {}, (2.2, 4.0, None, None)),
        ({"GAINA": 2.5, "GAINB": 0.0}, {}, (2.5, None, None, None)),
        ({"CCDAMP": "C", "ATODGNA": 2.0, "ATODGNC": 1.0, "CCDGAIN": 4.0}, {}, (1.0, *3 * [None])),
        ({"CCDGAIN": 7.0, "READNSE": 5.0}, {}, (7.0, 5.0, None, None)),
        ({"ATODGAIN": 7.0}, {}, (7.0, None, None, None)),
        (
            {"HIERARCH ESO DET OUT1 CONAD": 0.5, "HIERARCH ESO DET OUT1 GAIN": 2.0},
            {},
            (0.5, *3 * [None]),
        ),
        (
            {"HIERARCH ESO DET OUT1 GAIN": 2.0, "HIERARCH ESO DET OUT1 RON": 3.0},
            {},
            (0.5, 3.0, None, None),
        ),
        (
            {"HIERARCH ESO DET CHIP GAIN": 2.0, "HIERARCH ESO DET CHIP RON": 9.0},
            {},
            (2.0, 9.0, None, None),
        ),
        ({"T_GAIN1": 3.0, "T_GAIN2": 3.1, "T_GAIN3": 3.2}, {}, (3.1, None, None, None)),
    ],
)
def test_what_a_header_says(cards, given, expected):
    camera = read_camera(of_cards(cards), given)
    assert camera[:4] == expected


@pytest.mark.parametrize(
    ("cards", "gain"),
    [
        ({"GAIN": 100, "INSTRUME": "ZWO ASI2600MM"}, None),
        ({"GAIN": 120.0, "SWCREATE": "N.I.N.A. 3.2"}, None),
        ({"GAIN": (100, "Sensor gain")}, None),
        ({"GAIN": 2, "OFFSET": 10, "READOUTM": "Raw"}, None),
        ({"GAIN": 80, "BAYERPAT": "RGGB"}, None),
        ({"GAIN": 1.18, "READOUTM": "Monochrome", "OFFSET": 3}, 1.18),
        ({"GAIN": (2, "electrons/ADU"), "INSTRUME": "QHY600"}, 2.0),
        ({"GAIN": 4}, 4.0),
        ({"GAIN": 100}, 100.0),
    ],
)
def test_a_setting_is_told_from_a_gain(cards, gain):
    camera = read_camera(of_cards(cards), {})
    assert camera.gain == gain
    if gain is None:
        assert "is a setting of the camera" in camera.remarks[0]
    assert camera.sure.get("gain") == {None: None, 100.0: "guessed"}.get(gain, "stated")


def test_amplifiers_that_differ_are_named():
    camera = read_camera(of_cards({"GAIN1": 2.0, "GAIN2": 3.0}), {})
    remark = "the gain is the mean of GAIN1 = 2 and GAIN2 = 3, which differ by 50 %"
    assert camera.remarks == (remark,)
    assert (camera.sources["gain"], camera.sure["gain"]) == ("GAIN1+GAIN2", "derived")
    assert read_camera({"GAIN2": 3.0}, {}).sources == {"gain": "GAIN2"}


def test_it_is_said_where_a_value_comes_from():
    camera = read_camera({"EGAIN": 3.0, "RON": 4.0}, {"read_noise": 5.0, "gain": None})
    assert camera.sources == {"gain": "EGAIN", "read_noise": "exposures.read_noise"}
    assert camera.sure == {"gain": "stated", "read_noise": "given"}
    better = camera.measured("gain", 1.4, "photon transfer", "EGAIN = 3 contradicts the noise")
    assert (better.gain, better.sources["gain"]) == (1.4, "photon transfer")
    assert (better.sure["gain"], better.remarks) == (
        "derived",
        ("EGAIN = 3 contradicts the noise",),
    )
    assert camera.gain == 3.0


@pytest.mark.parametrize(
    ("cards", "remark"),
    [
        ({"GAIN": 0}, "GAIN = 0 is not a gain in electrons per count"),
        ({"RDNOISE": -3}, "RDNOISE = -3 counts as unknown: read noise"),
        ({"SATURATE": "often"}, "SATURATE = often counts as unknown: saturation"),
        ({"GAIN": 2, "EGAIN": 3}, "EGAIN = 3 is the gain, not GAIN = 2"),
        (
            {"DATAMAX": 1.0},
            "DATAMAX is not used: it may be the brightest pixel, not the saturation",
        ),
    ],
)
def test_every_guess_is_said(cards, remark):
    assert read_camera(cards, {}).remarks == (remark,)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *(("ADU", "adu"), ("DN", "adu"), ("counts", "adu"), ("DU/PIXEL", "adu")),
        *(("electrons", "electron"), ("nmgy", "nanomaggy"), ("adu s-1", "adu/s")),
        *(("Counts/Sec", "adu/s"), ("electron s**-1", "electron/s"), ("MJy/sr", "mjy/sr")),
        *(("", None), (None, None)),
    ],
)
def test_units_have_one_name(text, name):
    assert unit_name(text) == name


def test_units_that_differ():
    assert check_units([("a.fits", "adu"), ("b.fits", None), ("c.fits", "adu")]) == []
    (remark,) = check_units([("a.fits", "adu"), ("b.fits", None), ("c.fits", "electron/s")])
    assert remark.startswith("is in adu and c.fits in electron/s (BUNIT): the flux ratio includes")
    with pytest.raises(
        InputError, match=r"^c.fits: in units of nanomaggy \(BUNIT\), a.fits of adu"
    ):
        check_units([("a.fits", "adu"), ("b.fits", None), ("c.fits", "nanomaggy")])


@pytest.mark.parametrize(
    ("cards", "expected", "remarks"),
    [
        ({"TRIMSEC": "[  17: 528,   1: 520]"}, Section(16, 528, 0, 520), 0),
        ({"TRIMSEC": "[1:536,1:520]", "DATASEC": "[1:5,1:5]"}, None, 0),
        ({"TRIMSEC": "[1:1024,1:1024]", "DATASEC": "[1:512,1:512]"}, Section(0, 512, 0, 512), 1),
        ({"TRIMSEC": "UNKNOWN"}, None, 0),
        ({}, None, 0),
    ],
)
def test_sections(cards, expected, remarks):
    camera = read_camera(cards, {}, (520, 536))
    assert (camera.trim, len(camera.remarks)) == (expected, remarks)
    assert parse_section("[0:5,1:4]") is None
    assert parse_section("[8:5,1:4]").slices == (slice(0, 4), slice(4, 8))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ccd/gain100.fits", {"gain": 1.5, "exposure_time": 30.0}),
        ("ccd/gain0.fits", {"gain": 1.5, "read_noise": 8.0}),
        ("ccd/gainstr.fits", {"gain": 1.5}),
        ("ccd/rdneg.fits", {"gain": 1.5, "read_noise": None}),
        ("ccd/satur0.fits", {"gain": 1.5, "saturation": None}),
        ("ccd/datamax.fits", {"saturation": None}),
        ("ccd/electrons.fits", {"gain": 1.0, "unit": "electron"}),
        ("ccd/eps.fits", {"gain": 30.0, "unit": "electron/s"}),
        ("ccd/mef.fits", {"gain": 1.5, "read_noise": 8.0, "exposure_time": 30.0}),
        ("ccd/overscan.fits", {"trim": Section(0, 256, 0, 256)}),
        ("ccd/a8280271.fits", {"gain": 1.9, "trim": Section(16, 528, 0, 520)}),
        ("pairs/mef_sci.fits", {"gain": 2.0, "zero_point": 25.0, "saturation": 20000.0}),
        ("pairs/eps_sci.fits", {"gain": 100.0, "unit": "electron/s"}),
        ("pairs/datamax0_sci.fits", {"gain": 2.0, "saturation": None}),
        ("night/lco_raw_mef.fits.gz", {"gain": 6.42, "trim": Section(0, 512, 0, 512)}),
    ],
)
def test_strangers_cameras(name, expected):
    path = STRANGERS / name
    if not path.exists():
        pytest.skip(f"test data are absent: {name}")
    image = read_header(path)
    camera = read_camera(image.header, {}, image.shape)
    assert {key: getattr(camera, key) for key in expected} == expected


#: gain, exposure time, whether a time is known
PROGRAMS = {
    "asiair_light": (1.00857579708099, 300.0, True),
    "asiimg178_bias": (None, 3.2e-05, True),
    "asiimg_flat": (None, 0.005, True),
    "indi_qsi_light": (0.251, 900.0, True),
    "lco_raw_sinistro_primary": (None, 94.975, True),
    "liverpool_ratcam_expose": (2.796, 30.0, True),
    "maxim_iraf_soao_light": (1.43, 60.0, True),
    "maxim_ptr_light": (1.18, 3.0, True),
    "nina32_light": (None, 300.0, False),
    "ogle4_light": (1.8, 150.0, True),
    "orion_light": (None, 20.0, False),
    "photonfinder_app": (None, 900.0, False),
    "photonfinder_apt": (1.00224268436432, 240.0, True),
    "photonfinder_dwarflab": (None, 15.0, True),
    "photonfinder_nina": (1.00224268436432, 30.0, True),
    "photonfinder_pixinsight": (3.62, 120.0, True),
    "photonfinder_seestar": (None, 10.0, True),
    "photonfinder_sgp_fixed_wcs": (3.99000000953674, 30.0, True),
    "saao_ste3": (1.9, 150.04, True),
    "sharpcap41_light": (None, 280.0, True),
    "swope": (1.04, 10.0, True),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_headers_of_programs_and_observatories(name):
    path = STRANGERS / f"night/headers/{name}.hdr"
    if not path.exists():
        pytest.skip(f"test data are absent: {path.name}")
    lines = path.read_text(encoding="latin-1").splitlines()
    text = "".join(line[:80].ljust(80) for line in lines) + "END".ljust(80)
    part = FileHdu(0, fits.Header.fromstring(text), text, 0, 0, 0, 0)
    camera = read_camera(merged_header(part, part, []), {})
    gain, exposure, timed = PROGRAMS[name]
    assert (camera.gain, camera.exposure_time) == (gain, pytest.approx(exposure))
    assert (camera.mid_exposure is not None) == timed
