"""The stage on synthetic pixels: files, held-out objects, determinism, models, bad input."""

import json
import shutil

import numpy as np
import pandas
import pyarrow.parquet
import pytest
import qp
import synthetic_pixels
from redpix.core.exceptions import InputError
from redpix.photoz import run_pixels
from redpix.photoz.metrics import NAMES
from redpix.photoz.model import Model
from redpix.photoz.pdf_file import read_combiner_pdfs, read_pdfs

FILES = {
    "objects": "objects.csv",
    "pixels": "pixels.dat",
    "metrics": "metrics.json",
    "pdfs": "pdfs.parquet",
    "model": "model.npz",
}
PARAMS = {
    "method": "knn",
    "bands": ["u", "g", "r", "i", "z"],
    "attributes": ["magnitudes", "colours"],
    "settings": {"k": 10, "mode": "linear"},
    "test_fraction": 0.3,
    "tune": False,
    "split_by": "object",
    "pixels_per_object": 50,
    "grid": [0.0, 0.6, 0.005],
    "combiner": "weighted",
    "trained_model": None,
    "seed": 1,
}


class Sky:
    """A catalogue and its pixels, on which the stage runs."""

    def __init__(self, table, pixels):
        self.table, self.pixels = table, pixels

    def run(self, folder, threads=1, **params):
        """Run the stage on this sky, and return the folder of its files."""
        source, result = folder / "in", folder / "out"
        for path in (source, result):
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(parents=True)
        objects, tables = synthetic_pixels.write(source, self.table, self.pixels)
        output = {name: str(result / file) for name, file in FILES.items()}
        run_pixels.estimate_from_pixels(
            objects, tables, **output, **{**PARAMS, **params}, n_threads=threads
        )
        return result


def make(galaxies, stars, seed, quasars=0):
    table = synthetic_pixels.catalogue(galaxies, stars, seed, quasars=quasars)
    return Sky(table, synthetic_pixels.pixels(table, seed, noise=5))


@pytest.fixture(scope="module")
def sky():
    return make(galaxies=160, stars=50, quasars=12, seed=3)


@pytest.fixture(scope="module")
def few():
    """A smaller sky, where an assertion needs no statistics."""
    return make(galaxies=60, stars=20, quasars=6, seed=3)


@pytest.fixture(scope="module")
def done(sky, tmp_path_factory):
    return sky.run(tmp_path_factory.mktemp("photoz"))


@pytest.fixture(scope="module")
def few_done(few, tmp_path_factory):
    return few.run(tmp_path_factory.mktemp("few"))


def objects_of(folder):
    return pandas.read_csv(folder / "objects.csv", keep_default_na=True)


def metrics_of(folder):
    return json.loads((folder / "metrics.json").read_text())


def same(first, second, *names):
    return all((first / name).read_bytes() == (second / name).read_bytes() for name in names)


def test_every_object_with_pixels_has_a_row(sky, done):
    table = objects_of(done)
    assert table["object_id"].tolist() == sorted(sky.pixels["object_id"].unique())
    counted = sky.pixels.groupby("object_id").size()
    assert table["n_pixels"].tolist() == counted.tolist()
    contract = "object_id,ra,dec,class,redshift,redshift_error,z_phot,z_error,z_lo68,z_hi68,"
    assert (done / "objects.csv").read_text().startswith(contract + "n_pixels,split,")
    assert (table["z_lo68"] < table["z_hi68"]).all()
    assert np.array_equal(table["z_phot"], table["combined_weighted"])
    assert table[["p_galaxy", "p_qso", "p_star"]].sum(axis=1).to_numpy() == pytest.approx(
        1, abs=2e-4
    )
    assert set(table["split"]) == {"train", "test"}


def test_pixels_are_those_of_test_objects_that_are_no_stars(sky, done):
    found = np.genfromtxt(done / "pixels.dat", dtype=None, encoding="utf-8")
    table = objects_of(done).set_index("object_id")
    tested = table[(table["split"] == "test") & (table["class"] != "STAR")]
    assert len(found) == tested["n_pixels"].sum()
    assert set(found["f2"]) == set(tested.index)
    assert found["f1"] == pytest.approx(table.loc[found["f2"], "redshift"].to_numpy(), abs=1e-6)
    metrics = metrics_of(done)["pixels"]
    assert metrics["n"] == len(found)
    bias = np.mean((found["f0"] - found["f1"]) / (1 + found["f1"]))
    assert metrics["bias"] == pytest.approx(bias, abs=1e-5)


