"""The catalogue: every bad row named with its line, each object once, whatever it is made from."""

import gzip
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import requests
import yaml
from astropy import units
from astropy.coordinates import SkyCoord
from astroquery.sdss import SDSS
from jsonschema import Draft202012Validator
from redpix.catalogue import skyserver
from redpix.catalogue.build import (
    COLUMNS,
    CatalogueRows,
    build,
    field_names,
    frames_of,
    of_shard,
)
from redpix.catalogue.merge import merge_detections
from redpix.catalogue.origins import demo_rows, make_catalogue, read_rows
from redpix.catalogue.skyserver import skyserver_query, skyserver_rows
from redpix.catalogue.twins import close_twins
from redpix.core.exceptions import InputError
from redpix.io.tables import read_table
from table_contents import FORMS, forms_of

ROOT = Path(__file__).parents[3]
REAL = ROOT.parent / "shared/real/catalog/objects_4192-4-300.csv"
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/objects.schema.yaml").read_text())
SQL = (ROOT / "resources/sql/objects.sql").read_text()
HEADER = "id,ra,dec,redshift,redshiftError,class,run,camcol,field,u,g,r,i,z"
GOOD = "1,10.5,-0.5,0.1,0.001,GALAXY,2820,3,122,20.1,19,18,17.5,17.25"


def table_of(text):
    table = read_table(text.encode(), "objects.csv", keep_ragged=True, allow_empty=True)
    return CatalogueRows(table.frame(), table.ragged)


def build_from(*rows, header=HEADER, radius=1.0, fields=None):
    text = "\n".join([header, *rows]) + "\n"
    return build(table_of(text), SCHEMA, "objects.csv", radius, fields)


def changed(number=2, **cells):
    """The good row with another id, place and whatever else is given."""
    row = dict(zip(HEADER.split(","), GOOD.split(","), strict=True))
    row |= {"id": str(number), "ra": str(10.5 + 0.1 * number)} | cells
    return ",".join(row.values())


def test_a_shard_has_the_objects_of_its_run_and_camcol():
    whole = build_from(
        GOOD,
        changed(2, camcol="4"),
        changed(3, run="4192"),
        changed(4, field="7"),
        # of two close rows the one with a redshift is kept, though it lies in another shard
        changed(5, ra="10.5", redshift="", run="4192"),
        "bad,row",
    )
    part = of_shard(whole, "2820-3")
    assert list(part.objects["id"]) == [4, 1]
    assert list(of_shard(whole, "4192-3").objects["id"]) == [3]
    assert part.rejected.empty
    assert not whole.rejected.empty
    with pytest.raises(InputError, match="^shard: 2820-5 holds no object"):
        of_shard(whole, "2820-5")


