"""The file of PDFs in the form of qp: its groups, and what qp itself makes of it."""

import h5py
import numpy as np
import pytest
from redpix.photoz.pdf_file import write_pdfs
from redpix.photoz.qp_file import write_qp

GRID = np.linspace(0, 1, 101)
REDSHIFT, WIDTH = np.array([0.2, 0.5, 0.7]), 0.03
IDS = np.array([1237648720693755918, 2, 3, 4])


@pytest.fixture
def path(tmp_path):
    """A file of three Gaussians; the second of four objects has no PDF."""
    shape = np.exp(-0.5 * ((GRID - REDSHIFT[:, None]) / WIDTH) ** 2) / WIDTH / np.sqrt(2 * np.pi)
    pdfs = np.insert(shape, 1, np.nan, axis=0)
    write_pdfs(tmp_path / "pdfs.parquet", IDS, pdfs, GRID)
    write_qp(tmp_path / "pdfs.parquet", tmp_path / "pdfs.hdf5")
    return tmp_path / "pdfs.hdf5"


def test_groups_are_those_of_qp(path):
    with h5py.File(path) as file:
        assert set(file) == {"meta", "data", "ancil"}
        assert file["meta/pdf_name"][()].tolist() == [b"interp"]
        assert file["meta/xvals"].shape == (1, 101)
        assert np.allclose(file["meta/xvals"][0], GRID)
        assert file["ancil/object_id"][()].tolist() == IDS[[0, 2, 3]].tolist()
        density = file["data/yvals"][()]
    assert np.allclose(np.trapezoid(density, GRID, axis=1), 1, atol=1e-4)
    assert np.allclose(GRID[density.argmax(axis=1)], REDSHIFT)


def test_ids_of_text(tmp_path):
    pdfs = np.ones((2, 101))
    write_pdfs(tmp_path / "a.parquet", ["NGC 1", "ü"], pdfs, GRID)
    write_qp(tmp_path / "a.parquet", tmp_path / "a.hdf5")
    with h5py.File(tmp_path / "a.hdf5") as file:
        assert [one.decode() for one in file["ancil/object_id"][()]] == ["NGC 1", "ü"]


def test_qp_reads_it(path):
    qp = pytest.importorskip("qp", reason="qp-prob is not installed")
    ensemble = qp.read(str(path))
    assert ensemble.npdf == 3
    assert np.allclose(ensemble.mean().ravel(), REDSHIFT, atol=1e-3)
    assert np.allclose(ensemble.std().ravel(), WIDTH, atol=1e-3)


def test_rail_evaluates_it(path, tmp_path, monkeypatch):
    data = pytest.importorskip("rail.core.data", reason="pz-rail-base is not installed")
    evaluator = pytest.importorskip("rail.evaluation.dist_to_point_evaluator")
    monkeypatch.chdir(tmp_path)  # RAIL writes its summary there
    with h5py.File("truth.hdf5", "w") as file:
        file["redshift"] = REDSHIFT
    stage = evaluator.DistToPointEvaluator.make_stage(
        name="evaluation",
        metrics=["cdeloss"],
        hdf5_groupname="",
        reference_dictionary_key="redshift",
        metric_config={"limits": (0, 1)},
    )
    pdfs = data.QPHandle("input", path=str(path))
    done = stage.evaluate(pdfs, data.TableHandle("truth", path=str(tmp_path / "truth.hdf5")))
    # of a Gaussian about its truth: 1 / (2 sqrt(pi) width) - 2 / (sqrt(2 pi) width)
    expected = (1 / (2 * np.sqrt(np.pi)) - 2 / np.sqrt(2 * np.pi)) / WIDTH
    assert done["summary"]()["cdeloss"][0] == pytest.approx(expected, rel=0.01)
