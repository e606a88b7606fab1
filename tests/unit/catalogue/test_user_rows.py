"""Tables of objects as people have them: names, spellings, units, ids that lost digits."""

import logging

import numpy as np
import pandas as pd
import pytest
import yaml
from astropy.coordinates import Angle, SkyCoord
from conftest import ROOT
from redpix.catalogue.build import build
from redpix.catalogue.origins import read_rows
from redpix.catalogue.positions import far_from_their_frame
from redpix.core.exceptions import InputError
from redpix.io.tables import read_table

STRANGERS = ROOT.parent / "shared/strangers/catalogues"
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/objects.schema.yaml").read_text())
NAMES = "id,ra,dec,run,camcol,field,redshift,class,u,g,r,i,z"
ROWS = (
    "1237648704577142822,183.5313257,0.08969303,752,4,267,0.1,GALAXY,19.4,17.0,15.9,15.5,15.2",
    "1237648704577142859,183.5983705,0.135285032,752,4,267,-0.00012,STAR,18.6,17.2,16.6,16.4,16.3",
    "1237648704577142900,183.7,0.2,752,4,268,1.3,QSO,18.6,17.2,16.6,16.4,16.3",
)
#: files of the strangers that hold the three objects above
SAME = (
    *("plain", "bestObjID", "comment_hash_id", "lowerclass", "objID", "pandas_index", "run_float"),
    *("semicolon", "tab", "table1", "utf16"),
)


def columns(**cells):
    """Return the three objects with other cells: one text for all rows, or one per row."""
    table = pd.DataFrame([row.split(",") for row in ROWS], columns=NAMES.split(","))
    for name, cell in cells.items():
        table[name] = cell
    return table


def built(folder, table, name="my.csv", separator=","):
    path = folder / name
    text = table if isinstance(table, str) else table.to_csv(index=False, sep=separator)
    path.write_text(text)
    return build(read_rows(path), SCHEMA, str(path), 1.0)


@pytest.fixture
def plain(tmp_path):
    """Objects of the clean table."""
    result = built(tmp_path, columns(), "plain.csv")
    assert result.objects["id"].tolist() == [int(row.split(",")[0]) for row in ROWS]
    assert result.rejected.empty
    return result.objects


@pytest.fixture
def lines(caplog):
    """Function that returns the assumptions and warnings of the log."""
    caplog.set_level(logging.INFO)

    def collect():
        assumed = [r.getMessage() for r in caplog.records if ": assumed: " in r.getMessage()]
        warned = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
        return [line.split(": assumed: ")[1] for line in assumed], warned

    return collect


def test_a_clean_table_is_taken_as_it_is(tmp_path, plain, lines):
    assert lines() == ([], [])
    path = tmp_path / "plain.csv"
    pd.testing.assert_frame_equal(read_rows(path).rows, read_table(path).frame())
    assert plain["ra"].tolist() == [183.5313257, 183.5983705, 183.7]


@pytest.mark.parametrize(
    ("renamed", "assumed"),
    [
        ({"id": "objID"}, ["id from objID"]),
        ({"id": "bestObjID"}, ["id from bestObjID"]),
        ({"id": "OBJID"}, ["id from OBJID"]),
        ({"id": "photo_obj_id"}, ["id from photo_obj_id"]),
        ({"id": "specObjID"}, ["id from specObjID"]),
        ({"ra": "RAJ2000", "dec": "DEJ2000"}, ["ra from RAJ2000; dec from DEJ2000"]),
        ({"ra": "RA [deg]", "dec": "DEC [deg]"}, []),
        ({"ra": "ra (J2000)", "dec": "dec (J2000)"}, []),
        (
            {"redshift": "z_spec", "class": "SPECTYPE"},
            ["redshift from z_spec; class from SPECTYPE"],
        ),
        (
            {"id": "obj_ID", "ra": "alpha", "dec": "delta", "run": "run_ID", "camcol": "cam_col"},
            ["id from obj_ID; ra from alpha; dec from delta; run from run_ID; camcol from cam_col"],
        ),
        ({"redshift": "Z"}, ["redshift from Z"]),
        ({"run": "RUN", "camcol": "CamCol", "field": "Field"}, []),
        (
            {band: f"modelMag_{band}" for band in "ugriz"} | {"redshift": "z"},
            [
                "redshift from z; u from modelMag_u; g from modelMag_g; r from modelMag_r; "
                "i from modelMag_i; z from modelMag_z"
            ],
        ),
    ],
)
def test_columns_are_known_by_other_names(tmp_path, plain, lines, renamed, assumed):
    result = built(tmp_path, columns().rename(columns=renamed))
    pd.testing.assert_frame_equal(result.objects, plain, check_exact=True)
    assert lines() == (assumed, [])