def test_a_good_row_comes_through():
    result = build_from(GOOD)
    assert tuple(result.objects.columns) == COLUMNS
    expected = [1, 10.5, -0.5, 0.1, 0.001, "GALAXY", 2820, 3, 122, 20.1, 19.0, 18.0, 17.5, 17.25]
    assert result.objects.iloc[0].tolist() == expected
    assert result.rejected.empty
    assert result.cleared == 0
    assert frames_of(result.objects).to_numpy().tolist() == [[2820, 3, 122]]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"id": ""}, "id is missing"),
        ({"id": "1.23765E+18"}, "id is not a whole number"),
        ({"id": "12.0"}, "id is not a whole number"),
        ({"id": "-5"}, "id is not a whole number"),
        ({"id": "a; rm -rf /"}, "id is not a whole number"),
        ({"id": "9223372036854775808"}, "id is outside [0, 9223372036854775807]"),
        ({"id": "12376451234567890123"}, "id is not a whole number"),
        ({"ra": ""}, "ra is missing"),
        ({"ra": "10h20m"}, "ra is not a finite number"),
        ({"ra": "inf"}, "ra is not a finite number"),
        ({"ra": "1e999"}, "ra is not a finite number"),
        ({"ra": "1_0"}, "ra is not a finite number"),
        ({"ra": "360"}, "ra is outside [0, 360)"),
        ({"ra": "-0.1"}, "ra is outside [0, 360)"),
        ({"dec": ""}, "dec is missing"),
        ({"dec": "90.0001"}, "dec is outside [-90, 90]"),
        ({"dec": "-91"}, "dec is outside [-90, 90]"),
        ({"redshift": "-0.1"}, "redshift is negative"),
        ({"redshift": "-9999"}, "redshift is negative"),
        ({"redshift": "-0.002"}, "redshift is negative"),
        ({"redshift": "-0.002", "class": "QSO"}, "redshift is negative"),
        ({"redshift": "-0.02", "class": "STAR"}, "redshift is outside [-0.01, 20]"),
        ({"redshift": "99"}, "redshift is outside [-0.01, 20]"),
        ({"redshiftError": "-1"}, "redshiftError is outside [0, inf)"),
        ({"class": "PLANET"}, "class is unknown"),
        ({"run": ""}, "run is missing"),
        ({"run": "0"}, "run is outside [1, 999999]"),
        ({"run": "../1"}, "run is not a whole number"),
        ({"camcol": "7"}, "camcol is outside [1, 6]"),
        ({"field": "10000"}, "field is outside [1, 9999]"),
        ({"field": "12.0"}, "field is not a whole number"),
    ],
)
def test_a_bad_row_is_listed_with_line_and_reason(cells, reason):
    result = build_from(GOOD, "", "# a remark", changed(2, **cells), changed(3))
    assert result.objects["id"].tolist() == [1, 3]
    (row,) = result.rejected.itertuples(index=False)
    column = reason.split()[0]
    expected = (5, cells.get("id", "2"), reason, cells[column])
    assert (row.line, row.id, row.reason, row.detail) == expected


@pytest.mark.parametrize("cell", ["nan", "NULL", "--"])
def test_a_required_cell_is_missing_whatever_word_stands_for_it(cell):
    result = build_from(GOOD, changed(2, ra=cell))
    assert result.rejected.to_numpy().tolist() == [[3, "2", "ra is missing", ""]]


@pytest.mark.parametrize("cell", ["", "NaN", "null"])
def test_missing_cells_are_unknown_and_good(cell):
    result = build_from(changed(redshift=cell, redshiftError=cell, u=cell, **{"class": cell}))
    (row,) = result.objects.itertuples(index=False)
    assert np.isnan([row.redshift, row.redshiftError, row.u]).all()
    assert row[5] == ""
    assert row.g == 19.0


def test_a_star_moves_towards_us():
    result = build_from(changed(redshift="-0.0012", **{"class": "star"}))
    assert result.objects[["redshift", "class"]].iloc[0].tolist() == [-0.0012, "STAR"]


def test_impossible_magnitudes_are_unknown_and_counted():
    result = build_from(changed(u="-9999", g="nan", z="99"), changed(3))
    # nan stands for a missing value and is not an impossible magnitude
    assert result.cleared == 2
    assert np.isnan(result.objects[["u", "g", "z"]].iloc[0].to_numpy()).all()
    assert result.objects["r"].tolist() == [18.0, 18.0]


