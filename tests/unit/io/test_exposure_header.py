"""Times, airmass and filter in headers of some twenty programs and observatories."""

import math
from pathlib import Path

import pytest
from astropy.time import Time
from headers import of_cards
from redpix.io.exposure_header import airmass, exposure_time, filter_name, seconds
from redpix.io.fits_files import read_header
from redpix.io.header_values import number
from redpix.io.observation_time import mid_exposure

STRANGERS = Path(__file__).resolve().parents[4] / "shared/strangers"


def mjd(text, scale="utc"):
    """Return the MJD (UTC) of a time by astropy."""
    return Time(text, scale=scale).utc.mjd


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, (3.0, "")),
        ("120.00", (120.0, "")),
        ("6,4E-05", (6.4e-5, "")),
        ("1.5D2", (150.0, "")),
        (" 1.5 e/ADU ", (1.5, "e/adu")),
        ("30s", (30.0, "s")),
        ("01:02:03", (None, "")),
        ("2023-05-06", (None, "")),
        ("1,2,3", (None, "")),
        ("high", (None, "")),
        (True, (None, "")),
        (None, (None, "")),
        (float("inf"), (None, "")),
        ("1e999", (None, "")),
    ],
)
def test_numbers_with_units(value, expected):
    assert number(value) == expected


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ({"EXPTIME": 30}, 30.0),
        ({"EXPTIME": "30.0"}, 30.0),
        ({"EXPTIME": "53,9"}, 53.9),
        ({"EXPTIME": "2 min"}, 120.0),
        ({"EXPTIME": "1500 ms"}, 1.5),
        ({"EXPTIME": (90000, "ms")}, 90.0),
        ({"EXPTIME": 0, "EXPOSURE": 5}, 5.0),
        ({"EXP": 15}, 15.0),
        ({"EXPOINUS": 64}, 6.4e-5),
        ({"EXPTIME": 0}, None),
        ({"EXPTIME": "long"}, None),
        ({}, None),
    ],
)
def test_exposure_times(cards, expected):
    assert seconds(of_cards(cards)) == pytest.approx(expected)


def test_exposure_times_that_differ():
    found, (remark,) = exposure_time({"EXPTIME": 10.0, "EXPOSURE": 280.0})
    assert (found.value, found.source, found.sure) == (10.0, "EXPTIME", "guessed")
    assert remark == "EXPTIME = 10 s is the exposure time, not EXPOSURE = 280 s"


START = "2023-05-06T01:04:03"


@pytest.mark.parametrize(
    ("cards", "source"),
    [
        ({"DATE-OBS": START}, "DATE-OBS"),
        ({"DATE-OBS": "2023-05-06 01:04:03"}, "DATE-OBS"),
        ({"DATE-OBS": "2023-05-06T03:04:03+02:00"}, "DATE-OBS"),
        ({"DATE-OBS": "2023-05-06T01:04:03.0000000Z"}, "DATE-OBS"),
        ({"DATE-BEG": START}, "DATE-BEG"),
        ({"DATE-OBS": "2023-05-06", "TIME-OBS": "01:04:03"}, "DATE-OBS+TIME-OBS"),
        ({"DATE-OBS": "2023/05/06", "UT": "01 04 03.00"}, "DATE-OBS+UT"),
        ({"DATE-OBS": "06/05/23", "UTC-OBS": "1:04:03"}, "DATE-OBS+UTC-OBS"),
        ({"UT-DATE": "06-05-2023", "UTSTART": "01:04:03"}, "UT-DATE+UTSTART"),
        ({"MJD-OBS": mjd(START)}, "MJD-OBS"),
        ({"MJD-OBS": str(mjd(START))}, "MJD-OBS"),
        ({"MJD": mjd(START)}, "MJD"),
        ({"MJD-OBS": mjd(START) + 2400000.5}, "MJD-OBS"),
        ({"JD": mjd(START) + 2400000.5}, "JD"),
        ({"JD-OBS": mjd(START) + 2400000.5}, "JD-OBS"),
        ({"DATE-OBS": "2023-05-06", "MJD-OBS": mjd(START)}, "MJD-OBS"),
        ({"JD": (mjd(START) + 2400000.5 + 15 / 86400, "at mid exposure")}, "JD"),
        ({"JULDAT": mjd(START) + 2400000.5 + 15 / 86400}, "JULDAT"),
        ({"DATE-OBS": START, "DATE-AVG": "2023-05-06T01:04:18"}, "DATE-AVG"),
        ({"DATE-OBS": ("2023-05-06T01:04:33", "date that FITS file was created")}, "DATE-OBS"),
        ({"DATE-OBS": "2023-05-06 01:04:40", "TIMESYS": "TAI"}, "DATE-OBS"),
        ({"DATE-OBS": START, "MJD-OBS": math.floor(mjd(START))}, "DATE-OBS"),
        ({"DATE-OBS": "2023-05-06T01:04:03 UTC"}, "DATE-OBS"),
        ({"DATE-OBS": "2023-05-05T20:34:03-0430"}, "DATE-OBS"),
        ({"DATE-OBS": "2023-05-06 T01:04:03"}, "DATE-OBS"),
        ({"DATE-OBS": START, "TIMESYS": "UTC(NTP)"}, "DATE-OBS"),
        ({"DATE-OBS": "2023-05-06T01:04:21", "TIMESYS": "GPS"}, "DATE-OBS"),
        ({"DATE-OBS": "2023-05-06T00:00:00", "TIME-OBS": "01:04:03"}, "DATE-OBS+TIME-OBS"),
        ({"DATE-OBS": "2023-05-06", "UT": "1:04:03 AM"}, "DATE-OBS+UT"),
        ({"DATE-OBS": ("2023-05-05T18:04:03", "local"), "MJD": mjd(START)}, "MJD"),
        ({"JD": (2460000.5, "heliocentric"), "MJD-OBS": mjd(START)}, "MJD-OBS"),
        ({"HJD": 2460000.5, "JD-OBS": mjd(START) + 2400000.5}, "JD-OBS"),
        ({"DATE-OBS": "2023-05-06", "DATE-END": "2023-05-06T01:04:33"}, "DATE-END"),
    ],
)
def test_the_middle_of_an_exposure(cards, source):
    found, _ = mid_exposure(of_cards(cards), 30.0)
    assert found.source == source
    assert found.value == pytest.approx(mjd("2023-05-06T01:04:18"), abs=0.002 / 86400)