def test_the_id_itself_comes_before_other_ids(tmp_path, plain):
    result = built(tmp_path, columns(objID="7", specObjID="8"))
    assert result.objects["id"].tolist() == plain["id"].tolist()
    assert result.objects["objID"].tolist() == ["7", "7", "7"]
    with pytest.raises(InputError, match="more than one column for id: objID, OBJID$"):
        built(tmp_path, columns(OBJID="7").rename(columns={"id": "objID"}))


@pytest.mark.parametrize(
    ("cells", "assumed"),
    [
        (["galaxy", "star", "qso"], []),
        (["Gal", "Stars", "Quasar"], ["class: Gal as GALAXY, Quasar as QSO, Stars as STAR"]),
        (["G", "s", "q"], ["class: G as GALAXY, q as QSO, s as STAR"]),
        (["b'GALAXY'", "b'STAR'", "b'QSO'"], None),
    ],
)
def test_classes_in_any_spelling(tmp_path, plain, lines, cells, assumed):
    result = built(tmp_path, columns(**{"class": cells}))
    pd.testing.assert_frame_equal(result.objects, plain, check_exact=True)
    assert assumed is None or lines()[0] == assumed


def test_numbers_of_classes_are_photometric_types(tmp_path):
    result = built(tmp_path, columns(**{"class": ["3", "6", "3.0"]}))
    assert result.objects["class"].tolist() == ["GALAXY", "STAR", "GALAXY"]
    # in another code, 3 is not a galaxy
    with pytest.raises(InputError, match="no object is left, 3 rows rejected; .* class is unknown"):
        built(tmp_path, columns(**{"class": ["3", "6", "2"]}))
    result = built(tmp_path, columns(**{"class": ["PLANET", "STAR", "QSO"]}))
    assert result.rejected["reason"].tolist() == ["class is unknown"]


def test_frames_with_a_decimal_point(tmp_path, plain, lines):
    result = built(tmp_path, columns(run="752.0", camcol="4.", field=["267.0", "267", "268.00"]))
    pd.testing.assert_frame_equal(result.objects, plain, check_exact=True)
    assert lines()[0] == ["run, camcol, field without the decimal point"]
    result = built(tmp_path, columns(field=["267.5", "267", "268"]))
    assert result.rejected[["reason", "detail"]].to_numpy().tolist() == [
        ["field is not a whole number", "267.5"]
    ]