def test_rows_agree_with_the_schema_one_by_one():
    """Vectorised checks against jsonschema on each row of a table with faults at random."""
    rng = np.random.default_rng(3)
    wild = ["", "5", "-1", "0", "360", "89.5", "-0.005", "1e5", "20", "21", "nan", "x", "STAR"]
    rows = []
    for number in range(600):
        row = dict(zip(HEADER.split(","), changed(number).split(","), strict=True))
        row["ra"] = repr(0.1 * number)
        row["class"] = rng.choice(["GALAXY", "STAR", "QSO", ""])
        column = rng.choice(["ra", "dec", "redshift", "redshiftError", "class", "run", "field"])
        rows.append(row | {str(column): str(rng.choice(wild))})
    validator = Draft202012Validator(SCHEMA)

    def typed(column, cell):
        kind = SCHEMA["properties"][column].get("type")
        try:
            return {"integer": int, "number": float, None: str}[kind](cell)
        except ValueError:
            return cell

    def is_good(row):
        given = {column: cell for column, cell in row.items() if cell not in ("", "nan")}
        return validator.is_valid({column: typed(column, cell) for column, cell in given.items()})

    good = [int(row["id"]) for row in rows if is_good(row)]
    result = build_from(*(",".join(row.values()) for row in rows), radius=0)
    assert sorted(result.objects["id"]) == good
    assert 100 < len(good) < 550
    assert len(result.rejected) == 600 - len(good)


def test_ids_of_19_digits_survive():
    ids = ["1237678660894327022", "1237678660894327023", "9223372036854775807"]
    result = build_from(*(changed(k, id=number) for k, number in enumerate(ids)))
    assert result.objects["id"].astype(str).tolist() == ids
    assert result.objects["id"].dtype == np.int64
    assert result.objects.to_csv(index=False).splitlines()[1].startswith(ids[0] + ",")


def test_same_id_the_row_with_a_redshift_wins():
    rows = (changed(1, id="7", redshift=""), changed(2, id="7"), changed(3, id="7"), changed(4))
    result = build_from(*rows)
    assert result.objects[["id", "ra"]].to_numpy().tolist() == [[4, 10.9], [7, 10.7]]
    listed = result.rejected[["line", "reason", "detail"]].to_numpy().tolist()
    assert listed == [[2, "id of another row", "line 3"], [4, "id of another row", "line 3"]]


def test_close_rows_are_one_object_the_one_with_a_redshift():
    arcsec = 1 / 3600
    rows = (
        changed(1, ra="10", dec="0", redshift=""),
        changed(2, ra="10", dec=repr(0.9 * arcsec)),
        changed(3, ra="10", dec=repr(2.0 * arcsec)),
        changed(4, ra="10", dec=repr(2.9 * arcsec), redshift="", field="123"),
    )
    result = build_from(*rows)
    assert result.objects["id"].tolist() == [2, 3]
    reason = "within duplicate_radius of another row"
    assert result.rejected.to_numpy().tolist() == [
        [2, "1", reason, "line 3"],
        [5, "4", reason, "line 4"],
    ]
    assert len(build_from(*rows, radius=0).objects) == 4
    assert len(build_from(*rows, radius=0.5).objects) == 4


def test_a_bad_row_does_not_shadow_a_good_one():
    result = build_from(changed(1, id="7", dec="x"), changed(1, id="7", redshift=""))
    assert result.objects["id"].tolist() == [7]
    assert result.rejected["line"].tolist() == [2]


def slow_twins(ra, dec, radius, preferred, group):
    """The definition, with astropy's separations."""
    sky = SkyCoord(ra * units.deg, dec * units.deg)
    twin = np.full(len(ra), -1)
    for row in preferred:
        if twin[row] < 0:
            near = (sky.separation(sky[row]).arcsec < radius) & (group != group[row])
            near[row] = False
            twin[near & (twin < 0)] = row
    return twin


@pytest.mark.parametrize(("ra", "dec"), [(0.0, 0.0), (123.0, 60.0), (77.0, 90.0), (5.0, -90.0)])
def test_twins_against_astropy_at_ra_0_and_the_poles(ra, dec):
    rng = np.random.default_rng([1, int(ra)])
    x, y = rng.uniform(-10, 10, (2, 150)) / 3600
    centre = SkyCoord(ra * units.deg, dec * units.deg)
    sky = centre.directional_offset_by(np.arctan2(x, y) * units.rad, np.hypot(x, y) * units.deg)
    preferred = rng.permutation(150)
    for group in (np.arange(150), np.arange(150) % 2):
        arguments = (sky.ra.deg, sky.dec.deg, 1.0, preferred)
        twin = close_twins(*arguments, group=group)
        np.testing.assert_array_equal(twin, slow_twins(*arguments, group))
        assert 20 < np.count_nonzero(twin >= 0) < 120
    if ra == 0:
        assert sky.ra.deg.max() > 359
        assert sky.ra.deg.min() < 1


