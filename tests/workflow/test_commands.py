"""Every Snakemake command of the guides plans its jobs, on stand-ins for a user's files."""

import re
import shutil
import subprocess

import pytest
import yaml
from conftest import ROOT, environment
from page_commands import COMMAND_PAGES, block, command_lines
from warm_python import warm_python

#: commands that need more than the files of a user, by a part of them
NOT_PLANNED = {
    "--sdm apptainer": "needs an image that is built as root; test_container runs it",
    "--report snakemake.html": "needs a finished run; test_demo runs it",
    "--sdm conda": "needs conda; test_environments checks the environments",
}

#: empty files that stand for those of a user, and for results that a guide makes before
FILES = (
    *("new.fits", "old.fits", "raw/m67_1.fits", "raw/m67_2.fits", "raw/dark.fits", "raw/flat.fits"),
    *(f"cosmos_1_{band}{kind}.fits" for band in "grz" for kind in ("", ".wht", ".mask")),
    *("galaxy.reg", "results/demo/photoz/knn/model.npz", "models/mine.npz", "shards/keep"),
    *(f"data/sfd/SFD_dust_4096_{pole}.fits" for pole in ("ngp", "sgp")),
    *(f"results/{run}/provenance/catalogue/all.json" for run in ("demo", "trial")),
)

OBJECTS = "id,ra,dec,run,camcol,field\n1,180.0,45.0,9001,3,100\n"
MARKS = "pair,ra,dec,mark\nnight1,180.0,45.0,real\n"
CATALOGUES = (
    "objects.csv",
    "results/demo/catalogue/objects.csv",
    "results/sky/injection/truth.csv",
    "results/cosmos/injection/truth.csv",
    "data/mine_train.csv",
    "data/mine_test.csv",
    "data/new.csv",
)

#: tables that a guide shows: file, guide, beginning of the block
SHOWN = (
    ("my_night.tsv", "ccd_night.md", "image\t"),
    ("frames.tsv", "any_survey.md", "field\t"),
    ("results/cosmos/injection/frames.tsv", "any_survey.md", "field\t"),
    ("my_pairs.tsv", "pairs_and_stacks.md", "pair\t"),
    ("my_stacks.tsv", "pairs_and_stacks.md", "stack\t"),
    ("my_catalogues.tsv", "magnitudes.md", "name\ttrain"),
    ("new_tables.tsv", "magnitudes.md", "name\tmodel"),
)

LINES = sorted({line for page in COMMAND_PAGES for line in command_lines(page)})


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Folder with what the guides tell a user to have."""
    folder = tmp_path_factory.mktemp("guides")
    shutil.copytree(ROOT / "config", folder / "config")
    (folder / "workflow").mkdir()
    (folder / "workflow/profiles").symlink_to(ROOT / "workflow/profiles")
    contents = dict.fromkeys(FILES, "") | dict.fromkeys(CATALOGUES, OBJECTS) | {"marks.csv": MARKS}
    contents |= {name: block(page, first) for name, page, first in SHOWN}
    region = yaml.safe_load((ROOT / "config/sdss.yaml").read_text())
    contents["my.yaml"] = yaml.safe_dump(
        region | yaml.safe_load(block("sdss_region.md", "name: my_region"))
    )
    survey = block("large_survey.md", "name: survey")
    contents["survey.yaml"] = survey.replace("/data/survey", str(folder))
    for name, text in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("line", LINES)
def test_a_command_of_the_guides_plans_its_jobs(place, line):
    for part, reason in NOT_PLANNED.items():
        if part in line:
            pytest.skip(reason)
    snakemake = f"'{warm_python()}' -m snakemake -n -s '{ROOT}/Snakefile'"
    dry = re.sub(r"^(\.venv/bin/)?snakemake", lambda found: snakemake, line)
    done = subprocess.run(
        ["bash", "-c", dry],
        cwd=place,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-3000:]
    assert "This was a dry-run" in said