@pytest.mark.parametrize(
    ("names", "style"),
    [
        (("ra", "dec"), ("hour", ":")),
        (("ra", "dec"), ("hour", "hms")),
        (("ra", "dec"), ("hour", " ")),
        (("ra", "dec"), ("deg", "dms")),
        (("ra_hms", "dec_dms"), ("hour", ":")),
        (("ra [deg]", "dec [deg]"), ("deg", ":")),
        (("RA [h:m:s]", "DEC [d:m:s]"), ("hour", ":")),
        (("ra [hour]", "dec"), ("hour", ":")),
    ],
)
def test_sexagesimal_positions(tmp_path, plain, lines, names, style):
    unit, separator = style
    ra = Angle(plain["ra"].to_numpy(), "deg").to_string(unit=unit, sep=separator, precision=9)
    dec = Angle(-plain["dec"].to_numpy(), "deg")
    mark = "dms" if separator == "hms" else separator
    dec = dec.to_string(unit="deg", sep=mark, precision=9, alwayssign=True)
    table = columns(ra=ra, dec=dec).rename(columns=dict(zip(("ra", "dec"), names, strict=True)))
    objects = built(tmp_path, table).objects
    np.testing.assert_allclose(objects["ra"], plain["ra"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(objects["dec"], -plain["dec"], rtol=0, atol=1e-10)
    how = "hours" if unit == "hour" else "degrees"
    (line,) = lines()[0]
    assert f"3 sexagesimal ra in {how}; 3 sexagesimal dec in degrees" in line


@pytest.mark.parametrize("cell", ["12:61:07.5", "12:14:60", "12:14", "25:00:00", "12h14"])
def test_a_position_that_is_not_sexagesimal_costs_its_row(tmp_path, cell):
    result = built(tmp_path, columns(ra=[cell, "183.6", "183.7"]))
    assert len(result.objects) == 2
    assert result.rejected["reason"].str.startswith("ra is ").tolist() == [True]


@pytest.mark.parametrize("name", ["ra [hour]", "ra (hours)", "RA_hours", "ra [h]"])
def test_right_ascensions_in_hours(tmp_path, plain, lines, name):
    table = columns(ra=[repr(ra / 15) for ra in plain["ra"]]).rename(columns={"ra": name})
    objects = built(tmp_path, table).objects
    np.testing.assert_allclose(objects["ra"], plain["ra"], rtol=0, atol=1e-12)
    assert "ra in hours" in lines()[0][0]


def test_positions_in_radians_and_in_other_units(tmp_path, plain):
    table = columns(
        ra=[repr(float(x)) for x in np.deg2rad(plain["ra"])],
        dec=[repr(float(x)) for x in np.deg2rad(plain["dec"])],
    )
    objects = built(
        tmp_path, table.set_axis(["id", "ra [rad]", "dec [rad]", *table.columns[3:]], axis=1)
    ).objects
    np.testing.assert_allclose(objects[["ra", "dec"]], plain[["ra", "dec"]], rtol=0, atol=1e-12)
    for name, message in (
        ("ra", "ra: unit 'arcsec'; allowed: degrees, hours, radians"),
        ("dec", "dec: unit 'hour'; allowed: degrees, radians"),
    ):
        unit = message.split("'")[1]
        with pytest.raises(InputError, match=message):
            built(tmp_path, columns().rename(columns={name: f"{name} [{unit}]"}))


def test_units_of_a_votable_count(tmp_path, plain):
    from astropy.table import Table

    table = Table.from_pandas(columns())
    for name in ("ra", "dec"):
        table[name] = table[name].astype(float)
    table["ra"] = table["ra"] / 15
    table["ra"].unit = "hourangle"
    table.write(tmp_path / "a.vot", format="votable")
    objects = build(read_rows(tmp_path / "a.vot"), SCHEMA, "a.vot", 1.0).objects
    np.testing.assert_allclose(objects["ra"], plain["ra"], rtol=0, atol=1e-12)


def test_negative_right_ascensions(tmp_path, plain, lines):
    result = built(
        tmp_path, columns(ra=["-176.4686743", "183.5983705", "-1e-20"], field=["267", "267", "9"])
    )
    assert sorted(result.objects["ra"]) == [0.0, pytest.approx(183.5313257, abs=1e-12), 183.5983705]
    assert lines()[0] == ["2 negative ra plus 360 degrees"]
    result = built(tmp_path, columns(ra=["-999", "183.5983705", "360"]))
    assert result.rejected["reason"].tolist() == ["ra is outside [0, 360)"] * 2


@pytest.mark.parametrize("cell", ["null", "NULL", "", "nan", "--"])
def test_missing_values_cost_no_row(tmp_path, plain, cell):
    result = built(tmp_path, columns(redshift=cell, u=cell, g=[cell, "17.2", "17.2"]))
    assert result.rejected.empty
    assert result.cleared == 0
    assert result.objects[["redshift", "u"]].isna().to_numpy().all()
    assert result.objects["g"].isna().tolist() == [True, False, False]


def test_z_is_the_redshift_the_magnitude_or_an_id(tmp_path, lines):
    few = columns()[["id", "ra", "dec", "run", "camcol", "field", "class"]]
    result = built(tmp_path, few.assign(z=["0.1", "", "1.3"], zErr=["1e-4", "", "1e-3"]))
    np.testing.assert_array_equal(result.objects["redshift"], [0.1, np.nan, 1.3])
    np.testing.assert_array_equal(result.objects["redshiftError"], [1e-4, np.nan, 1e-3])
    assert result.objects["z"].isna().all()
    result = built(tmp_path, few.assign(z=["15.2", "16.3", "17.1"]))
    assert result.objects["z"].tolist() == [15.2, 16.3, 17.1]
    assert result.objects["redshift"].isna().all()
    result = built(tmp_path, few.assign(z=["299489677444933632", "299489677444933633", "4"]))
    assert lines()[0] == ["redshift from z; redshiftError from zErr"]
    assert result.objects["redshift"].isna().all()
    assert "z holds ids, neither redshifts nor magnitudes" in lines()[1][-1]


def test_a_redshift_under_another_name_is_checked(tmp_path, lines):
    table = columns().rename(columns={"redshift": "zspec"})
    result = built(tmp_path, table.assign(zspec=["0.1", "x", "1.3"]))
    assert result.objects["redshift"].tolist() == [0.1, 1.3]
    assert result.rejected["reason"].tolist() == ["redshift is not a finite number"]
    assert lines()[1] == []
    result = built(tmp_path, table.assign(zspec=["299489677444933632", "7", "299489677444933633"]))
    assert result.objects["redshift"].isna().all()
    assert "zspec does not hold redshifts: redshift is unknown" in lines()[1][0]


def test_z_beside_other_bands_is_a_magnitude(tmp_path, lines):
    result = built(tmp_path, columns(z=["0.1", "0.2", "0.3"]).drop(columns="redshift"))
    assert result.objects["z"].tolist() == [0.1, 0.2, 0.3]
    assert result.objects["redshift"].isna().all()
    assert "its values are those of a redshift" in lines()[1][0]


@pytest.mark.parametrize(
    ("ids", "row"),
    [
        (["1.23765E+18"] * 3, 3),
        (["1237648704577142784.0", "1237648704577142784.0", "1237648704577142900"], 3),
        (["1237648704577142784"] * 3, 3),
        (["1237648704577143040", "1237648704577142784", "1237648704577142784"], 4),
    ],
)
def test_ids_that_stand_for_several_objects_are_refused(tmp_path, ids, row):
    with pytest.raises(
        InputError, match=f"line {row}: id: .* is also the id of another object .line"
    ):
        built(tmp_path, columns(id=ids))


@pytest.mark.parametrize(
    "ids",
    [
        ["1.23765E+18", "1.23766E+18", "1.23767E+18"],
        ["1237648704577142784.0", "1237648704577143040.0", "1237648704577143296.0"],
        ["1237648704577142784", "1237648704577143040", "1237648704577143296"],
    ],
)
def test_ids_that_lost_digits_and_differ_are_names(tmp_path, lines, ids):
    result = built(tmp_path, columns(id=ids))
    assert result.objects["id"].tolist() == [int(float(cell)) for cell in ids]
    (warning,) = lines()[1]
    assert "id: 3 of 3 ids look as if they had lost their last digits" in warning


def test_one_object_twice_may_have_an_id_that_lost_digits(tmp_path):
    ids = ["1237648704577142784", "1237648704577142784", "1237648704577143040"]
    result = built(tmp_path, columns(id=ids, ra=["183.5", "183.5", "183.7"], dec="0.1"))
    assert result.rejected["reason"].tolist() == ["id of another row"]


@pytest.mark.parametrize(
    "ids",
    [
        ["12.0", "13.0", "14.00"],
        # multiples of 1024 by design
        ["299489677444933632", "299490502078654464", "299491051834468352"],
        [row.split(",")[0] + ".0" for row in ROWS],
    ],
)
def test_ids_that_kept_their_digits(tmp_path, lines, ids):
    result = built(tmp_path, columns(id=ids))
    assert result.objects["id"].tolist() == [int(cell.split(".")[0]) for cell in ids]
    assert lines()[1] == []


def test_ids_of_a_binary_table_that_are_floats(tmp_path):
    path = tmp_path / "a.parquet"
    columns().astype({"id": float}).to_parquet(path)
    with pytest.raises(
        InputError, match="row 2: id: 1237648704577142784 is also the id of another object .row 1"
    ):
        read_rows(path)


@pytest.mark.parametrize("text", [NAMES + "\n", f"{NAMES}\n,,,,,,,,,,,,\n"])
def test_a_table_without_objects(tmp_path, text):
    with pytest.raises(InputError, match="no object is left"):
        built(tmp_path, text)


def test_cells_of_any_kind_end_in_a_result_or_in_one_line(tmp_path):
    rng = np.random.default_rng(12)
    wild = [
        *("", "-", "12:00:00", "-0:0:1", "1e18", "1e999", "-1e-300", "0.0", "5", "3", "b''", "inf"),
        *("12h", "° ' \"", "9" * 30, "9" * 19 + ".0", "1.5E+99", "−1:2:3", "nan", "x" * 300, "G"),
    ]
    results, messages = [], []
    for number in range(150):
        table = columns()
        for _ in range(rng.integers(1, 4)):
            table.iat[rng.integers(3), rng.integers(table.shape[1])] = str(rng.choice(wild))
        names = ["z", "Z", "ra [hour]", "specObjID", "modelMag_u", "objID", "dec_dms", "class"]
        renamed = {rng.choice(table.columns): rng.choice(names)}
        try:
            results.append(built(tmp_path, table.rename(columns=renamed), f"{number}.csv"))
        except InputError as error:
            messages.append(str(error))
    assert len(results) > 20
    assert len(messages) > 20
    assert not any("\n" in message for message in messages)
    assert all(result.objects["ra"].between(0, 360, "left").all() for result in results)
    assert all(len(result.objects) + len(result.rejected) == 3 for result in results)


def test_objects_far_from_their_field_are_named(tmp_path, lines):
    built(tmp_path, columns(ra=["12.23", "183.5983705", "183.7"], field="267"))
    (warning,) = lines()[1]
    assert "1 objects lie more than 1 degree from the others of their field" in warning
    assert "line 2 (ra 12.23, dec 0.08969303); if ra is in hours" in warning


def test_distances_against_astropy():
    rng = np.random.default_rng(8)
    ra, dec = rng.uniform(-2, 2, 200) % 360, rng.uniform(-2, 2, 200)
    frames = np.array(["a", "b"])[np.arange(200) % 2]
    far = far_from_their_frame(ra, dec, frames, limit=1.5)
    sky = SkyCoord(ra, dec, unit="deg")
    expected = []
    for name in ("a", "b"):
        rows = np.flatnonzero(frames == name)
        middle = SkyCoord(
            *np.median(sky[rows].cartesian.xyz.value, axis=1), representation_type="cartesian"
        )
        expected += rows[sky[rows].separation(middle).deg > 1.5].tolist()
    assert 20 < len(far) < 180
    assert far.tolist() == sorted(expected)


def stranger(kind):
    path = STRANGERS / f"cat_{kind}.csv"
    if not path.exists():
        pytest.skip(f"strangers' files are absent: no {path.name}")
    return path


def of_stranger(kind):
    return build(read_rows(stranger(kind)), SCHEMA, kind, 1.0)


@pytest.mark.parametrize("kind", SAME)
def test_the_three_objects_of_a_stranger(kind, plain):
    result = of_stranger(kind)
    pd.testing.assert_frame_equal(result.objects, plain, check_exact=True)
    assert result.rejected.empty
    assert result.cleared == 0


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("error_text", "a server's message"),
        ("html", "a web page"),
        ("excel_ids", "line 3: id: 1237650000000000000 is also the id of another object"),
        ("float_ids", "line 3: id: 1237648704577142784 is also the id of another object"),
        ("lost_digits", "line 3: id: 1237648704577142784 is also the id of another object"),
        ("lost_digits_clash", "line 3: id: 1237648704577142784 is also the id of another object"),
    ],
)
def test_a_stranger_that_is_refused(kind, message):
    with pytest.raises(InputError, match=message) as caught:
        of_stranger(kind)
    assert str(caught.value).startswith(f"{stranger(kind)}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "column", "expected"),
    [
        ("mag_null", "u", [np.nan, 18.6, 18.6]),
        ("mag_null", "g", [np.nan, 17.2, 17.2]),
        ("null_z", "redshift", [np.nan, -0.00012, 1.3]),
        ("ra_negative", "ra", [183.54, 183.5983705, 183.7]),
        ("ra_hours_unit", "ra", [12.23, 183.5983705, 183.7]),
        ("sexagesimal", "ra", [15 * (12 + 14 / 60 + 7.5 / 3600), 183.5983705, 183.7]),
        ("sexagesimal", "dec", [5 / 60 + 22.9 / 3600, 0.135285032, 0.2]),
        ("z_is_redshift_id", "redshift", [0.1]),
        ("z_is_redshift_id", "z", [np.nan]),
    ],
)
def test_values_of_a_stranger(kind, column, expected):
    result = of_stranger(kind)
    np.testing.assert_allclose(result.objects[column], expected, rtol=0, atol=1e-12)
    assert result.rejected.empty


