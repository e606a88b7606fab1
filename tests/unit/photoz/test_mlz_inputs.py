"""MLZ's files, read back by MLZ's own rules."""

import re

import numpy as np
import pyarrow.parquet
import pytest
import synthetic_pixels
from redpix.core.exceptions import InputError
from redpix.photoz import mlz, mlz_files
from redpix.photoz.attributes import Attributes
from redpix.sdss.magnitudes import SOFTENING
from test_run_catalogue import sky as catalogue

# NumPy warns that it skips the comment
pytestmark = pytest.mark.filterwarnings("ignore:Input line 1 contained no data")

PARTS = ("train", "test", "inputs")
TPZ = {"trees": 100}
SOM = {"topology": "hexagonal", "size": None, "periodic": True, "update": "batch", "iterations": 15}
PARAMS = {"test_fraction": 0.3, "grid": [0.0, 0.6, 0.005], "tpz": TPZ, "som": SOM, "seed": 1}
PIXELS = {**PARAMS, "bands": list("ugriz"), "split_by": "object", "pixels_per_object": 10}

# what MLZ 1.2 cannot do without (allkeys in its utils_mlz.py)
KEYS = re.findall(
    "[a-z_]+",
    """trainfile testfile finalfilename path_train path_test path_output columns att columns_test
keyatt checkonly predictionmode predictionclass nrandom minz maxz multiplefiles nzbins minleaf
impurityindex ntrees natt ooberror varimportance sigmafactor topology periodic ntop iterations
somtype alphastart alphaend importancefile sparserep sparsedims numbercoef numberbases
originalpdffile writefits rmsfactor""",
)


def read_inputs(path):
    """Read as read_dt_pars does: first and third word, commas make lists, slashes a folder."""
    names, values = np.loadtxt(path, dtype="str", usecols=(0, 2), unpack=True)
    found = {}
    for name, value in zip(names.tolist(), values.tolist(), strict=True):
        found[name.lower()] = value.split(",") if "," in value else value
        if "/" in value and not value.endswith("/"):
            found[name.lower()] = value + "/"
    return found


def read_columns(folder, inputs, part):
    """Read a table with the names in the inputs, as the class catalog does."""
    names = inputs["columns" if part == "train" else "columns_test"]
    rows = np.loadtxt(inputs[f"path_{part}"] and folder / inputs[f"{part}file"], ndmin=2)
    assert rows.shape[1] == len(names)
    return dict(zip(names, rows.T, strict=True))


def run(folder, export, inputs, kinds, **params):
    out = folder / "mlz"
    out.mkdir()
    output = {kind: [str(out / f"{kind}.{part}") for part in PARTS] for kind in kinds}
    export(**inputs, **output, **params)
    return out


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mlz")
    table = synthetic_pixels.catalogue(60, 10, seed=3)
    table.loc[:4, "redshift"] = np.nan
    pixels = synthetic_pixels.pixels(table, 3, noise=5)
    objects, paths = synthetic_pixels.write(folder, table, pixels)
    inputs = {"catalogue": objects, "pixel_tables": paths}
    params = {**PIXELS, "attributes": ["magnitudes", "colours", "distance"]}
    out = run(folder, mlz_files.export_pixels, inputs, ("objects", "pixels"), **params)
    return table, pixels, out


def test_the_inputs_have_all_that_mlz_asks_for_and_no_truth(done):
    for kind, attributes in (("objects", 9), ("pixels", 10)):
        found = read_inputs(done[2] / f"{kind}.inputs")
        assert set(found) == set(KEYS)
        assert found["keyatt"] == "zspec"
        assert len(found["att"]) == attributes
        assert not {"zspec", "ezspec", "id"} & set(found["att"])
        assert found["att"][0] == "mag_u"
        assert set(found["att"]) < set(found["columns"])
        assert ("distance" in found["att"]) == (kind == "pixels")
        assert float(found["nrandom"]) * float(found["ntrees"]) == 100
        assert (float(found["minz"]), float(found["maxz"])) == (0, 0.6)
        assert found["topology"] in ("grid", "hex", "sphere")
        # MLZ takes the column of e + attribute for its error
        noisy = [name for name in found["att"] if f"e{name}" in found["columns"]]
        assert noisy == [name for name in found["att"] if name != "distance"]