def test_many_rows_at_one_place_are_no_trouble():
    count = 50_000
    twin = close_twins(np.full(count, 3.0), np.full(count, 4.0), 1.0, np.arange(count))
    assert twin[0] == -1
    assert np.all(twin[1:] == 0)


def test_objects_are_sorted_and_do_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(5)
    rows = [
        changed(n, run=str(rng.integers(9, 12)), field=str(rng.integers(9, 12)))
        for n in rng.permutation(50)
    ]
    first, second = build_from(*rows).objects, build_from(*rows[::-1]).objects
    assert first.to_csv() == second.to_csv()
    key = list(zip(first["run"], first["camcol"], first["field"], first["id"], strict=True))
    assert key == sorted(key)
    held = frames_of(first)
    assert field_names(held).tolist() == list(dict.fromkeys(field_names(first)))


def test_fields_asked_for_and_no_others():
    rows = (GOOD, changed(2, field="123"), changed(3, field="0122"))
    result = build_from(*rows, fields=["2820-3-122"])
    assert result.objects["id"].tolist() == [1, 3]
    assert result.rejected.to_numpy().tolist() == [
        [3, "2", "outside the fields asked for", "2820-3-123"]
    ]
    with pytest.raises(InputError, match=r"no object is left, 3 rows rejected; most often: out"):
        build_from(*rows, fields=["1-1-1"])


def test_other_columns_are_kept_and_the_case_of_names_does_not_matter():
    header = "ID,RA,Dec,Run,CAMCOL,Field,remark,REDSHIFTERROR,Z"
    result = build_from('1,2,3,4,5,6,"a, b",0.1,word', header=header)
    assert tuple(result.objects.columns) == (*COLUMNS, "remark", "Z")
    row = result.objects.iloc[0]
    assert row[["remark", "Z", "redshiftError", "run"]].tolist() == ["a, b", "word", 0.1, 4]
    assert np.isnan(row["z"])


def test_rows_of_another_length_are_listed():
    result = build_from(GOOD, GOOD + ",1", "1,2", changed(2))
    assert result.objects["id"].tolist() == [1, 2]
    reason = "row cannot be read"
    assert result.rejected.to_numpy().tolist() == [
        [3, "", reason, "15 cells; allowed: 14, as in the header"],
        [4, "", reason, "2 cells; allowed: 14, as in the header"],
    ]