def test_a_stranger_with_one_position_in_hours_is_warned(lines):
    of_stranger("ra_hours_unit")
    (warning,) = lines()[1]
    assert "lie more than 1 degree from the others of their field" in warning


def test_redshifts_below_0_and_codes_follow_one_rule(tmp_path, lines):
    codes = ("-1", "-99", "9", "99", "9999", "-0.02", "9.99")
    cells = ("-0.0012", *codes)
    table = pd.concat([columns()[:1]] * len(cells), ignore_index=True)
    table = table.assign(redshift=cells, ra=[f"{183 + 0.01 * n}" for n in range(len(cells))])
    table["id"] = [str(1237648704577142000 + n) for n in range(len(cells))]
    stars = columns()[1:2].assign(ra="183.95", redshift="-0.0012")
    result = built(tmp_path, pd.concat([table, stars]))
    assert result.rejected.empty
    galaxies = result.objects[result.objects["class"] == "GALAXY"]
    assert galaxies["redshift"].iloc[0] == 0
    assert galaxies["redshift"][1:].isna().all()
    assert result.objects[result.objects["class"] == "STAR"]["redshift"].tolist() == [-0.0012]
    said = "; ".join(lines()[0])
    assert f"redshift unknown in {len(codes)} rows: -99 (1), -1 (1), -0.02 (1), 9 (1)" in said
    assert "redshift from -0.01 to 0 of 1 galaxies and quasars set to 0" in said
