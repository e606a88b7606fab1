"""A run in awkward places: odd names of folders, a long TMPDIR, a home that cannot be written."""

import os
import re

import pytest
from conftest import command, run, run_words
from test_module import write_exposure

#: a folder whose name programs could take for an option, a pattern or several words
FOLDER = "-my data 50% [ä]"

PAIR = ("name=mine", "science=new é.fits", "reference=old [1].fits")
TABLE = "results/mine/subtraction/new_minus_old_1/transients.csv"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Folder with two exposures, in the second of which a source has appeared."""
    folder = tmp_path_factory.mktemp("places") / FOLDER
    folder.mkdir()
    write_exposure(folder / "old [1].fits", 1)
    write_exposure(folder / "new é.fits", 2, added=(101.3, 88.6))
    return folder


def test_a_run_from_elsewhere_with_a_long_tmpdir_and_without_a_home(place, tmp_path, monkeypatch):
    """Programs have buffers of 256 characters for names, and libraries keep caches at home."""
    long = tmp_path / "a b" / ("t" * 120) / ("u" * 120)
    long.mkdir(parents=True)
    assert len(str(long)) > 240
    monkeypatch.setenv("TMPDIR", str(long))
    monkeypatch.setenv("HOME", "/dev/null/home")
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR"):
        monkeypatch.delenv(name, raising=False)
    words = command("--directory", place, "--config", *PAIR, "--", TABLE, cores=1)
    said = run_words(words, tmp_path, 0)
    assert "Failed to solve" not in said
    assert "Matplotlib" not in said
    assert len((place / TABLE).read_text().splitlines()) == 2
    assert not (tmp_path / "results").exists()
    assert os.listdir(long) == []


def test_several_names_at_once(place):
    """Targets and a file in one command plan the jobs of all of them, and of nothing else."""
    (place / "images.tsv").write_text("image\tpath\na\told [1].fits\n")
    (place / "pairs.tsv").write_text(
        "pair\tscience\treference\tband\np\tnew é.fits\told [1].fits\tr\n"
    )
    config = {"name": "more", "pairs": "pairs.tsv", "images": "images.tsv"}
    calibrated = "results/more/photometry/a.calibrated.fits"
    said = run(place, "-n", "transients", calibrated, **config).split("Job stats")[1]
    planned = set(re.findall(r"^(\w+) +\d+$", said, re.MULTILINE))
    assert planned >= {"subtraction", "transients_of_pair", "calibration"}
    assert not planned & {"photometry_of_image", "light_curves", "demo_sky"}
    both = run(place, "-n", "transients", "photometry", **config).split("Job stats")[1]
    assert set(re.findall(r"^(\w+) +\d+$", both, re.MULTILINE)) > planned | {"photometry_of_image"}