@pytest.mark.parametrize(
    ("cards", "words"),
    [
        ({"DATE-OBS": "2023-05-06"}, "a date without a time"),
        ({"DATE-OBS": "2023-02-30T01:04:03"}, "a date without a time"),
        ({"DATE-OBS": "2021-09-17 T09:38:50", "SWCREATE": "Orion Camera Studio"}, "12 hours"),
        ({"DATE-OBS": START, "TIMESYS": "LOCAL"}, "a date without a time"),
        ({"HJD": 2460070.5}, "HJD is the time at the Sun"),
        ({"JD-HELIO": 2460070.5}, "JD-HELIO is the time at the Sun"),
    ],
)
def test_a_time_that_cannot_be_had_is_said(cards, words):
    found, (remark,) = mid_exposure(cards, 30.0)
    assert found.value is None
    assert words in remark
    assert mid_exposure(cards, 30.0)[0].value is None


@pytest.mark.parametrize(
    ("cards", "exposure", "words"),
    [
        ({"DATE-OBS": START}, None, "is taken for the middle"),
        ({"DATE-OBS": (START, "Image created time")}, 10.0, "taken for the start"),
        ({"MJD-OBS": 56486.0}, 10.0, "may be a date alone"),
        ({"DATE-OBS": START, "MJD-OBS": 60070.0}, 10.0, "MJD-OBS = 60070.000000 is not used"),
    ],
)
def test_times_that_are_guessed(cards, exposure, words):
    _, (remark,) = mid_exposure(of_cards(cards), exposure)
    assert words in remark


def test_what_headers_say_of_time_and_air():
    zone = {"DATE-OBS": "2017-12-19T18:33:43.317-0700"}
    assert mid_exposure(zone, 60)[0].value == pytest.approx(58107.0650847 + 30 / 86400, abs=1e-6)
    assert mid_exposure({"DATE-OBS": "2017-12-20T01:33:43.317"}, None)[0].value == pytest.approx(
        58107.0650847, abs=1e-6
    )
    assert mid_exposure({"DATE-OBS": "2017-12-20", "MJD-OBS": 58107.5}, 0)[0].value == 58107.5
    assert mid_exposure({"JD": 2458108.0}, 0)[0].value == 58107.5
    assert mid_exposure({"DATE-OBS": "T"}, 0)[0].value is None
    assert airmass({"TELALT": 30.0}).value == pytest.approx(2.0)
    assert airmass({"AIRMASS": 1.3, "TELALT": 30.0}).value == 1.3
    assert airmass({"TELALT": -4}).value is None
    assert seconds({"EXPOSURE": 5}) == 5.0
    assert seconds({"EXPTIME": 0}) is None


def test_airmass():
    assert airmass({"AIRMASS": "1.25"}).value == 1.25
    assert airmass({"AIRMASS": 0.0, "TELALT": 30.0}).value == pytest.approx(2.0)
    assert airmass({"SECZ": 1.176}).value == 1.176
    assert airmass({"TELALT": -4, "AIRMASS": ""}).value is None


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ({"FILTER": "r   "}, "r"),
        ({"FILTER1": "air", "FILTER2": "SDSS-R", "FILTER3": "clear"}, "SDSS-R"),
        ({"FILTER1": "air", "FILTER2": "air"}, "air+air"),
        ({"FILTERS": 48}, "48"),
        ({"FILTER": " ", "FILTNAM": "6563/100"}, "6563/100"),
        ({}, None),
    ],
)
def test_filters(cards, expected):
    assert filter_name(cards).value == expected


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("t_iso", "2023-05-06T01:02:03"),
        ("t_split", "2023-05-06T01:04:03"),
        ("t_space", "2023-05-06T01:06:03"),
        ("t_expstr", "2023-05-06T01:10:03"),
        ("t_jdobs", None),
    ],
)
def test_strangers_times(name, start):
    path = STRANGERS / f"ccd/times/{name}.fits"
    if not path.exists():
        pytest.skip(f"test data are absent: {path.name}")
    header = read_header(path).header
    begun = 2460070.5 - 2400000.5 if start is None else mjd(start)
    exposure = seconds(header)
    assert exposure == 30.0
    assert mid_exposure(header, exposure)[0].value == pytest.approx(begun + 15 / 86400, abs=1e-8)
