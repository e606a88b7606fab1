"""Known objects: answers of SkyBoT and VizieR, lists of the user, and the object that fits best."""

import csv
import importlib.util
import io
import logging
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import requests
from astropy.coordinates import EarthLocation
from astropy.io import fits
from astropy.io.votable import from_table, parse_single_table
from astropy.io.votable.tree import VOTableFile
from astropy.table import Table
from astroquery.imcce import SkybotClass
from astroquery.vizier import VizierClass
from redpix.core.exceptions import InputError
from redpix.core.resume import retry_catalogues
from redpix.report.known_objects import unanswered
from redpix.subtraction import known_bodies
from redpix.subtraction.gaia_sources import fetch_gaia, gaia_table
from redpix.subtraction.identify import Catalogues, add_identities
from redpix.subtraction.join_bands import join_bands
from redpix.subtraction.known_bodies import bodies_of, fetch_bodies, request_times, seen_from
from redpix.subtraction.object_list import read_object_list

RA, DEC, MJD = 150.0, 10.0, 60000.0

#: SkyBoT's columns: ID, type, unit
FIELDS = (
    ("num", "char", ""),
    ("name", "char", ""),
    ("ra", "char", "h:m:s"),
    ("de", "char", "d:m:s"),
    ("class", "char", ""),
    ("magV", "float", ""),
    ("errpos", "float", "arcsec"),
    ("angdist", "float", "arcsec"),
    ("dracosdec", "double", "arcsec/h"),
    ("ddec", "double", "arcsec/h"),
    ("dgeo", "double", "AU"),
    ("dhelio", "double", "AU"),
    ("_raj2000", "double", "deg"),
    ("_decj2000", "double", "deg"),
)


def skybot_answer(*bodies):
    """Return an answer of SkyBoT in the form that it has since 2024.

    Each body is number, name, class, right ascension, declination, rates, error and distance.
    """
    fields = "".join(
        f'<vot:FIELD ID="{name}" name="{name}" datatype="{kind}" unit="{unit}"'
        + (' arraysize="*"/>' if kind == "char" else "/>")
        for name, kind, unit in FIELDS
    )
    rows = ""
    for number, name, kind, ra, dec, rate, dec_rate, error, distance in bodies:
        cells = [number, name, "10 00 00.0", "+10 00 00.0", kind, 18.0, error, 1.0, rate, dec_rate]
        cells += [distance, distance + 0.9, ra, dec]
        rows += "<vot:TR>" + "".join(f"<vot:TD>{cell}</vot:TD>" for cell in cells) + "</vot:TR>"
    return (
        '<?xml version="1.0" encoding="UTF-8" ?><vot:VOTABLE version="1.3" '
        'xmlns:vot="http://www.ivoa.net/xml/VOTable/v1.3"><vot:RESOURCE name="Skybot.ConeSearch">'
        '<vot:INFO name="QUERY_STATUS" value="OK"/>'
        f'<vot:TABLE ID="SkybotConeSearch_results">{fields}<vot:DATA><vot:TABLEDATA>{rows}'
        "</vot:TABLEDATA></vot:DATA></vot:TABLE></vot:RESOURCE></vot:VOTABLE>"
    )