def test_a_stray_character_costs_its_row_alone():
    result = build_from(GOOD, '"' + changed(2), changed(3), changed(4, ra="1\ufffd"), changed(5))
    assert result.objects["id"].tolist() == [1, 3, 5]
    assert result.rejected[["line", "reason", "detail"]].to_numpy().tolist() == [
        [3, "row cannot be read", "a quotation mark is not closed on its line"],
        [5, "ra is not a finite number", "1\ufffd"],
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("# nothing\n\n", "empty"),
        (HEADER + "\n", "no object is left, 0 rows rejected"),
        (GOOD + "\n", "line 1: 14 values, no line above has names; allowed: a header line"),
        ("<!DOCTYPE html>\n<p>a, b</p>\n", "which is a web page; allowed: a table"),
        ("id,ra,dec,run,camcol\n1,2,3,4,5\n", "no column field; it has id, ra, dec"),
        ("id,ra,dec,run,camcol,field,RA\n1,2,3,4,5,6,7\n", "more than one column is 'ra'"),
        ("id,ra,ra\n1,2,3\n", "'ra' more than once"),
        (",id,ra\n0,1,2\n", "no column dec, run, camcol, field; it has id, ra"),
        ("id,,ra\n0,1,2\n", "column 2 of the header has no name"),
        (HEADER + '\n"1,2\n', "no object is left, 1 rows rejected"),
    ],
)
def test_a_file_that_is_no_such_csv(text, message):
    with pytest.raises(InputError, match=message) as caught:
        build(table_of(text), SCHEMA, "objects.csv", 1.0)
    assert str(caught.value).startswith("objects.csv: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("compressed", [False, True])
def test_files_as_spreadsheets_and_skyserver_write_them(tmp_path, compressed):
    text = f"\ufeff#Table1\r\n{HEADER}\r\n{GOOD}\r\n{changed(2, dec='x')}\r\n".encode()
    path = tmp_path / ("a.csv.gz" if compressed else "a.csv")
    path.write_bytes(gzip.compress(text) if compressed else text)
    result = build(read_rows(path), SCHEMA, "a.csv", 1.0)
    assert result.objects["id"].tolist() == [1]
    assert result.rejected["line"].tolist() == [4]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv.gz", b"\x1f\x8bno gzip"),
        ("b.csv.gz", gzip.compress(b"id,ra\n" * 99, mtime=0)[:-12]),
    ],
)
def test_files_that_cannot_be_read(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_rows(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_demo_truth():
    header = "id,kind,class,ra,dec,redshift,run,camcol,field,u,g,r,i,z,flux_u,epoch,catalogued"
    rows = (
        "5,galaxy,GALAXY,10,1,0.2,94,1,12,20,19,18,17,16,3,1,True",
        "6,star,STAR,11,1,0.0,94,1,12,20,19,18,17,16,3,1,True",
        "7,galaxy,GALAXY,12,1,0.3,94,1,12,20,19,18,17,16,3,1,False",
        "8,transient,,13,1,,94,1,13,20,19,18,17,16,3,2,False",
    )
    table = demo_rows(table_of("\n".join([header, *rows])))
    result = build(table, SCHEMA, "truth.csv", 1.0)
    assert tuple(result.objects.columns) == COLUMNS
    assert result.objects["id"].tolist() == [5, 6]
    assert result.objects["redshift"].tolist() == [0.2, 0.0]
    assert result.objects["redshiftError"].tolist() == [1e-4, 1e-4]
    assert result.rejected.empty


def detections(*rows):
    columns = ["number", "x", "y", "ra", "dec", "mag", "edge_distance"]
    frame = pd.DataFrame([(n, 0.0, 0.0, *rest) for n, *rest in rows], columns=columns)
    return frame.set_axis(frame.index + 2)


def test_detections_of_overlapping_fields_are_counted_once():
    near = 0.4 / 3600
    lists = {
        (94, 1, 12): detections((1, 10.0, 0.0, 20.0, 50.0), (2, 10.1, 0.0, 99.0, 10.0)),
        (94, 1, 13): detections(
            (1, 10.0, near, 20.1, 60.0),
            (2, 10.1, near, 20.2, 10.0),
            (3, 10.2, 0.0, 20.3, 9.0),
            (4, 10.2, near, 20.4, 9.5),
        ),
    }
    result = merge_detections(lists, SCHEMA, "r", 1.0)
    first, second = 941001200000, 941001300000
    assert result.objects["id"].tolist() == [first + 2, second + 1, second + 3, second + 4]
    assert result.rejected.to_numpy().tolist() == [
        [2, first + 1, "seen in another field", second + 1],
        [3, second + 2, "seen in another field", first + 2],
    ]
    assert tuple(result.objects.columns) == COLUMNS
    assert result.objects["redshift"].isna().all()
    assert (result.objects["class"] == "").all()
    np.testing.assert_array_equal(result.objects["r"], [np.nan, 20.1, 20.3, 20.4])
    assert result.cleared == 1


def test_detections_that_cannot_be_merged():
    with pytest.raises(InputError, match="none of the fields came"):
        merge_detections({}, SCHEMA, "r", 1.0)
    with pytest.raises(InputError, match="no object is left"):
        merge_detections({(1, 1, 1): detections()}, SCHEMA, "r", 1.0)
    with pytest.raises(InputError, match="field 1-1-1: 1 sources; allowed: 99999"):
        merge_detections({(1, 1, 1): detections((100_000, 1, 1, 1, 1))}, SCHEMA, "r", 1.0)


def test_query_says_what_is_asked_and_holds_only_numbers():
    query = skyserver_query(SQL, [180, 181.5], (-1e-7, 46), 100)
    words = " ".join(query.split())
    assert "SELECT TOP 100 p.objID AS id" in words
    assert "p.clean = 1 AND s.zWarning = 0 AND p.ra BETWEEN 180.0 AND 181.5" in words
    assert "p.dec BETWEEN -1e-07 AND 46.0" in words
    assert "TOP" not in " ".join(skyserver_query(SQL, (0, 1), (0, 1)).split("SELECT")[1:])
    assert "$" not in query
    for name in COLUMNS:
        assert f" AS {name}" in words
    with pytest.raises(ValueError, match="could not convert"):
        skyserver_query(SQL, ["0; DROP TABLE PhotoObj", 1], (0, 1))
    with pytest.raises(ValueError, match="invalid literal"):
        skyserver_query(SQL, (0, 1), (0, 1), "1; DROP TABLE PhotoObj")


def test_query_survives_astroquery():
    """It takes out comments and line breaks; what is left is the one statement."""
    query = skyserver_query(SQL, (0, 1), (2, 3))
    payload = SDSS.query_sql_async(query, data_release=17, get_query_payload=True)
    words = payload["cmd"].split()
    assert words[0] == "SELECT"
    assert "--" not in payload["cmd"]
    assert " ".join(words).endswith("ORDER BY p.run, p.camcol, p.field, p.objID")
    assert len(payload["cmd"]) < 2000  # the query travels in the URL


class Service:
    """SkyServer with prepared answers."""

    def __init__(self, monkeypatch, *answers):
        self.answers, self.calls, self.waits = list(answers), [], []
        monkeypatch.setattr(SDSS, "query_sql_async", self.query)
        monkeypatch.setattr(skyserver.time, "sleep", self.waits.append)

    def query(self, sql, **arguments):
        self.calls.append((sql, arguments))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, text, *headers = answer
        return types.SimpleNamespace(status_code=status, text=text, headers=dict(*headers))


ANSWER = f"#Table1\n{HEADER}\n{GOOD.replace('1,', '1237678660894327022,', 1)}\n"
AREA = {"ra": [10, 11], "dec": [-1, 1]}
PAGE = (200, "\r\n\n<!doctype html><head><title>x</title></head><h1>Down for\nrepairs</h1>")


def test_skyserver_is_asked_once_when_it_answers(monkeypatch):
    service = Service(monkeypatch, (200, ANSWER))
    table = skyserver_rows(SQL, AREA, None, "dr17")
    result = build(table, SCHEMA, "SkyServer", 1.0)
    assert result.objects["id"].tolist() == [1237678660894327022]
    ((query, arguments),) = service.calls
    assert "BETWEEN 10.0 AND 11.0" in query
    assert arguments["data_release"] == 17
    assert arguments["cache"] is False
    assert service.waits == []


def test_skyserver_is_asked_again_after_trouble(monkeypatch):
    trouble = (requests.ConnectionError("no route"), PAGE, (503, "busy"), (200, ANSWER))
    service = Service(monkeypatch, *trouble)
    assert len(skyserver_rows(SQL, AREA, None, "dr16").rows) == 1
    assert service.waits == list(skyserver.WAITS)


TOO_MANY = "ERROR: Maximum 60 queries allowed per minute. Rejected query: SELECT "


@pytest.mark.parametrize(
    "busy",
    [
        (429, "Too Many Requests"),
        (429, TOO_MANY),
        (200, f'#Table1\n"{TOO_MANY}\n p.objID AS id, p.ra"\n'),
        (200, TOO_MANY),
    ],
)
def test_skyserver_is_asked_again_when_it_was_asked_too_often(monkeypatch, caplog, busy):
    service = Service(monkeypatch, busy, (200, ANSWER))
    assert len(skyserver_rows(SQL, AREA, None, "dr17").rows) == 1
    assert service.waits == [skyserver.WAITS[0]]
    assert busy[1].split("\n")[0].split(":")[0] in caplog.text


@pytest.mark.parametrize(("asked", "waited"), [("30", 30), ("1", 5), ("9999", 300), ("soon", 5)])
def test_skyserver_says_when_to_ask_again(monkeypatch, asked, waited):
    service = Service(
        monkeypatch, (429, "Too Many Requests", {"Retry-After": asked}), (200, ANSWER)
    )
    skyserver_rows(SQL, AREA, None, "dr17")
    assert service.waits == [waited]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([requests.ConnectionError("no\nroute")] * 4, "in 4 attempts.*ConnectionError: no route"),
        ([PAGE] * 4, "in 4 attempts.*status 200, Down for repairs; check the network"),
        ([(500, "oops")] * 4, "in 4 attempts.*status 500, oops"),
        ([(200, '{"error_message": "Invalid column"}')], "refuses the query.*Invalid column"),
        ([(404, "no such release")], "refuses the query.*no such release"),
        ([(429, "Too Many Requests")] * 4, "in 4 attempts.*status 429, Too Many Requests"),
        ([(200, TOO_MANY)] * 4, "in 4 attempts.*ERROR: Maximum 60 queries allowed per minute"),
        ([(200, "#Table1\nERROR: Invalid column name")], "refuses the query.*Invalid column name"),
        ([(200, "No objects have been found\n")], "no object with a redshift in RA"),
        ([(200, "#Table1\nNo entries have been found")], "no object with a redshift in RA"),
        ([(200, f"#Table1\n{HEADER}\n")], "no object with a redshift in RA"),
        ([(200, "")], "SkyServer's answer: empty"),
    ],
)
def test_skyserver_that_does_not_answer(monkeypatch, answers, message):
    service = Service(monkeypatch, *answers)
    with pytest.raises(InputError, match=message) as caught:
        skyserver_rows(SQL, AREA, None, "dr17")
    assert "\n" not in str(caught.value)
    assert service.answers == []


