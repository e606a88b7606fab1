"""Zero points from survey catalogues: answers of VizieR, bands, motions, colour terms."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
import requests
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from astroquery.vizier import VizierClass
from conftest import ROOT
from redpix.config import images_table
from redpix.config.run_settings import read_schema
from redpix.core.resume import retry_catalogues
from redpix.photometry.fetch_stars import fetch_stars, standard_stars
from redpix.photometry.survey_zero_point import (
    at_epoch,
    colour_term,
    find_survey_zero_point,
    read_survey,
)
from redpix.photometry.surveys import SURVEYS, band_of_filter

#: centre of the field, degrees, and the pixel scale
CENTRE, SCALE = (97.64, 29.67), 2.0 / 3600

#: Modified Julian Date of the exposure: 10 years after the epoch of Gaia DR3
MIDDLE = 51544.5 + 26 * 365.25


def wcs_header(shape=(300, 400)):
    cards = {"NAXIS": 2, "NAXIS1": shape[1], "NAXIS2": shape[0]}
    cards |= {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": CENTRE[0], "CRVAL2": CENTRE[1]}
    cards |= {"CRPIX1": shape[1] / 2, "CRPIX2": shape[0] / 2, "CDELT1": -SCALE, "CDELT2": SCALE}
    return fits.Header({**cards, "FILTER": "V", "MJD-MID": MIDDLE})


class Sky:
    """Stars with proper motions; their columns are those of VizieR's Gaia DR3."""

    def __init__(self, number=80, seed=1):
        rng = np.random.default_rng(seed)
        self.x, self.y = rng.uniform(10, 390, number), rng.uniform(10, 290, number)
        self.magnitude, self.colour = rng.uniform(11, 16, number), rng.uniform(0.4, 1.8, number)
        wcs = WCS(wcs_header())
        now = wcs.all_pix2world(self.x, self.y, 0)
        self.motion = rng.normal(0, 300, (2, number))  # mas per year: 3 arcseconds in 10 years
        dec = now[1] - self.motion[1] * 10 / 3.6e6
        ra = now[0] - self.motion[0] * 10 / 3.6e6 / np.cos(np.deg2rad(dec))
        self.gaia = Table({"RA_ICRS": ra, "DE_ICRS": dec, "Gmag": self.magnitude})
        self.gaia["BPmag"] = self.magnitude + 0.6 * self.colour
        self.gaia["RPmag"] = self.magnitude - 0.4 * self.colour
        for band in ("G", "BP", "RP"):
            self.gaia[f"e_{band}mag"] = np.full(number, 0.003)
        self.gaia["pmRA"], self.gaia["pmDE"] = self.motion

    def stars(self, magnitude, zero, term=0.0, seed=2):
        """Return measured stars of some magnitudes."""
        rng = np.random.default_rng(seed)
        instrumental = magnitude - zero - term * (self.colour - np.median(self.colour))
        flux = 10 ** (-0.4 * instrumental)
        flux = flux * (1 + rng.normal(0, 0.005, len(flux)))
        error = np.full(len(flux), 0.005) * flux
        return {
            "x": self.x,
            "y": self.y,
            "flux": flux,
            "error": error,
            "flags": 0 * flux.astype(int),
        }


def answers(monkeypatch, *tables):
    """Let VizieR answer with tables, as VOTables; return the requests."""
    asked = []

    def request(self, *arguments, **keywords):
        asked.append(keywords.get("data") or arguments)
        answer = tables[min(len(asked), len(tables)) - 1]
        if isinstance(answer, Exception):
            raise answer
        data = io.BytesIO()
        answer.write(data, format="votable")
        return SimpleNamespace(content=data.getvalue(), text=data.getvalue().decode())

    monkeypatch.setattr(VizierClass, "_request", request)
    return asked


def calibrated(folder, name="one", **cards):
    header = wcs_header()
    header.update(cards)
    path = folder / f"{name}.calibrated.fits"
    fits.PrimaryHDU(np.zeros((300, 400), np.float32), header).writeto(path)
    return str(path)


