"""Redshifts of catalogued objects: columns, held-out objects, files, bad input."""

import numpy as np
import pandas
import pyarrow.parquet
import pytest
from redpix.config.photoz_tables import read_listing
from redpix.core.exceptions import InputError
from redpix.photoz import catalogue_samples
from redpix.photoz.catalogues import alike
from redpix.photoz.magnitude_columns import choose_columns
from table_contents import FORMS, forms_of
from table_runs import KNN, metrics_of, run, sky

SETTINGS = {
    "knn": KNN,
    "mdn": {"networks": 5, "steps": 150, "seed": 1, "arrays": "numpy"},
    "tpz": {"trees": 30, "seed": 1},
    "som": {"topology": "hexagonal", "size": None, "periodic": True, "update": "batch"}
    | {"maps": 8, "iterations": 8, "mode": "linear", "seed": 1},
}
SETTINGS["ensemble"] = {"members": {name: SETTINGS[name] for name in ("knn", "mdn")}}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return run(tmp_path_factory.mktemp("table"), sky(400, 1), sky(200, 2, first=1001))


def test_files_are_those_of_pixels_and_agree(done):
    table = pandas.read_csv(done / "objects.csv")
    contract = "object_id,ra,dec,class,redshift,redshift_error,z_phot,z_error,z_lo68,z_hi68,"
    assert (done / "objects.csv").read_text().startswith(contract + "n_pixels,split,")
    assert table["split"].value_counts().to_dict() == {"train": 400, "test": 200}
    tested = table[table["split"] == "test"]
    dz = (tested["z_phot"] - tested["redshift"]) / (1 + tested["redshift"])
    found = metrics_of(done)
    assert found["objects"]["n"] == 200
    nmad = 1.4826 * np.median(abs(dz - np.median(dz)))
    assert found["objects"]["nmad"] == pytest.approx(nmad, abs=1e-5)
    assert nmad < 0.03
    assert found["cross_validation"]["nmad"] == pytest.approx(nmad, rel=0.35)
    assert found["cross_validation"]["coverage_68"] == pytest.approx(0.68, abs=0.08)
    pixels = np.loadtxt(done / "pixels.dat")
    assert pixels[:, 0] == pytest.approx(tested["z_phot"].to_numpy())
    stored = pyarrow.parquet.read_table(done / "pdfs.parquet")
    assert stored["object_id"].to_pylist() == table["object_id"].tolist()
    assert found["columns"] == list("griz")
    assert found["attributes"][:4] == ["mag_i", "g-r", "r-i", "i-z"]


@pytest.mark.parametrize("method", ["knn", "mdn", "tpz", "som", "ensemble"])
def test_threads_change_nothing_and_test_redshifts_reach_nothing(tmp_path, method):
    settings = SETTINGS[method]
    train, test = sky(150, 1), sky(60, 2, first=1001)
    asked = {"method": method, "settings": settings}
    one = run(tmp_path / "one", train, test, **asked)
    two = run(tmp_path / "two", train, test.assign(redshift=0.2), threads=2, **asked)
    for file in ("model.npz", "pdfs.parquet"):
        assert (one / file).read_bytes() == (two / file).read_bytes()
    assert metrics_of(one)["objects"]["nmad"] < 0.05


def test_without_a_test_table_a_part_is_held_out_and_unknown_ones_are_targets(tmp_path):
    table = sky(300, 1)
    table.loc[:19, "redshift"] = np.nan
    table.loc[30, "g"], table.loc[31, "i"] = -9999, np.nan
    found = run(tmp_path, table)
    split = pandas.read_csv(found / "objects.csv")["split"].value_counts()
    assert split["target"] == 20
    assert split["test"] == pytest.approx(84, abs=2)
    assert split.sum() == 300
    assert sum(metrics_of(found)["left_out"].values()) == 0
    completed = metrics_of(found)["completed"]
    assert completed["train"]["objects"] + completed["test"]["objects"] == 2