def test_object_metrics_are_those_of_the_table(done):
    table = objects_of(done)
    tested = table[(table["split"] == "test") & (table["class"] != "STAR")]
    for column, found in (
        ("z_phot", metrics_of(done)["objects"]),
        ("z_aperture", metrics_of(done)["baseline"]),
        ("combined_mean", metrics_of(done)["combiners"]["mean"]),
    ):
        dz = (tested[column] - tested["redshift"]) / (1 + tested["redshift"])
        assert found["n"] == len(tested)
        assert found["nmad"] == pytest.approx(1.4826 * np.median(abs(dz - np.median(dz))), abs=1e-5)
        assert set(found) == {"n", *NAMES}
    inside = (tested["z_lo68"] <= tested["redshift"]) & (tested["redshift"] <= tested["z_hi68"])
    assert metrics_of(done)["objects"]["coverage_68"] == pytest.approx(inside.mean(), abs=0.02)


def test_weights_beat_the_plain_mean_and_a_class_is_told(done):
    found = metrics_of(done)
    assert found["combiners"]["weighted"]["nmad"] < 0.9 * found["combiners"]["mean"]["nmad"]
    assert found["combiners"]["weighted"]["nmad"] < found["pixels"]["nmad"]
    assert found["baseline"]["nmad"] is not None
    assert found["classification"]["accuracy"] > 0.9


def test_densities_match_the_table(done):
    ids, pdfs, grid = read_pdfs(done / "pdfs.parquet")
    table = objects_of(done)
    assert ids.tolist() == table["object_id"].tolist()
    assert np.trapezoid(pdfs, grid, axis=1) == pytest.approx(1, rel=1e-5)
    inside = (grid >= table["z_lo68"].to_numpy()[:, None]) & (
        grid <= table["z_hi68"].to_numpy()[:, None]
    )
    assert np.sum(pdfs * inside, axis=1) * 0.005 == pytest.approx(0.68, abs=0.15)


def test_densities_of_combiners_match_the_table(done):
    table = objects_of(done)
    grid = read_pdfs(done / "pdfs.parquet")[2]
    found = read_combiner_pdfs(done / "pdfs.parquet", np.arange(len(table)))
    assert set(found) == {"mean", "stacked", "tempered", "summary", "aperture"}
    for name, pdfs in found.items():
        column = "z_aperture" if name == "aperture" else f"combined_{name}"
        below = np.cumsum(pdfs, axis=1) / pdfs.sum(axis=1, keepdims=True)
        at = [np.interp(z, grid, one) for z, one in zip(table[column], below, strict=True)]
        assert 0.25 < np.median(at) < 0.75
    below = np.cumsum(found["aperture"], axis=1) / found["aperture"].sum(axis=1, keepdims=True)
    ends = [[np.interp(share, one, grid) for one in below] for share in (0.16, 0.84)]
    half = (np.array(ends[1]) - ends[0]) / 2
    assert half == pytest.approx(table["z_aperture_error"].to_numpy(), abs=0.005)  # one node


def test_densities_of_combiners_are_those_of_disputed_objects(few, few_done, tmp_path):
    found = few.run(tmp_path, combiner_pdfs=5)
    stored, before = (pandas.read_parquet(one / "pdfs.parquet") for one in (found, few_done))
    names = ["object_id", "first", "pdf"]
    pandas.testing.assert_frame_equal(stored[names], before[names])
    redshifts = objects_of(found).filter(regex="^combined_|^z_aperture$")
    scatter = redshifts.std(axis=1, ddof=0) / (1 + redshifts.median(axis=1))
    for name in ("mean", "aperture"):
        given = stored[f"pdf_{name}"].str.len() > 0
        assert set(stored.index[given]) == set(scatter.nlargest(5).index)
        kept = stored.loc[given, f"pdf_{name}"], before.loc[given, f"pdf_{name}"]
        assert all(np.array_equal(one, other) for one, other in zip(*kept, strict=True))