def answers(monkeypatch, service, *texts):
    """Let a service answer with texts; return the requests."""
    asked = []

    def request(self, *arguments, **keywords):
        asked.append(keywords)
        answer = texts[min(len(asked), len(texts)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(
            text=answer, content=answer.encode(), url="", raise_for_status=lambda: None
        )

    monkeypatch.setattr(service, "_request", request)
    return asked


def difference(folder, band="r", mjd=MJD, reference=MJD - 400, **cards):
    cards |= {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": RA, "CRVAL2": DEC}
    cards |= {"CRPIX1": 100, "CRPIX2": 100, "CDELT1": -3e-4, "CDELT2": 3e-4}
    header = fits.Header({**cards, "MJD-AVG": mjd, "REFMJDAV": reference, "EXTNAME": "D"})
    path = folder / "pair" / band / "difference.fits"
    path.parent.mkdir(parents=True)
    fits.PrimaryHDU(np.zeros((200, 200), np.float32), header).writeto(path)
    return str(path)


def row(ra=RA, dec=DEC, band="r", flux="10", mjd=str(MJD)):
    return {"ra": f"{ra:.7f}", "dec": f"{dec:.7f}", "band": band, "flux": flux, "mjd": mjd}


def placed(dec_offset=0.0, rate=0.0, number="4", name="Vesta", error=0.05, distance=2.0):
    """Return a body north of the centre, offset in arcsec, which moves in arcsec per hour."""
    place = (RA, DEC + dec_offset / 3600)
    return (number, name, "MB>Inner", *place, 0.0, rate, error, distance)


def test_an_answer_that_astroquery_keeps_is_read():
    folder = Path(importlib.util.find_spec("astroquery.imcce").origin).parent
    path = folder / "tests/data/skybot_query.vot"
    if not path.is_file():
        pytest.skip("this astroquery comes without its tests")
    made = bodies_of(path.read_text(), MJD)
    assert made["name"][0] == "G!kun||'homdima"
    assert made["number"].tolist()[:3] == ["229762", "523748", "-"]
    assert made["ra"][0] == pytest.approx(15 * (5 + 25 / 60 + 12.7657 / 3600), abs=1e-6)
    assert made["dec_rate"][0] == pytest.approx(0.419)


def test_bands_share_a_request_and_the_time_of_the_reference_has_its_own(tmp_path, monkeypatch):
    asked = answers(
        monkeypatch,
        SkybotClass,
        skybot_answer(placed(number="7", name="Iris")),
        skybot_answer(placed(rate=30.0)),
    )
    later = MJD + 0.5 / 24
    paths = [difference(tmp_path), difference(tmp_path, "i", mjd=later)]
    table = str(tmp_path / "known" / "bodies" / "pair.ecsv")
    Path(table).parent.mkdir(parents=True)
    fetch_bodies(paths, table)
    epochs = [float(one["params"]["-ep"]) - 2400000.5 for one in asked]
    assert epochs == pytest.approx([MJD - 400, (MJD + later) / 2], abs=1e-6)
    assert asked[0]["params"]["-rd"] == pytest.approx(1.15 * np.hypot(99.5, 99.5) * 3e-4, rel=1e-2)
    bodies = Table.read(table, format="ascii.ecsv")
    # a quarter of an hour after the request it has moved by 7.5 arcsec
    rows = [row(dec=DEC + 7.5 / 3600, band="i", mjd=str(later)), row(flux="-5"), row(DEC + 1)]
    add_identities(rows, Catalogues(bodies), radius=0.5)
    assert rows[0]["known_as"] == "(4) Vesta"
    assert rows[0]["known_kind"] == "asteroid (MB>Inner)"
    # without an observatory the parallax may be 4.4 arcsec
    assert float(rows[0]["known_separation"]) < 0.01
    assert rows[1]["known_as"] == "(7) Iris"
    assert rows[2]["known_as"] == ""


@pytest.mark.parametrize(("hours", "shift"), [(0, 0.0), (6, known_bodies.PARALLAX)])
def test_parallax_of_an_observatory_on_the_equator(hours, shift):
    site = EarthLocation.from_geodetic(0, 0, 0)
    # mean sidereal time of Greenwich at MJD 60000.0 (Meeus 1998, eq. 12.4)
    zenith = (280.46061837 + 360.98564736629 * (MJD - 51544.5)) % 360
    answer = skybot_answer(("1", "Ceres", "MB", zenith - 15 * hours, 0.0, 0, 0, 0.1, 1.0))
    xyz = [axis.value for axis in site.geocentric]
    ra, dec, error = seen_from(bodies_of(answer, MJD), MJD, xyz)
    # a body in the west is displaced to the west; precession since 2000 is 0.3 degrees
    moved = (zenith - 15 * hours - ra[0]) * 3600
    assert moved == pytest.approx(shift, abs=0.06)
    assert abs(dec[0]) * 3600 < 0.05
    assert error == pytest.approx(0.1)


def test_an_unknown_observatory_widens_the_search():
    bodies = bodies_of(skybot_answer(placed(dec_offset=4.0, distance=2.0)), MJD)
    bodies.meta["exposures"] = [["r", "science", MJD, None]]
    rows = [row(), row(dec=DEC - 3 / 3600)]
    add_identities(rows, Catalogues(bodies), radius=1.0)
    assert [one["known_as"] for one in rows] == ["(4) Vesta", ""]
    # the orbit of another body is too uncertain
    bodies["position_error"] = 20.0
    add_identities(rows, Catalogues(bodies), radius=1.0)
    assert rows[0]["known_as"] == ""


def test_requests_are_shared_within_two_hours():
    assert request_times([5.0, 5.0 + 1.9 / 24]) == pytest.approx([5.0 + 0.95 / 24])
    assert len(request_times([5.0, 5.0 + 2.1 / 24])) == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (requests.exceptions.ConnectionError("name resolution"), "no connection"),
        (requests.exceptions.ReadTimeout("read timed out"), "timed out"),
        ("<html>maintenance</html>", "SkyBoT does not answer"),
    ],
)
def test_without_an_answer_one_line_says_so(tmp_path, monkeypatch, caplog, answer, reason):
    asked = answers(monkeypatch, SkybotClass, answer)
    table = tmp_path / "known" / "bodies" / "pair.ecsv"
    table.parent.mkdir(parents=True)
    with caplog.at_level(logging.WARNING, "redpix"):
        fetch_bodies([difference(tmp_path)], str(table))
    assert len(asked) == 2
    (line,) = [record.getMessage() for record in caplog.records]
    assert reason in line
    assert "subtraction.identify.bodies" in line
    rows = [row()]
    add_identities(rows, Catalogues(Table.read(table, format="ascii.ecsv")), radius=1.0)
    assert rows[0]["known_as"] == rows[0]["known_separation"] == ""
    (words,) = unanswered([str(table)])
    assert words.startswith("SkyBoT does not answer")
    retry_catalogues(tmp_path / "known")
    assert not table.exists()


def test_an_empty_field_is_an_answer(tmp_path, monkeypatch):
    text = "No solar system object was found in the requested FOV"
    answers(monkeypatch, SkybotClass, text, skybot_answer())
    table = tmp_path / "pair.ecsv"
    fetch_bodies([difference(tmp_path)], str(table))
    assert Table.read(table, format="ascii.ecsv").meta["state"] == "complete"
    assert unanswered([str(table)]) == []


def vizier_answer(*tables):
    """Return VizieR's answer with several tables, as one VOTable."""
    whole = VOTableFile()
    for name, table in tables:
        resource = from_table(table).resources[0]
        resource.tables[0].name = name
        whole.resources.append(resource)
    data = io.BytesIO()
    whole.to_xml(data)
    return data.getvalue().decode()


def gaia(number=3, motion=0.0):
    """Return stars one arcminute from each other to the north; the first lies in the centre."""
    table = Table({"Source": 4_000_000_000_000_000_000 + np.arange(number)})
    table["RA_ICRS"], table["DE_ICRS"] = np.full(number, RA), DEC + np.arange(number) / 60
    table["pmRA"], table["pmDE"] = np.zeros(number), np.full(number, motion)
    table["Gmag"], table["VarFlag"] = np.full(number, 17.0), ["VARIABLE"] * number
    table["PQSO"], table["PGal"] = np.arange(number) == 2, np.zeros(number)
    return table


def test_gaia_and_its_variables_are_one_request(tmp_path, monkeypatch):
    stars = gaia(motion=300.0)
    variables = Table({"Source": stars["Source"][:1], "Class": ["RR"]})
    asked = answers(
        monkeypatch,
        VizierClass,
        vizier_answer(("I/355/gaiadr3", stars), ("I/358/vclassre", variables)),
    )
    sources = tmp_path / "pair.ecsv"
    fetch_gaia([difference(tmp_path), difference(tmp_path, "i")], str(sources))
    assert len(asked) == 1
    assert all(name in str(asked[0]) for name in ("I/355/gaiadr3", "I/358/vclassre"))
    table = Table.read(sources, format="ascii.ecsv")
    kinds = ["variable star (RR)", "variable star", "quasar"]
    assert table["kind"].tolist() == kinds
    assert table["source"].tolist() == stars["Source"].tolist()
    # 7.153 years after 2016.0 the stars are 2.15 arcsec to the north
    moved = row(dec=DEC + 2.146 / 3600)
    add_identities([moved], Catalogues(gaia=table), radius=0.5)
    assert moved["known_as"] == "Gaia DR3 4000000000000000000"
    assert float(moved["known_separation"]) == pytest.approx(0, abs=0.01)


def test_the_least_likely_coincidence_wins():
    body = placed(dec_offset=1.0, distance=40.0)
    bodies = bodies_of(skybot_answer(body), MJD)
    bodies.meta["exposures"] = [["r", "science", MJD, None]]
    rng = np.random.default_rng(1)
    crowd = gaia(2000)
    crowd["RA_ICRS"] = RA + rng.uniform(-0.01, 0.01, 2000)
    crowd["DE_ICRS"] = DEC + rng.uniform(-0.01, 0.01, 2000)
    crowd["RA_ICRS"][0], crowd["DE_ICRS"][0] = RA, DEC + 0.5 / 3600
    few = gaia(1)
    for stars, expected in ((crowd, "(4) Vesta"), (few, "Gaia DR3 4000000000000000000")):
        rows = [row()]
        add_identities(rows, Catalogues(bodies, gaia_table([stars])), radius=2.0)
        assert rows[0]["known_as"] == expected


def test_a_list_of_the_transient_name_server(tmp_path):
    path = tmp_path / "tns.csv"
    path.write_text(
        '"ID","Name","RA","DEC","Obj. Type","Redshift"\n'
        '"1","SN 2023aa","10:00:00.02","+10:00:00.1","SN Ia","0.02"\n'
        '"2","AT 2023bb","10:00:10.00","-00:30:00.0","",""\n'
    )
    listed = read_object_list(str(path))
    assert listed.ra == pytest.approx([150 + 0.3 / 3600, 150 + 150 / 3600], abs=1e-9)
    assert listed.dec == pytest.approx([10 + 0.1 / 3600, -0.5])
    rows = [row(), row(dec=-0.5, ra=150 + 150 / 3600)]
    add_identities(rows, Catalogues(lists=[(str(path), listed)]), radius=1.0)
    assert [one["known_as"] for one in rows] == ["SN 2023aa", "AT 2023bb"]
    assert [one["known_kind"] for one in rows] == ["SN Ia", "tns"]
    assert float(rows[0]["known_separation"]) == pytest.approx(0.31, abs=0.01)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,ra\na,1\n", "allowed: name, ra, dec"),
        ("name,ra,dec\na,1,north\n", "line 2: dec: 'north'"),
        ("name,ra,dec\na,1,95\n", "line 2: dec: '95'"),
    ],
)
def test_a_list_that_is_not_one_is_refused_in_a_line(tmp_path, text, words):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as error:
        read_object_list(str(path))
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_the_table_of_a_pair_and_its_votable_have_the_columns(tmp_path):
    columns = ["id", "ra", "dec", "x", "y", "band", "scorr", "flux", "flags", "mjd", "unit"]
    cells = ["1", str(RA), str(DEC), "1", "1", "r", "9.0", "10", "0", str(MJD), "adu"]
    band = tmp_path / "band.csv"
    band.write_text(",".join(columns) + "\n" + ",".join(cells) + "\n")
    listed = tmp_path / "mine.csv"
    listed.write_text(f"name,ra,dec,type\nnova 1,{RA},{DEC + 1 / 3600},nova\n")
    made = {name: str(tmp_path / f"made.{name}") for name in ("csv", "vot", "reg")}
    for lists in ([], [str(listed)]):
        join_bands([str(band)], [], [], [], lists, *made.values(), host_radius=3.0, radius=2.0)
        with open(made["csv"], newline="") as file:
            (found,) = csv.DictReader(file)
        assert found.get("known_as") == ("nova 1" if lists else None)
    assert found["known_separation"] == "1.00"
    fields = {field.name: field for field in parse_single_table(made["vot"]).fields}
    assert fields["known_separation"].unit == "arcsec"
    assert fields["known_as"].ucd == "meta.id.assoc"
