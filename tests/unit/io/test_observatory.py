"""Positions of observatories and pointings in headers; barycentric times."""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import EarthLocation
from astropy.io import fits
from redpix.image.site_cards import site_cards
from redpix.io.observatory import airmass_of, angle, observatory, pointing
from redpix.photometry.barycentric_time import bjd_tdb


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (51.5, 51.5),
        ("51.05   ", 51.05),
        ("+38 26 18.00", 38.438333),
        ("-00 30 00", -0.5),
        ("-22:57:08:99", -22.952497),
        ("51 3 0.000", 51.05),
        ("66:53:47", 66.896389),
        ("2593m", 2593.0),
        ("", None),
        ("north", None),
        ("12 75 00x", None),
    ],
)
def test_angles(value, expected):
    assert angle(value) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("cards", "place"),
    [
        ({"SITELAT": "-31 16 24", "SITELONG": "149 03 52"}, (-31.27333, 149.06444)),
        ({"LATITUDE": 28.7624, "LONGITUD": -17.8792}, (28.7624, -17.8792)),
        ({"OBSGEO-B": "51.05", "OBSGEO-L": "3.716667", "SITELAT": 0.0}, (51.05, 3.716667)),
        ({"LAT-OBS": -31.27, "LONG-OBS": 210.0}, (-31.27, -150.0)),
        ({"OBSERVAT": "SAAO    "}, (-32.379, 20.811)),
        ({"TELESCOP": "LCO-Warsaw-1.3m"}, (-29.015, -70.692)),
        ({"TELESCOP": "EQMOD ASCOM HEQ5/6"}, None),
        ({"SITELAT": 0.0, "SITELONG": 0.0}, None),
        ({"TELESCOP": "not known"}, None),
    ],
)
def test_observatories(cards, place):
    found = observatory(fits.Header(cards))
    if place is None:
        assert found is None
    else:
        assert (found.latitude, found.longitude) == pytest.approx(place, abs=1e-4)


def test_a_longitude_that_counts_west_is_found_by_the_airmass():
    """A header of Sonoma County, California, as TheSkyX writes it."""
    middle, target = 60171.11, (221.33, 38.27)
    true = (38.4383, -122.5086)
    cards = {"SITELAT": true[0], "OBJCTRA": "14 45 19.2", "OBJCTDEC": "+38 16 12"}
    cards["AIRMASS"] = airmass_of(target, middle, true)
    west = observatory({**cards, "SITELONG": "+122 30 31"}, middle)
    assert west.longitude == pytest.approx(true[1], abs=1e-3)
    assert west.remarks == ("SITELAT+SITELONG: the longitude counts west, as the airmass shows",)
    east = observatory({**cards, "SITELONG": true[1]}, middle)
    assert (east.longitude, east.remarks) == (pytest.approx(true[1]), ())
    swapped = observatory({**cards, "SITELAT": true[1] + 60, "SITELONG": 38.4}, middle)
    assert "do not agree" in swapped.remarks[0]


def test_airmass_of_a_place_is_that_of_astropy():
    from astropy.coordinates import AltAz, SkyCoord
    from astropy.time import Time

    place = EarthLocation.from_geodetic(-70.69, -29.01, 2380)
    time = Time(55926.2117, format="mjd")
    star = SkyCoord(73.09 * u.deg, -69.31 * u.deg)
    expected = star.transform_to(AltAz(obstime=time, location=place)).secz
    made = airmass_of((73.09, -69.31), 55926.2117, (-29.01, -70.69))
    assert made == pytest.approx(float(expected), rel=0.003)


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ({"OBJCTRA": "05 19 39", "OBJCTDEC": "+45 03 34"}, (79.9125, 45.05944)),
        ({"RA": 319.739, "DEC": 43.85}, (319.739, 43.85)),
        ({"RA": "167.6425", "DEC": "28.759"}, (167.6425, 28.759)),
        ({"RA": "4:52:22.0", "DEC": "-69:18:29"}, (73.09167, -69.30806)),
        ({"OBJCTRA": "00 00 00", "OBJCTDEC": "+00 00 00"}, None),
        ({"RA": 0.0, "DEC": 0.0}, None),
        ({}, None),
    ],
)
def test_pointings(cards, expected):
    assert pointing(cards) == (expected and pytest.approx(expected, abs=1e-4))


def test_barycentric_times():
    """The delay by the orbit of the Earth and TDB - UTC, by hand; the Sun itself moves by 5 s."""
    place = EarthLocation.from_geodetic(-155.475, 19.826, 4160)
    xyz = [axis.to_value("m") for axis in place.geocentric]
    ra, dec = np.array([300.1821, np.nan]), np.array([22.7099, 1.0])
    times = bjd_tdb(55000.0, ra, dec, xyz)
    # TDB - UTC is 66.184 s; the star is at ecliptic longitude 308.7 degrees and latitude 42.2
    # degrees, the Sun at longitude 86.8 degrees, in a distance of 1.0160 au
    lag = 66.184 + 499.005 * 1.0160 * np.cos(np.deg2rad(42.2)) * -np.cos(np.deg2rad(221.9))
    assert (times[0] - 2455000.5) * 86400 == pytest.approx(lag, abs=6)
    assert np.isnan(times[1])
    cards = {
        card: value for card, value, _ in site_cards(fits.Header({"OBSERVAT": "SAAO"}), None)[0]
    }
    assert len(cards) == 3
    assert np.hypot(np.hypot(cards["OBSGEO-X"], cards["OBSGEO-Y"]), cards["OBSGEO-Z"]) > 6.37e6
    assert site_cards(fits.Header(), None) == ([], ())
