"""Models that are damaged, too large, or that would execute code."""

import io
import pickle
import zipfile

import numpy as np
import pytest
from conftest import ROOT
from redpix.core.exceptions import InputError
from redpix.io.array_archive import read_arrays
from redpix.photoz.files import read_model

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
