"""Models that are damaged, too large, or that would execute code."""

import io
import pickle
import zipfile

import numpy as np
import pytest
from conftest import ROOT
from redpix.core.exceptions import InputError
from redpix.io.array_archive import read_arrays
from redpix.photoz.attributes import Attributes
from redpix.photoz.files import read_model, write_model
from redpix.photoz.learners.base import Training
from redpix.photoz.methods import METHODS
from redpix.photoz.model import Model

FAULT = ROOT.parent / "shared/strangers/faults/npz__plain_npy.npz"


class Trap:
    """An object that raises if it is unpickled."""

    def __reduce__(self):
        return pytest.fail, ("something was unpickled",)


def archive(path, content, compression=zipfile.ZIP_STORED):
    """Write an .npz file of one array."""
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("grid.npy", content)
    return path


def header(shape, kind="<f8"):
    """Return the beginning of an .npy file."""
    file = io.BytesIO()
    stated = {"descr": kind, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, stated)
    return file.getvalue()


def test_arrays_come_back(tmp_path):
    np.savez(tmp_path / "a.npz", grid=np.arange(6.0).reshape(2, 3), text=np.array("æ"))
    np.savez_compressed(tmp_path / "b.npz", grid=np.arange(6.0).reshape(2, 3), text=np.array("æ"))
    for name in "ab":
        arrays = read_arrays(tmp_path / f"{name}.npz")
        assert arrays["grid"].tolist() == [[0, 1, 2], [3, 4, 5]]
        assert str(arrays["text"]) == "æ"


def test_objects_are_never_unpickled(tmp_path):
    path = archive(tmp_path / "m.npz", header((1,), "|O") + pickle.dumps([Trap()]))
    with pytest.raises(InputError, match="grid.npy holds objects"):
        read_model(path)


@pytest.mark.parametrize("shape", [(10**12,), (4, 5), (-1,), (2**62, 2**62)])
def test_a_header_that_lies(tmp_path, shape):
    path = archive(tmp_path / "m.npz", header(shape) + bytes(24))
    with pytest.raises(InputError, match=f"{path}: array grid.npy states"):
        read_model(path)


def test_a_bomb(tmp_path):
    path = archive(tmp_path / "m.npz", bytes(300_000_000), zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 400_000
    with pytest.raises(InputError, match="unpacks to 300000000 bytes"):
        read_model(path)


def test_thousands_of_arrays(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.npz", "w") as file:
        for number in range(5001):
            file.writestr(f"{number}.npy", b"")
    with pytest.raises(InputError, match="m.npz: 5001 arrays; allowed: up to 5000"):
        read_model(tmp_path / "m.npz")


def test_an_array_in_place_of_an_archive(tmp_path):
    path = tmp_path / "model.npz"
    with open(path, "wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(InputError, match=f"{path}: cannot be read as a model: not an .npz"):
        read_model(path)


@pytest.mark.skipif(not FAULT.exists(), reason="no folder of strangers' files")
def test_strangers_model():
    with pytest.raises(InputError, match="npz__plain_npy.npz: cannot be read as a model"):
        read_model(FAULT)


#: settings of small models by their method
SMALL = {
    "knn": {"k": 5, "mode": "mean"},
    "tpz": {"trees": 2, "seed": 1, "mixing": np.eye(4).tolist()},
}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Arrays of a small model of each method."""
    rng = np.random.default_rng(1)
    vectors = rng.uniform(0, 1, (60, 4)).astype(np.float32)
    training = Training(vectors, vectors[:, 0] / 2.0, np.arange(60) % 2, np.arange(60))
    grid, made = np.linspace(0, 1, 21), {}
    for method, settings in SMALL.items():
        learner = METHODS[method].fit(training, grid, **settings)
        attributes = Attributes(("colours",), "ugriz")
        path = tmp_path_factory.mktemp("small") / "m.npz"
        write_model(path, Model(method, settings, attributes, grid, {"objects": learner}, {}))
        read_model(path)
        made[method] = read_arrays(path)
    return made


@pytest.mark.parametrize(
    ("method", "name", "place", "value", "words"),
    [
        ("tpz", "redshift_left", 0, 0, "a tree does not end in leaves"),
        ("tpz", "class_right", 0, 0, "a tree does not end in leaves"),
        ("tpz", "redshift_right", 0, 10**6, "a tree does not end in leaves"),
        ("tpz", "redshift_feature", 0, 4, "a tree does not end in leaves"),
        ("tpz", "redshift_place", 3, 2**31 - 1, "do not fit the grid"),
        ("tpz", "redshift_place", 3, -1, "do not fit the grid"),
        ("tpz", "redshift_start", 1, 2**31 - 1, "do not fit the grid"),
        ("tpz", "redshift_start", 0, -5, "do not fit their tree"),
        ("tpz", "redshift_values", 1, np.nan, "redshift_values has numbers that are not finite"),
        ("knn", "redshift", 1, np.inf, "redshift has numbers that are not finite"),
        ("knn", "label", 1, 7, "unknown classes"),
    ],
)
def test_arrays_that_would_leave_memory_or_never_end(
    small, tmp_path, method, name, place, value, words
):
    arrays = {key: array.copy() for key, array in small[method].items()}
    arrays[f"objects_{name}"][place] = value
    np.savez(tmp_path / "m.npz", **arrays)
    with pytest.raises(InputError, match=f"m.npz: cannot be read as a model.*{words}") as caught:
        read_model(tmp_path / "m.npz")
    assert "\n" not in str(caught.value)


def test_a_column_of_another_length(small, tmp_path):
    arrays = {**small["knn"], "objects_group": np.arange(3)}
    np.savez(tmp_path / "m.npz", **arrays)
    with pytest.raises(InputError, match="different lengths"):
        read_model(tmp_path / "m.npz")
