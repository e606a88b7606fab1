"""redpix as a module of another workflow, by path and from a git repository."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from conftest import ROOT, run_words
from test_moved import PARTS
from warm_python import warm_python

WORKFLOW = """
module redpix:
    snakefile: {snakefile}
    config: {config}

use rule * from redpix as redpix_*

rule count:
    input: rules.redpix_all.input
    output: "count.txt"
    default_target: True
    shell: "wc -l {{input}} > {{output}}"
"""


def write_exposure(path, seed, added=None):
    """Write an image of stars; `added` is the 0-based x and y of a source that only it has."""
    generator = np.random.default_rng(5)
    places = [*zip(*generator.uniform(20, 180, (2, 60)), strict=True)]
    fluxes = [*generator.uniform(3e3, 6e4, 60)]
    if added:
        places, fluxes = [*places, added], [*fluxes, 8e3]
    y, x = np.indices((200, 200))
    image = np.full((200, 200), 300.0)
    for (x_star, y_star), flux in zip(places, fluxes, strict=True):
        square = (x - x_star) ** 2 + (y - y_star) ** 2
        image += flux * np.exp(-square / (2 * 1.5**2)) / (2 * np.pi * 1.5**2)
    image = np.random.default_rng(seed).poisson(image)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crpix, wcs.wcs.crval, wcs.wcs.cdelt = (100, 100), (150, 2), (-1e-4, 1e-4)
    header = wcs.to_header()
    header["GAIN"] = 1.0
    fits.PrimaryHDU(image.astype("f4"), header).writeto(path)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A git repository of the working tree, as a user would clone it."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = tmp_path_factory.mktemp("repository")
    for name in PARTS:
        source = ROOT / name
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / name, ignore=ignore)
        else:
            shutil.copy(source, folder / name)
    person = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
    for words in (
        ["init", "-q", "-b", "main"],
        ["add", "-A"],
        [*person, "commit", "-q", "-m", "all"],
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


@pytest.fixture
def hosted(repository, tmp_path, monkeypatch):
    """Let git fetch github.com/someone/redpix from the local repository, without a network."""
    settings = tmp_path / "gitconfig"
    settings.write_text(
        f'[url "file://{repository}"]\n\tinsteadOf = https://github.com/someone/redpix\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.setenv("GIT_TERMINAL_PROMPT", "0")


def write_workflow(folder, snakefile):
    """Write two exposures, and a workflow that uses redpix on them."""
    write_exposure(folder / "old.fits", 1)
    write_exposure(folder / "new.fits", 2, added=(101.3, 88.6))
    config = {"name": "mine", "source": "demo", "science": "new.fits", "reference": "old.fits"}
    text = WORKFLOW.format(snakefile=snakefile, config=json.dumps(config))
    (folder / "Snakefile").write_text(text)


@pytest.mark.parametrize("kind", ["path", "git"])
def test_another_workflow_uses_redpix(tmp_path, repository, kind):
    snakefile = {
        "path": f'"{ROOT}/Snakefile"',
        "git": f'gitfile("{repository}", path="Snakefile", ref="HEAD")',
    }[kind]
    write_workflow(tmp_path, snakefile)
    run_words([warm_python(), "-m", "snakemake", "--cores", "1"], tmp_path, 0)
    table = (tmp_path / "results/mine/subtraction/new_minus_old/transients.csv").read_text()
    assert len(table.splitlines()) == 2
    assert (tmp_path / "count.txt").is_file()
    said = run_words([warm_python(), "-m", "snakemake", "-n"], tmp_path, 0)
    assert "Nothing to be done" in said


@pytest.mark.usefixtures("hosted")
def test_another_workflow_uses_redpix_from_github(tmp_path):
    """The plan has rules and doors of the fetched commit, which is unpacked into .snakemake."""
    write_workflow(tmp_path, 'github("someone/redpix", path="Snakefile", branch="main")')
    said = run_words([warm_python(), "-m", "snakemake", "-n"], tmp_path, 0)
    assert "redpix_subtraction" in said
    (unpacked,) = (tmp_path / ".snakemake/redpix").iterdir()
    assert (unpacked / "scripts/subtraction.py").is_file()