@pytest.mark.parametrize("method", ["knn", "mdn", "tpz", "som", "ensemble"])
def test_every_learner_predicts_objects_that_lack_a_band(tmp_path, method):
    train, test = sky(300, 1), sky(100, 2, first=1001)
    train.loc[::10, "z"], test.loc[::4, "g"], test.loc[::5, "z_err"] = np.nan, np.nan, -9999
    test.loc[7, list("griz")] = np.nan
    folder = run(tmp_path, train, test, method=method, settings=SETTINGS[method])
    table = pandas.read_csv(folder / "objects.csv")
    assert table["object_id"].tolist() == [*train["id"], *test["id"]]
    unmeasured = table["object_id"] == test["id"][7]
    assert (table["z_phot"].isna() == unmeasured).all()
    assert table["reason"][unmeasured].tolist() == ["no band is measured"]
    assert table["reason"][~unmeasured].isna().all()
    lacking = table[table["object_id"].isin(test["id"][::4])]
    assert (lacking["bands_measured"] == 3).all()
    dz = (lacking["z_phot"] - lacking["redshift"]) / (1 + lacking["redshift"])
    assert 1.4826 * np.median(abs(dz - np.median(dz))) < 0.05
    found = metrics_of(folder)
    assert found["left_out"] == {"train": 0, "test": 1}
    assert found["left_out_reasons"] == {"no band is measured": 1}
    assert found["completed"]["train"] == {"objects": 30, "z": 30}
    pdfs = pyarrow.parquet.read_table(folder / "pdfs.parquet")
    assert [len(one) > 0 for one in pdfs["pdf"].to_pylist()] == (~unmeasured).tolist()


def test_training_objects_without_a_redshift_are_predicted(tmp_path):
    train, test = sky(150, 1), sky(60, 2, first=1001)
    truth = train["redshift"].copy()
    train.loc[:29, "redshift"] = [*[np.nan] * 10, *[-9999] * 10, *[99] * 10]
    table = pandas.read_csv(run(tmp_path, train, test) / "objects.csv").set_index("object_id")
    assert len(table) == 210
    targets = table.loc[train["id"][:30]]
    assert set(targets["split"]) == {"target"}
    assert abs(targets["z_phot"].to_numpy() - truth[:30]).max() < 0.2


def test_forests_take_objects_with_a_missing_band(tmp_path):
    train, test = sky(300, 1), sky(100, 2, first=1001)
    train.loc[::5, "z"], test.loc[::4, "g"] = np.nan, np.nan
    asked = {"method": "tpz", "settings": {"trees": 30, "seed": 1}}
    found = metrics_of(run(tmp_path, train, test, **asked))
    assert found["left_out"] == {"train": 0, "test": 0}
    assert found["objects"]["n"] == 100
    assert found["objects"]["nmad"] < 0.06
    assert sum(found["importance"].values()) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("method", ["tpz", "som"])
def test_realisations_need_errors_of_the_table_alone(tmp_path, method):
    asked = {"method": method, "settings": SETTINGS[method]}
    table = sky(150, 1)
    for band in "griz":
        table[f"{band}_err"] *= 10
    without, among, none = (
        run(tmp_path / str(number), one, attributes=kinds, **asked)
        for number, (one, kinds) in enumerate(
            (
                (table, ["brightness", "colours"]),
                (table, ["brightness", "colours", "errors"]),
                (table[["id", *"griz", "redshift"]], ["brightness", "colours"]),
            )
        )
    )
    models = [(folder / "model.npz").read_bytes() for folder in (without, among, none)]
    assert models[0] == models[1] != models[2]


def test_magnitudes_of_any_name_and_without_errors(tmp_path):
    renamed = sky(200, 1).rename(columns=lambda name: name.replace("_err", "Err"))
    named = renamed.rename(columns={"g": "B", "gErr": "BErr", "r": "V", "rErr": "VErr"})
    named = named.rename(columns={"i": "J", "iErr": "JErr", "z": "K", "zErr": "KErr"})
    plain = metrics_of(run(tmp_path / "a", sky(200, 1)))
    found = metrics_of(run(tmp_path / "b", named))
    assert found["columns"] == ["B", "V", "J", "K"]
    assert found["objects"] == plain["objects"]
    bare = named.drop(columns=["BErr", "VErr", "JErr", "KErr"])
    asked = metrics_of(run(tmp_path / "c", bare, magnitudes=("B", "V", "J", "K")))
    assert asked["objects"] == plain["objects"]  # kNN makes no use of errors
    assert not any("error" in name for name in asked["attributes"])