def test_names_of_surveys_are_those_of_the_table_of_images_and_of_the_key():
    assert tuple(SURVEYS) == images_table.SURVEYS
    schema = read_schema(ROOT / "workflow/schemas/config.schema.yaml")
    key = schema["properties"]["photometry"]["properties"]["catalogue"]
    assert key["enum"] == [*SURVEYS, None]


def test_stars_are_fetched_once_and_kept(tmp_path, monkeypatch):
    sky = Sky()
    asked = answers(monkeypatch, sky.gaia)
    images = [calibrated(tmp_path, "one"), calibrated(tmp_path, "two", CRVAL1=CENTRE[0] + 0.01)]
    stars = str(tmp_path / "field.gaia.ecsv")
    fetch_stars(images, stars, "gaia")
    assert len(asked) == 1
    assert "I/355/gaiadr3" in str(asked[0])
    table = read_survey(stars)
    assert len(table) == 80
    assert table.meta["state"] == "complete"
    # the sun: G = 0 has V = 0.15 at BP - RP = 0.82
    sun = Table({"RA_ICRS": [1.0], "DE_ICRS": [2.0], "Gmag": [0.0], "BPmag": [0.32]})
    sun["RPmag"] = [-0.50]
    assert standard_stars(sun, "gaia")["V"][0] == pytest.approx(0.15, abs=0.01)
    retry_catalogues(tmp_path.parent)
    assert (tmp_path / "field.gaia.ecsv").exists()


def test_errors_of_gaia_relations_are_their_published_scatter():
    sky = Sky()
    table = standard_stars(sky.gaia, "gaia")
    # Riello et al. 2021, tables C.1 and C.2: g scatters twice as much as the others
    assert set(table["g_error"]) == {0.0745}
    assert set(table["V_error"]) == {0.03017}


def test_proper_motions_are_applied():
    sky = Sky()
    table = standard_stars(sky.gaia, "gaia")
    table.meta["survey"] = "gaia"
    wcs = WCS(wcs_header())
    x, y = wcs.all_world2pix(*at_epoch(table, MIDDLE), 0)
    assert x == pytest.approx(sky.x, abs=1e-3)
    assert y == pytest.approx(sky.y, abs=1e-3)
    still, _ = wcs.all_world2pix(*at_epoch(table, None), 0)
    assert np.std(still - sky.x) > 1


@pytest.mark.parametrize("term", [0.0, 0.12])
def test_zero_point_and_colour_term_are_those_of_the_camera(term):
    sky = Sky()
    table = standard_stars(sky.gaia, "gaia")
    table.meta["survey"] = "gaia"
    stars = sky.stars(np.asarray(table["V"]), 24.3, term)
    stars["flux"][3] *= 2  # a variable star
    found = find_survey_zero_point(table, stars, wcs_header(), WCS(wcs_header()), None, 3.0)
    assert (found.band, found.catalogue, found.colour) == ("V", "gaia", "BP - RP")
    assert found.value == pytest.approx(24.3, abs=0.004)
    assert found.colour_term == pytest.approx(term, abs=0.01)
    assert found.pivot == pytest.approx(np.median(sky.colour), abs=0.01)
    cards = {key: value for key, value, _ in found.cards()}
    assert (cards["ZEROBAND"], cards["ZEROCAT"]) == ("V", "gaia")


def test_a_wcs_that_is_off_is_found():
    sky = Sky()
    table = standard_stars(sky.gaia, "gaia")
    table.meta["survey"] = "gaia"
    stars = sky.stars(np.asarray(table["V"]), 24.3)
    header = wcs_header()
    header["CRPIX1"] += 14.0
    found = find_survey_zero_point(table, stars, header, WCS(header), None, 3.0)
    assert found.value == pytest.approx(24.3, abs=0.005)