def test_stored_densities_say_in_qp_what_the_table_says(done):
    """Read as docs/reference/products.md describes, with pandas and without this project."""
    stored = pandas.read_parquet(done / "pdfs.parquet")
    metadata = pyarrow.parquet.read_schema(done / "pdfs.parquet").metadata
    grid = np.array(json.loads(metadata[b"grid"]))
    pdfs = np.zeros((len(stored), len(grid)))
    for row, first, values in zip(pdfs, stored["first"], stored["pdf"], strict=True):
        row[first : first + len(values)] = values
    ensemble = qp.Ensemble(qp.interp, data={"xvals": grid, "yvals": pdfs})
    table = objects_of(done)
    for column, level in (
        *(("z_lo95", 0.025), ("z_lo68", 0.16), ("z_median", 0.5)),
        *(("z_hi68", 0.84), ("z_hi95", 0.975)),
    ):
        assert ensemble.ppf(level)[:, 0] == pytest.approx(table[column].to_numpy(), abs=1e-3)
    at_mode = ensemble.pdf(ensemble.mode(grid))[:, 0]
    at_ours = np.diagonal(ensemble.pdf(table["z_mode"].to_numpy()))
    assert at_ours == pytest.approx(at_mode, rel=1e-3)
    fine = np.linspace(grid[0], grid[-1], 40 * len(grid))
    mean = np.trapezoid(ensemble.pdf(fine) * fine, fine, axis=1)
    assert mean == pytest.approx(table["z_mean"].to_numpy(), abs=1e-4)
    assert ensemble.mean()[:, 0] == pytest.approx(table["z_mean"].to_numpy(), abs=1e-3)
    assert stored["pdf"].map(len).mean() < 0.8 * len(grid)


def test_threads_and_a_second_run_give_the_same_bytes(few, few_done, tmp_path):
    assert same(few_done, few.run(tmp_path, threads=2), *FILES.values())


TPZ = {"trees": 20, "seed": 1}
SOM = {"topology": "rectangular", "size": 6, "periodic": False, "update": "batch"}
SOM |= {"maps": 6, "iterations": 6, "mode": "linear", "seed": 1}


@pytest.mark.parametrize(
    ("method", "settings"),
    [("mdn", {"networks": 5, "steps": 100, "seed": 1}), ("tpz", TPZ), ("som", SOM)],
)
def test_other_learners_go_the_same_way(few, few_done, tmp_path, method, settings):
    asked = {"method": method, "settings": settings}
    asked |= {"attributes": ["brightness", "colours", "errors"], "pixels_per_object": 2}
    one = few.run(tmp_path / "one", **asked)
    assert same(one, few.run(tmp_path / "two", threads=2, **asked), *FILES.values())
    assert metrics_of(one)["baseline"]["nmad"] < 1.5 * metrics_of(few_done)["baseline"]["nmad"]
    out = few.run(tmp_path / "again", trained_model=str(one / "model.npz"), **asked)
    again = objects_of(out).set_index("object_id")
    tested = objects_of(one).query("split == 'test'").set_index("object_id")
    assert np.array_equal(again.loc[tested.index, "z_phot"], tested["z_phot"])


@pytest.mark.parametrize(
    ("method", "settings"), [("tpz", TPZ | {"trees": 4}), ("som", SOM | {"maps": 2})]
)
def test_realisations_need_no_errors_among_the_attributes(few, tmp_path, method, settings):
    asked = {"method": method, "settings": settings, "pixels_per_object": 5}
    without = few.run(tmp_path / "a", **asked)
    among = few.run(tmp_path / "b", **asked, attributes=["magnitudes", "colours", "errors"])
    assert same(without, among, "model.npz", "objects.csv")
    assert "log_error_r" in metrics_of(without)["attributes"]


@pytest.mark.parametrize("split_by", ["object", "field"])
def test_tuning_is_written_beside_the_model(few, tmp_path, split_by):
    asked = {"split_by": split_by, "tune": True, "settings": {"k": 2, "mode": "mean"}}
    out = few.run(tmp_path, **asked)
    told = metrics_of(out)
    assert [entry["change"] for entry in told["tuning"]][:2] == [{}, {"k": 25}]
    best = min(told["tuning"], key=lambda entry: entry["mean_abs_dz"])
    assert told["k"] == best["change"].get("k", 2)
    with np.load(out / "model.npz") as stored:
        about = json.loads(str(stored["about"]))
        assert Model.from_arrays(stored, "model.npz").tuning == told["tuning"]
    assert about["tuning"] == told["tuning"]
    assert about["settings"]["k"] == told["k"]


def test_tuning_on_one_field_is_refused(few, tmp_path):
    two = few.table.assign(field=20 + np.arange(len(few.table)) % 2)
    asked = {"split_by": "field", "tune": True, "settings": {"k": 2, "mode": "mean"}}
    with pytest.raises(InputError, match=r"photoz\.tune: knn .* leaves training galaxies in 0,"):
        Sky(two, few.pixels).run(tmp_path, **asked)