def test_skyserver_answer_that_is_cut_off(monkeypatch):
    monkeypatch.setattr(skyserver, "SKYSERVER_ROWS", 1)
    Service(monkeypatch, (200, ANSWER))
    with pytest.raises(InputError, match="cuts its answers off at 1 rows"):
        skyserver_rows(SQL, AREA, None, "dr17")


def written(folder, source, **params):
    """Make a catalogue in a folder, which the function creates."""
    given = {"origin": source, "duplicate_radius": 1.0, "fields": None, "shard": None} | params
    paths = {name: folder / f"{name}.csv" for name in ("objects", "frames", "rejected")}
    schema = ROOT / "workflow/schemas/objects.schema.yaml"
    make_catalogue(source=source, schema=schema, **paths, **given)


def test_script_writes_three_tables_alike_each_time(tmp_path):
    source = tmp_path / "my.csv"
    source.write_text("\n".join([HEADER, GOOD, changed(3, redshift=""), changed(2, dec="x")]))
    contents = []
    for folder in (tmp_path / "1", tmp_path / "2"):
        written(folder, str(source))
        names = sorted(path.name for path in folder.iterdir())
        assert names == ["frames.csv", "objects.csv", "objects.ecsv", "rejected.csv"]
        contents.append([(folder / name).read_bytes() for name in names])
    assert contents[0] == contents[1]
    held, objects, described, rejected = (content.decode() for content in contents[0])
    assert described.endswith(objects)
    assert held == "run,camcol,field\n2820,3,122\n"
    assert objects.splitlines()[1:] == [
        "1,10.5,-0.5,0.1,0.001,GALAXY,2820,3,122,20.1,19.0,18.0,17.5,17.25",
        "3,10.8,-0.5,,0.001,GALAXY,2820,3,122,20.1,19.0,18.0,17.5,17.25",
    ]
    assert rejected == "line,id,reason,detail\n4,2,dec is not a finite number,x\n"