def test_without_a_network_magnitudes_stay_instrumental(tmp_path, monkeypatch, caplog):
    answers(monkeypatch, requests.ConnectionError("Name or service not known"))
    stars = tmp_path / "field.apass.ecsv"
    fetch_stars([calibrated(tmp_path)], str(stars), "apass")
    words = "apass: VizieR does not answer (no connection)"
    assert f"catalogue: {words}; magnitudes stay instrumental" in caplog.text
    table = read_survey(str(stars))
    assert len(table) == 0
    measured = Sky().stars(Sky().magnitude, 24.0)
    found = find_survey_zero_point(table, measured, wcs_header(), WCS(wcs_header()), None, 3.0)
    assert np.isnan(found.value)
    retry_catalogues(tmp_path.parent)
    assert not stars.exists()


def test_images_without_a_wcs_are_named(tmp_path, caplog):
    path = tmp_path / "plain.calibrated.fits"
    fits.PrimaryHDU(np.zeros((30, 40))).writeto(path)
    fetch_stars([str(path)], str(tmp_path / "f.gaia.ecsv"), "gaia")
    assert "catalogue: gaia: no image has a WCS" in caplog.text


def test_apass_writes_apostrophes():
    answer = Table({"RAJ2000": [1.0], "DEJ2000": [2.0], "Vmag": [12.0], "Bmag": [12.6]})
    answer["g'mag"], answer["r_mag"] = [12.3], [11.9]
    made = standard_stars(answer, "apass")
    assert (made["g"][0], made["r"][0]) == (12.3, 11.9)
    assert made["colour"][0] == pytest.approx(0.6)


GAIA = ("G", "BP", "RP", "V", "R", "I", "g", "r", "i")


@pytest.mark.parametrize(
    ("name", "bands", "expected"),
    [
        ("V", GAIA, "V"),
        ("Bessell V", GAIA, "V"),
        ("Johnson_V", GAIA, "V"),
        ("Rc", GAIA, "R"),
        ("Cousins I", GAIA, "I"),
        ("r", GAIA, "r"),
        ("R", GAIA, "R"),
        ("SDSS-R", "ugriz", "r"),
        ("sloan g'", "griz", "g"),
        ("rp", "griz", "r"),
        ("PS1 z", "grizy", "z"),
        ("Clear", GAIA, "G"),
        ("Luminance", GAIA, "G"),
        ("Clear", "griz", None),
        ("V", "griz", None),
        ("R", "griz", None),
        ("G", GAIA, None),
        ("Ha", GAIA, None),
        (None, "griz", None),
    ],
)
def test_the_band_of_a_filter(name, bands, expected):
    assert band_of_filter(name, bands) == expected


def test_a_filter_that_is_not_a_band_is_named_with_the_way(caplog):
    table = standard_stars(Sky().gaia, "gaia")
    table.meta["survey"] = "gaia"
    header = wcs_header()
    header["FILTER"] = "Ha"
    stars = Sky().stars(Sky().magnitude, 24.0)
    found = find_survey_zero_point(table, stars, header, WCS(header), None, 3.0)
    assert np.isnan(found.value)
    assert "gaia: filter Ha is not a band of this catalogue" in caplog.text
    assert "allowed for photometry.catalogue_band or the column magnitude: G, BP, RP" in caplog.text
    found = find_survey_zero_point(table, stars, header, WCS(header), "G", 3.0)
    assert found.value == pytest.approx(24.0, abs=0.005)


def test_few_stars_have_no_colour_term():
    rng = np.random.default_rng(4)
    flux, colour = 10 ** rng.uniform(4, 5, 6), rng.uniform(0, 1, 6)
    magnitude = 25 - 2.5 * np.log10(flux) + 0.2 * colour
    made = colour_term(flux, flux / 200, np.zeros(6, int), magnitude, np.zeros(6), colour)
    assert made[0] == 0
    assert made[2] == pytest.approx(np.median(colour))