def test_another_seed_splits_otherwise(few, few_done, tmp_path):
    other = objects_of(few.run(tmp_path, seed=2))
    assert (other["split"] != objects_of(few_done)["split"]).any()


def test_truth_of_test_objects_reaches_nothing(few, few_done, tmp_path):
    table = few.table.copy()
    tested = table["id"].isin(objects_of(few_done).query("split == 'test'")["object_id"])
    table.loc[tested & (table["class"] != "STAR"), "redshift"] = 0.123
    found = Sky(table, few.pixels).run(tmp_path)
    assert same(few_done, found, "model.npz", "pdfs.parquet")
    assert np.array_equal(objects_of(found)["z_phot"], objects_of(few_done)["z_phot"])


def test_truth_in_the_pixel_tables_is_not_read(few, few_done, tmp_path):
    truth = few.pixels["object_id"].map(few.table.set_index("id")["redshift"])
    found = Sky(few.table, few.pixels.assign(redshift=truth)).run(tmp_path)
    assert same(few_done, found, *FILES.values())


def test_fluxes_of_test_objects_do_not_reach_the_model(few, few_done, tmp_path):
    tested = objects_of(few_done).query("split == 'test'")["object_id"]
    brighter = few.pixels.copy()
    rows = brighter["object_id"].isin(tested)
    names = [f"{kind}_{band}" for kind in ("flux", "mag") for band in PARAMS["bands"]]
    brighter.loc[rows, names] *= np.float32(1.5)
    found = Sky(few.table, brighter).run(tmp_path)
    assert same(few_done, found, "model.npz")
    assert not same(few_done, found, "objects.csv")


def test_no_object_is_predicted_from_itself(sky, tmp_path):
    """Random redshifts cannot be learnt, not even those of training objects."""
    table = sky.table.copy()
    moving = table["class"] != "STAR"
    dealt = np.random.default_rng(7).permutation(table.loc[moving, "redshift"])
    table.loc[moving, "redshift"] = dealt
    found = objects_of(
        Sky(table, sky.pixels).run(tmp_path, settings={"k": 3, "mode": "mean"})
    ).query("`class` != 'STAR'")
    for _, part in found.groupby("split"):
        for column in ("combined_mean", "combined_weighted", "z_aperture"):
            error = (part[column] - part["redshift"]).std()
            assert error > 0.9 * part["redshift"].std()


def test_widths_are_honest_on_objects_not_trained_on(tmp_path):
    train, other = make(300, 0, seed=11), make(300, 0, seed=12)
    model = train.run(tmp_path / "train", test_fraction=0.05) / "model.npz"
    found = metrics_of(other.run(tmp_path / "other", trained_model=str(model)))
    assert found["objects"]["n"] > 280
    for name in ("mean", "weighted"):
        assert found["combiners"][name]["coverage_68"] == pytest.approx(0.68, abs=0.08)
    assert found["baseline"]["coverage_68"] == pytest.approx(0.68, abs=0.08)


def test_split_by_field_parts_fields(few, tmp_path):
    table = objects_of(few.run(tmp_path, split_by="field"))
    field = table["object_id"].map(few.table.set_index("id")["field"])
    sides = table.groupby(field)["split"].nunique()
    assert (sides == 1).all()
    assert set(table["split"]) == {"train", "test"}


def test_a_model_predicts_elsewhere_what_it_predicted_here(sky, done, tmp_path):
    table = objects_of(done)
    tested = table.query("split == 'test'")["object_id"]
    elsewhere = Sky(
        sky.table[sky.table["id"].isin(tested)].assign(redshift=np.nan, redshiftError=np.nan),
        sky.pixels[sky.pixels["object_id"].isin(tested)],
    )
    settings = {"k": 99, "mode": "mean"}
    out = elsewhere.run(tmp_path, trained_model=str(done / "model.npz"), settings=settings)
    found = objects_of(out)
    expected = table[table["split"] == "test"].reset_index(drop=True)
    columns = ["object_id", "z_phot", "z_error", "z_aperture", "p_star", "class_phot", "n_pixels"]
    pandas.testing.assert_frame_equal(found[columns], expected[columns])
    assert set(found["split"]) == {"target"}
    assert same(done, out, "model.npz")
    metrics = metrics_of(out)
    assert metrics["k"] == PARAMS["settings"]["k"]
    assert metrics["objects"]["nmad"] is None
    assert metrics["objects"]["reason"].startswith("0 scored")
    first = (out / "pixels.dat").read_text().splitlines()[2].split()
    assert first[1].lower() == "nan"