def test_script_reads_its_own_catalogue_back(tmp_path):
    source = tmp_path / "my.csv"
    source.write_text("\n".join([HEADER, changed(7, ra="0.1"), changed(3, redshift="1e-3")]))
    written(tmp_path / "1", str(source))
    again = tmp_path / "1/objects.csv"
    written(tmp_path / "2", str(again))
    assert again.read_bytes() == (tmp_path / "2/objects.csv").read_bytes()


def test_script_takes_fields_of_detections_from_file_names(tmp_path):
    paths = []
    for field in (122, 123):
        path = tmp_path / f"2820-3-{field}.detections.csv"
        detections((1, 10.0 + field, 0.1, 20.0, 5.0)).to_csv(path, index=False)
        paths.append(str(path))
    params = {"origin": "detections", "reference_band": "g", "fields": ["2820-3-122"]}
    written(tmp_path / "out", paths, **params)
    lines = (tmp_path / "out/objects.csv").read_text().splitlines()
    assert lines[1:] == [
        "28203012200001,132.0,0.1,,,,2820,3,122,,20.0,,,",
        "28203012300001,133.0,0.1,,,,2820,3,123,,20.0,,,",
    ]


@pytest.mark.skipif(not REAL.exists(), reason=f"real data are not at {REAL}")
def test_real_catalogue():
    result = build(read_rows(REAL), SCHEMA, str(REAL), 1.0)
    text = REAL.read_text().splitlines()[1:]
    kept = set(result.objects["id"].astype(str))
    assert len(kept) + len(result.rejected) == len(text)
    assert {line.split(",")[0] for line in text} >= kept
    assert set(result.rejected["reason"]) <= {"within duplicate_radius of another row"}


