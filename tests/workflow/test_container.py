"""A run inside the container image, where there are apptainer and an image: the same numbers."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, run
from small import configuration, copy_archive, copy_catalogue

FIELD = "9001-3-100"


@pytest.fixture(scope="module")
def image(request):
    """The image: --image, or where envs/image puts it."""
    path = Path(request.config.getoption("--image") or ROOT / "envs/redpix.sif").absolute()
    if shutil.which("apptainer") is None:
        pytest.skip("apptainer is not here, so no job is run in a container")
    if not path.is_file():
        pytest.skip(f"{path}: no image; envs/image makes it")
    return path


@pytest.fixture(scope="module")
def runs(demo, image, tmp_path_factory):
    """Folders of the same small run: here, and in the container."""
    folder = tmp_path_factory.mktemp("container")
    root = copy_archive(demo, folder, [FIELD])
    settings = configuration(root, copy_catalogue(demo, folder, [FIELD]), photoz={"k": 5})
    here, inside = folder / "here", folder / "inside"
    for path in (here, inside):
        path.mkdir()
    run(here, **settings)
    binds = f"--bind {ROOT} --bind {folder}"
    arguments = ("--sdm", "apptainer", "--apptainer-args", binds)
    run(inside, *arguments, **settings, container=str(image))
    return here, inside


@pytest.mark.parametrize(
    "table", [f"pixels/{FIELD}.parquet", "photoz/knn/objects.csv", "catalogue/objects.csv"]
)
def test_tables_are_the_same(runs, table):
    read = pd.read_parquet if table.endswith("parquet") else pd.read_csv
    here, inside = (read(path / "results/small" / table) for path in runs)
    assert list(here) == list(inside)
    assert len(here) == len(inside) > 0
    for name in here:
        if pd.api.types.is_numeric_dtype(here[name]):
            assert np.allclose(here[name], inside[name], rtol=1e-6, atol=1e-6, equal_nan=True), name
        else:
            assert here[name].equals(inside[name]), name


def test_nothing_is_taken_from_outside_the_image(runs):
    """Snakemake mounts the packages of its own Python; none of them may be used but itself."""
    records = [
        json.loads(path.read_text())
        for path in (runs[1] / "results/small/provenance").rglob("*.json")
    ]
    assert {record["rule"] for record in records} >= {"registration", "sources", "photoz_method"}
    for record in records:
        for program in record["programs"]:
            assert program.startswith("/usr/bin/"), program
        for package, known in record["versions"].items():
            if package != "snakemake":
                assert known["from"].startswith(("/opt/redpix/", "/usr/")), (package, known)