def test_a_model_is_arrays_alone(done):
    with np.load(done / "model.npz", allow_pickle=False) as stored:
        kinds = {name: stored[name].dtype.kind for name in stored.files}
        about = json.loads(str(stored["about"]))
        assert stored["pixels_vectors"].dtype == np.float32
    assert "O" not in kinds.values()
    assert {"pixels_vectors", "apertures_vectors", "grid"} <= set(kinds)
    assert set(about["calibrations"]) == {
        *("mean", "weighted", "stacked", "tempered", "summary", "aperture")
    }


def test_objects_without_redshift_are_targets_and_bad_pixels_dropped(few, few_done, tmp_path):
    table, pixels = few.table.copy(), few.pixels.copy()
    table.loc[:9, "redshift"] = np.nan
    pixels.loc[pixels["object_id"] == table["id"][20], "mag_u"] = np.nan
    bad = pixels.index[pixels["object_id"] == table["id"][30]][:2]
    pixels.loc[bad[0], "flux_g"], pixels.loc[bad[1], "error_z"] = np.inf, 0
    out = Sky(table, pixels).run(tmp_path)
    found = objects_of(out).set_index("object_id")
    whole = objects_of(few_done).set_index("object_id")
    assert (found.loc[table["id"][:10], "split"] == "target").all()
    assert found.loc[table["id"][:10], "z_phot"].notna().all()
    assert table["id"][20] not in found.index
    assert found["n_pixels"][table["id"][30]] == whole["n_pixels"][table["id"][30]] - 2
    assert metrics_of(out)["dropped_pixels"] == 2 + whole["n_pixels"][table["id"][20]]


def test_an_empty_table_is_a_field_without_objects(few, tmp_path, monkeypatch):
    write = synthetic_pixels.write

    def with_empty(folder, table, pixels):
        objects, paths = write(folder, table, pixels)
        empty = pyarrow.parquet.read_table(paths[0]).slice(0, 0)
        pyarrow.parquet.write_table(empty, folder / "empty.parquet")
        return objects, [str(folder / "empty.parquet"), *paths]

    monkeypatch.setattr(synthetic_pixels, "write", with_empty)
    assert len(objects_of(few.run(tmp_path))) > 0


def test_one_class_warns_and_has_no_accuracy(tmp_path, caplog):
    out = make(60, 0, seed=5).run(tmp_path)
    assert "one class only among the training objects (GALAXY)" in caplog.text
    assert metrics_of(out)["classification"]["accuracy"] is None
    assert objects_of(out)[["class_phot", "p_galaxy", "p_star"]].isna().all(axis=None)


def test_a_constant_attribute_warns(few, tmp_path, caplog):
    pixels = few.pixels.assign(distance=np.float32(1))
    Sky(few.table, pixels).run(tmp_path, attributes=["magnitudes", "distance"])
    assert "constant, so useless as attributes: distance" in caplog.text


def constant(pixels):
    return pixels.assign(**{f"mag_{band}": np.float32(20) for band in PARAMS["bands"]})


@pytest.mark.parametrize(
    ("params", "change", "message"),
    [
        (
            {"settings": {"k": 200, "mode": "linear"}},
            None,
            r"photoz\.k: 200 neighbours.*; allowed: at most \d+",
        ),
        ({"grid": [0.0, 0.2, 0.005]}, None, r"photoz\.grid: runs from 0 to 0\.2, but"),
        ({"grid": [0.0, 0.6, 0.7]}, None, r"photoz\.grid: .* is not a grid"),
        ({"attributes": ["magnitudes", "redshift"]}, None, r"photoz\.attributes: 'redshift'"),
        ({}, constant, "every attribute is constant: mag_u"),
        ({}, lambda p: p.assign(mag_g=np.float32("nan")), "never finite: mag_g, u-g, g-r"),
        ({}, lambda p: p.iloc[:0], "pixels: 0 of 0 are usable"),
        ({}, lambda p: p.drop(columns="flux_i"), r"3813-5-20\.parquet: no column flux_i"),
        ({}, lambda p: p.assign(object_id=p["object_id"] + 1), "object 101 is not in catalogue"),
    ],
)
def test_bad_input_is_named(few, tmp_path, params, change, message, monkeypatch):
    pixels = few.pixels if change is None else change(few.pixels)
    write = synthetic_pixels.write

    def by_catalogue_field(folder, table, pixels):
        if len(pixels) and pixels["object_id"].isin(table["id"]).all():
            return write(folder, table, pixels)
        objects, _ = write(folder, table, few.pixels)
        path = folder / "3813-5-20.parquet"
        pyarrow.parquet.write_table(pyarrow.Table.from_pandas(pixels, preserve_index=False), path)
        return objects, [str(path)]

    monkeypatch.setattr(synthetic_pixels, "write", by_catalogue_field)
    with pytest.raises(InputError, match=message) as caught:
        Sky(few.table, pixels).run(tmp_path, **params)
    assert "\n" not in str(caught.value)