@pytest.mark.parametrize("form", FORMS)
def test_every_format_gives_the_same_catalogue(tmp_path, form):
    rows = (
        changed(1, id="1237678660894327022", ra="10.123456789012345"),
        changed(2, redshift="", g="-9999"),
        changed(3, dec="91.5"),
        changed(4, **{"class": ""}),
    )
    text = "\n".join([HEADER, *rows]) + "\n"
    plain, other = tmp_path / "a.csv", tmp_path / f"b.{form}"
    plain.write_text(text)
    other.write_bytes(forms_of(text)[form])
    expected, result = (build(read_rows(path), SCHEMA, "t", 1.0) for path in (plain, other))
    assert expected.objects["id"].tolist()[-1] == 1237678660894327022
    pd.testing.assert_frame_equal(result.objects, expected.objects, check_exact=True)
    assert result.cleared == expected.cleared == 1
    reasons = ["id", "reason", "detail"]
    assert result.rejected[reasons].to_numpy().tolist() == [
        ["3", "dec is outside [-90, 90]", "91.5"]
    ]


def test_the_demo_s_catalogue_states_its_extinction():
    header = f"{HEADER},flux_r,extinction_g,extinction_r,catalogued"
    row = GOOD.replace("0.001,", ",")
    table = demo_rows(table_of(f"{header}\n{row},25,0.3,0.2,True\n{row},25,0.3,0.2,False\n"))
    assert [name for name in table.rows if name not in COLUMNS] == ["extinction_g", "extinction_r"]
    assert table.rows["extinction_r"].tolist() == ["0.2"]