def test_errors_are_found_by_many_names():
    header = ["u", "eu", "g", "e_g", "r", "rErr", "J", "err_J", "redshift", "redshift_error", "id"]
    found = choose_columns(header, (), "a.csv", pytest.fail)
    assert found.magnitudes == ("u", "g", "r", "J")
    assert found.errors == ("eu", "e_g", "rErr", "err_J")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda t: t.assign(g=t["redshift"]),
            r"train\.csv: mag_g is the redshift",
        ),
        (lambda t: t.drop(columns=["g", "r", "i"]), "at least two magnitudes"),
        (lambda t: t.assign(redshift=np.nan), r"train\.csv: no object has a redshift"),
        (lambda t: t.assign(g=["x", *t["g"][1:]]), r"train\.csv: line 2: g 'x' is not a number"),
        (lambda t: t.assign(id=7), r"train\.csv: line 3: id 7 occurs twice"),
        (
            lambda t: t.assign(**{"class": "GALAXIE"}),
            "line 2: class 'GALAXIE' is unknown; allowed: GALAXY",
        ),
        (lambda t: t.assign(id=t["id"] + 950), r"test\.csv: shares \d+ objects .* id 1001;"),
        (lambda t: t[:20], r"photoz\.k: 20 neighbours, but of 20 training galaxies"),
        (lambda t: t.assign(redshift=t["redshift"] + 1), r"photoz\.grid: runs from 0 to 1"),
    ],
)
def test_bad_input_is_named(tmp_path, change, message):
    attributes = ["magnitudes", "colours"]
    with pytest.raises(InputError, match=message) as caught:
        run(tmp_path, change(sky(100, 1)), sky(50, 2, first=1001), attributes=attributes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("band", ["g", "r", "z", "r_err"])
def test_the_redshift_in_any_column_is_refused(tmp_path, band):
    generator = np.random.default_rng(3)
    words = rf"train\.csv: (log_error_r|{band}) is the redshift under another name"
    with pytest.raises(InputError, match=words):
        run(tmp_path, *(t.assign(**{band: t["redshift"]}) for t in (sky(100, 1), sky(50, 2, 1001))))
    table = sky(100, 1)
    table[band] = table["redshift"] + generator.normal(0, 0.01, 100)
    with pytest.raises(InputError, match=words):
        run(tmp_path, table)


def test_columns_that_are_no_magnitudes_by_name_are_left_out_and_told(tmp_path, caplog):
    generator = np.random.default_rng(4)

    def more(table):
        names = ("z_true", "photoz", "z_best", "Redshift_2", "parallax", "pmra", "zphot_knn")
        noise = generator.normal(0, 0.05, (len(names), len(table)))
        for name, part in zip(names, noise, strict=True):
            table[name], table[f"{name}_err"] = table["redshift"] + part, 0.05
        # these are magnitudes
        for name in ("Z", "z850", "zmag", "modelMag_z"):
            table[name], table[f"{name}_err"] = table["z"] + 0.02 * part, 0.02
        return table

    header = list(more(sky(5, 1)))
    told = []
    with pytest.raises(InputError, match="Redshift_2 is the truth"):
        choose_columns(header, (), "a.csv", told.append)
    tables = [more(sky(200, 1)), more(sky(60, 2, 1001))]
    tables = [table.drop(columns=["Redshift_2", "Redshift_2_err"]) for table in tables]
    found = metrics_of(run(tmp_path, *tables))
    assert found["columns"] == [*"griz", "Z", "z850", "zmag", "modelMag_z"]
    words = "not look like magnitudes: z_true, photoz, z_best, parallax"
    assert words + ", pmra, zphot_knn;" in caplog.text
    asked = choose_columns(header, ("g", "parallax"), "a.csv", pytest.fail)
    assert asked.magnitudes == ("g", "parallax")


def test_objects_are_told_apart_by_their_magnitudes(tmp_path):
    table = sky(100, 1)
    bare = table.drop(columns="id")
    with pytest.raises(InputError, match="shares 10 objects .* line"):
        run(tmp_path, bare, bare[90:])
    with pytest.raises(InputError, match="shares 10 objects .* id 5091;"):
        run(tmp_path, table, table.assign(id=table["id"] + 5000)[90:])
    # what is not measured is like nothing
    other = sky(50, 2).drop(columns="id")
    for one in (bare, other):
        one.loc[5, list("griz")] = -9999
    assert metrics_of(run(tmp_path, bare, other))["left_out"] == {"train": 1, "test": 1}


def test_objects_that_are_there_twice_are_not_tested_on_themselves(tmp_path):
    """Random colours and one neighbour: only an equal row has the same redshift."""
    generator = np.random.default_rng(5)
    table = sky(150, 1)
    for band in "griz":
        table[band] = generator.normal(18, 1, 150)
    twice = pandas.concat([table, table.assign(id=table["id"] + 5000)])
    asked = {"settings": {"k": 1, "mode": "mean"}, "attributes": ["magnitudes"]}
    for tune in (False, True):
        found = metrics_of(run(tmp_path, twice, **asked, tune=tune))
        assert found["cross_validation"]["nmad"] > 0.08
        assert found["objects"]["nmad"] > 0.08
        assert found["split"]["test"]["objects"] == pytest.approx(90, abs=2)


def test_rows_that_are_alike_are_found():
    nothing = np.nan
    magnitudes = np.array(
        [[1, 2, 3], [1, 2, 3], [1, 2, nothing], [1, 2, nothing], [nothing] * 3, [nothing] * 3]
    )
    assert alike(magnitudes, np.empty((6, 0))).tolist() == [0, 0, 2, 3, 4, 5]
    errors = np.full((6, 3), 0.1)
    assert alike(magnitudes, errors).tolist() == [0, 0, 2, 2, 4, 5]
    errors[1, 0] = 0.2
    assert alike(magnitudes, errors).tolist() == [0, 1, 2, 2, 4, 5]


@pytest.mark.parametrize("known", [0, 1])
def test_one_table_without_redshifts_is_named(tmp_path, known):
    table = sky(100, 1)
    table.loc[known:, "redshift"] = np.nan
    with pytest.raises(InputError, match=rf"train\.csv: {known} objects have a redshift; allowed"):
        run(tmp_path, table)


def test_a_listing(tmp_path):
    (tmp_path / "a.csv").write_text("id,u,g\n")
    path = tmp_path / "list.tsv"
    a = tmp_path / "a.csv"
    path.write_text(f"# mine\nname\ttrain\ttest\tmagnitudes\none\t{a}\t{a}\tu, g\ntwo\t{a}\t\n")
    found = read_listing(path)
    assert found["one"] == (str(a), str(a), ("u", "g"), {}, "")
    assert found["two"] == (str(a), "", (), {}, "")
    assert read_listing(None) == {}


def test_a_listing_that_names_columns(tmp_path):
    path, train = tmp_path / "list.tsv", tmp_path / "a.csv"
    train.write_text("id,u,g\n")
    path.write_text(
        "name\ttrain\tmagnitudes\terrors\tredshift\tid\tclass\n"
        f"one\t{train}\tB,V\tsB,\tz_helio\tnumber\tkind\ntwo\t{train}\n"
    )
    found = read_listing(path)
    names = {"redshift": "z_helio", "id": "number", "label": "kind", "errors": ("sB", "")}
    assert found["one"] == (str(train), "", ("B", "V"), names, "")
    assert found["two"] == (str(train), "", (), {}, "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "name\ttrain\tmagnitudes\terrors\na\tHERE\tB,V\tsB\n",
            "a: errors 'sB': 1 names beside 2 magnitudes; allowed: one per name",
        ),
        ("", "empty; allowed: a header line and rows"),
        ("name,train,test\n", "columns name,train,test; allowed: name and, if wanted, train"),
        ("name\ttrain\ttest\n", "lists no table"),
        ("name\ttrain\ttest\n../x\tHERE\t\n", "name '../x' cannot be used"),
        ("name\ttrain\ttest\na\tHERE\t\na\tHERE\t\n", "name 'a' cannot be used"),
        ("name\ttrain\ttest\na\tno.csv\t\n", r"a: train 'no\.csv': the file does not exist"),
        ("name\ttrain\ttest\na\tHERE\tno.csv\n", r"a: test 'no\.csv': the file does not exist"),
        ("name\ttrain\ttest\na\n", "a: train '', model '', test ''; allowed: train, with"),
        ("name\ttrain\tmodel\na\tHERE\tHERE\n", "allowed: train, with or without test, or model"),
        ("name\tmodel\na\tHERE\n", "allowed: train, with or without test, or model and test"),
        ("name\tmodel\ttest\na\tm.npz\tHERE\n", "a: model 'm.npz': the file does not exist"),
    ],
)
def test_a_bad_listing_is_named(tmp_path, text, message):
    path = tmp_path / "list.tsv"
    path.write_text(text.replace("HERE", str(path)))
    with pytest.raises(InputError, match=message) as caught:
        read_listing(path)
    assert str(caught.value).startswith("photoz.tables: ")


@pytest.mark.parametrize("form", FORMS)
def test_every_format_gives_the_same_objects(tmp_path, form):
    table = sky(300, 1, 1237678660894327022)
    table.loc[3, ["g", "redshift"]] = np.nan
    text = table.to_csv(index=False)
    plain, other = tmp_path / "a.csv", tmp_path / f"b.{form}"
    plain.write_text(text)
    other.write_bytes(forms_of(text)[form])
    expected, columns, with_ids, _ = catalogue_samples.read(str(plain))
    assert columns.magnitudes == ("g", "r", "i", "z")
    assert with_ids
    np.testing.assert_array_equal(expected.redshift, table["redshift"])
    objects, found, _, _ = catalogue_samples.read(str(other))
    assert found == columns
    for one, two in zip(objects, expected, strict=True):
        np.testing.assert_array_equal(one, two)