def test_a_catalogue_without_redshifts_asks_for_a_model(few, tmp_path):
    with pytest.raises(InputError, match=r"no object with pixels has a redshift.*photoz\.model"):
        Sky(few.table.assign(redshift=np.nan), few.pixels).run(tmp_path)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"bands": ["g", "r"]}, r"model\.npz: trained with bands u g r i z, .* has g r;"),
        (
            {"attributes": ["colours"]},
            r"model\.npz: trained with photoz\.attributes magnitudes colours, .* has colours;",
        ),
    ],
)
def test_a_model_of_other_vectors_is_refused(few, few_done, tmp_path, params, message):
    with pytest.raises(InputError, match=message):
        few.run(tmp_path, trained_model=str(few_done / "model.npz"), **params)


@pytest.mark.parametrize("content", [b"", b"no model", b"PK\x03\x04 broken"])
def test_what_is_no_model_is_refused(few, tmp_path, content):
    path = tmp_path / "model.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"model\.npz: cannot be read as a model"):
        few.run(tmp_path / "run", trained_model=str(path))


def test_a_model_that_would_run_code_or_says_nothing_is_refused(few, tmp_path):
    path = tmp_path / "model.npz"
    np.savez(path, about=np.array({"version": 1}, dtype=object))
    with pytest.raises(InputError, match="array about.npy holds objects; allowed: numbers, text"):
        few.run(tmp_path / "run", trained_model=str(path))
    np.savez(path, about=np.array(json.dumps({"version": 99, "method": "knn"})))
    with pytest.raises(InputError, match="a model of version 99"):
        few.run(tmp_path / "run", trained_model=str(path))
    np.savez(path, grid=np.arange(3))
    with pytest.raises(InputError, match="not a model of this project"):
        few.run(tmp_path / "run", trained_model=str(path))


def test_objects_are_told_apart_by_id_whatever_the_order_of_pixels_and_redshifts(
    few, few_done, tmp_path
):
    """Rows of equal redshift that follow each other are not taken as one object."""
    same_redshift = few.table.copy()
    rows = same_redshift["class"] == "GALAXY"
    same_redshift.loc[rows, "redshift"] = same_redshift.loc[rows, "redshift"].round(1)
    found = objects_of(Sky(same_redshift, few.pixels).run(tmp_path / "same"))
    expected = objects_of(few_done)
    assert found[["object_id", "n_pixels"]].equals(expected[["object_id", "n_pixels"]])
    mixed = few.pixels.sample(frac=1, random_state=1)
    found = objects_of(Sky(few.table, mixed).run(tmp_path / "mixed", pixels_per_object=None))
    plain = objects_of(few.run(tmp_path / "plain", pixels_per_object=None))
    assert found["n_pixels"].equals(plain["n_pixels"])
    assert found["z_aperture"].to_numpy() == pytest.approx(plain["z_aperture"].to_numpy(), abs=1e-4)
    assert found["combined_weighted"].to_numpy() == pytest.approx(
        plain["combined_weighted"].to_numpy(), abs=2e-3
    )


def test_an_objects_own_redshift_does_not_reach_its_prediction(sky, done, tmp_path):
    trained = objects_of(done).query("split == 'train' and `class` == 'GALAXY'")
    nearest = trained.sort_values("redshift").iloc[3]
    table = sky.table.copy()
    table.loc[table["id"] == nearest["object_id"], "redshift"] = 0.49
    found = objects_of(Sky(table, sky.pixels).run(tmp_path))
    found = found.set_index("object_id").loc[nearest["object_id"]]
    # it is one of some hundred redshifts that calibrate the PDF, whose median may be the estimate
    assert found["combined_weighted"] == pytest.approx(nearest["combined_weighted"], abs=2e-3)
    assert found["z_aperture"] == pytest.approx(nearest["z_aperture"], abs=2e-3)
    # what is learnt from the others' pixels it has a part in
    assert found["combined_summary"] == pytest.approx(nearest["combined_summary"], abs=0.05)