def test_objects_are_those_of_the_split(done):
    table, _, folder = done
    inputs = read_inputs(folder / "objects.inputs")
    train, test = (read_columns(folder, inputs, part) for part in ("train", "test"))
    known = table.set_index("id")
    assert not set(train["id"]) & set(test["id"])
    for part in (train, test):
        rows = known.loc[part["id"].astype(int)]
        assert part["zspec"] == pytest.approx(rows["redshift"].to_numpy(), abs=1e-6, nan_ok=True)
        assert (rows["class"] == "GALAXY").all()
        assert part["u-g"] == pytest.approx(part["mag_u"] - part["mag_g"], abs=4e-6)
        assert part["eu-g"] == pytest.approx(np.hypot(part["emag_u"], part["emag_g"]), rel=1e-3)
    assert np.isfinite(train["zspec"]).all()
    assert np.isnan(test["zspec"]).sum() == 5
    assert len(train["id"]) + len(test["id"]) == 60


def test_pixels_are_those_of_the_learners(done):
    _, pixels, folder = done
    inputs = read_inputs(folder / "pixels.inputs")
    train, test = (read_columns(folder, inputs, part) for part in ("train", "test"))
    _, count = np.unique(train["id"], return_counts=True)
    assert count.max() == 10
    for part in (train, test):
        number = int(part["id"][0])
        own = pixels[pixels["object_id"] == number]
        nearest = np.abs(own["mag_r"].to_numpy()[:, None] - part["mag_r"][part["id"] == number])
        assert nearest.min(axis=0).max() < 1e-5
    every = pixels[pixels["object_id"].isin(test["id"].astype(int))]
    assert len(test["id"]) == len(every)


def test_bands_of_another_survey(tmp_path):
    bands = {"g": "HSC-g", "r": "HSC-r", "i": "HSC-i"}
    table = synthetic_pixels.catalogue(60, 0, seed=3)
    objects, paths = synthetic_pixels.write(tmp_path, table, synthetic_pixels.pixels(table, 3))
    for path in paths:
        pixels = pyarrow.parquet.read_table(path)
        fields = []
        for old in pixels.schema:
            kind, _, band = old.name.partition("_")
            field = old.with_name(f"{kind}_{bands[band]}") if band in bands else old
            softening = (
                {"softening": str(SOFTENING[band])} if kind == "mag" and band in bands else {}
            )
            fields.append(field.with_metadata(softening))
        pyarrow.parquet.write_table(
            pyarrow.Table.from_arrays(pixels.columns, schema=pyarrow.schema(fields)), path
        )
    inputs = {"catalogue": objects, "pixel_tables": paths}
    params = {**PIXELS, "bands": list(bands.values()), "attributes": ["magnitudes", "distance"]}
    out = run(tmp_path, mlz_files.export_pixels, inputs, ("objects", "pixels"), **params)
    told = read_inputs(out / "objects.inputs")
    train = read_columns(out, told, "train")
    rows = table.set_index("id").loc[train["id"].astype(int)]
    for band, name in bands.items():
        assert np.median(train[f"mag_{name}"] - rows[band]) == pytest.approx(0, abs=0.3)


def test_tables_of_any_names(tmp_path):
    table = catalogue(80, 1).rename(columns={"g": "B/2", "g_err": "B/2_err"})
    table["id"] = [f"galaxy {number}" for number in table["id"]]
    table.loc[3, "r"] = np.nan
    paths = [str(tmp_path / "train.csv")]
    table.to_csv(paths[0], index=False)
    params = {**PARAMS, "magnitudes": ("B/2", "r", "i", "z")}
    params["attributes"] = ["brightness", "colours", "errors"]
    folder = run(tmp_path, mlz_files.export_table, {"tables": paths}, ("objects",), **params)
    told = read_inputs(folder / "objects.inputs")
    assert told["att"] == ["mag_i", "B_2-r", "r-i", "i-z"]
    train, test = (read_columns(folder, told, part) for part in ("train", "test"))
    assert len(train["id"]) + len(test["id"]) == 79
    assert train["id"].tolist() == list(range(1, len(train["id"]) + 1))
    assert train["emag_i"] == pytest.approx(0.02, abs=1e-5)


def test_columns_that_mlz_would_confuse_are_refused():
    clash = Attributes(("magnitudes", "errors"), ("a/b", "a b"), named=True)
    with pytest.raises(InputError, match="two columns of MLZ's would be mag_a_b"):
        mlz.columns(clash)
    with pytest.raises(InputError, match="at least two attributes"):
        mlz.columns(Attributes(("brightness",), ("g", "r")))
