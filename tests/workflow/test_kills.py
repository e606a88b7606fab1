"""Killed ten times over all rules of a user's run and started again, the products are the same.

Subtraction, coaddition, photometry, photometric redshifts and the report are killed in
turn, the whole run, Snakemake alone or one job; each start is a resume of the one before it.
"""

import random
import re
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from conftest import command, environment, prepare, run
from killed_runs import kill
from small import ALL, products
from star_field import Moffat, draw
from warm_python import warm_python

#: least number of kills; --kills asks for more
KILLS = 10

#: longest time of a start until its job begins, s
PATIENCE = 120.0

CONFIG = {
    "name": "sky",
    "pairs": "pairs.tsv",
    "stacks": "stacks.tsv",
    "images": "images.tsv",
    "photoz": {"tables": "tables.tsv", "methods": ["knn"]},
    "subtraction": {"registration": "sources"},
}

TABLES = {
    "pairs.tsv": "pair\tscience\treference\tband\np\tnew.fits\told.fits\tr\n",
    "stacks.tsv": "stack\timage\tband\ns\told.fits\tr\ns\tnew.fits\tr\n",
    "images.tsv": "image\tpath\na\told.fits\n",
    "tables.tsv": "name\ttrain\nmine\tmine.csv\n",
}


def write_input(folder):
    """Write two exposures of one field, a table of galaxies, and the listings of both."""
    prepare(folder)
    for name, text in TABLES.items():
        (folder / name).write_text(text)
    rng = np.random.default_rng(1)
    x, y = rng.uniform(8, 152, (2, 40))
    sky = 200 + draw((160, 160), x, y, 10 ** rng.uniform(3.6, 5, 40), Moffat(), 0.1)
    header = fits.Header({"GAIN": 1.0, "RDNOISE": 5.0, "EXPTIME": 30.0})
    for name in ("old", "new"):
        image = rng.normal(sky, np.sqrt(sky + 25)).astype("f4")
        fits.PrimaryHDU(image, header).writeto(folder / f"{name}.fits")
    redshift = rng.uniform(0.02, 0.4, 150)
    magnitudes = 18 + np.outer(redshift, [3, 2, 1, 0.5, 0]) + rng.normal(0, 0.1, (150, 5))
    rows = np.column_stack([redshift, magnitudes])
    np.savetxt(folder / "mine.csv", rows, "%.4f", ",", header="redshift,u,g,r,i,z", comments="")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The folder of a run that nothing interrupts."""
    folder = tmp_path_factory.mktemp("undisturbed")
    write_input(folder)
    run(folder, **CONFIG)
    return folder


def jobs_begun(words):
    """Return the messages of the jobs that a run has begun."""
    return re.findall(r"^\[[\d:]+\] \d+ of \d+ \(\d+%\)[^:]*: (.*)$", words, re.MULTILINE)


def start_and_kill(folder, chance):
    """Start the run, and kill it while its first, second or third job works; return its words."""
    with open(folder / "words.txt", "w") as words:
        process = subprocess.Popen(
            [warm_python(), *command(cores=1, **CONFIG)[1:]],
            cwd=folder,
            env=environment(),
            stdout=words,
            stderr=subprocess.STDOUT,
        )
    wanted, end = chance.randint(1, 3), time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        if len(jobs_begun((folder / "words.txt").read_text())) >= wanted:
            break
        time.sleep(0.05)
    time.sleep(chance.uniform(0, 2))
    kill(process, chance.choice(["everybody", "everybody", "Snakemake", "one job"]), chance)
    return (folder / "words.txt").read_text()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are listed in /proc")
def test_ten_kills_over_all_rules(undisturbed, tmp_path, pytestconfig):
    write_input(tmp_path)
    chance = random.Random(17)
    begun = set()
    for _ in range(max(KILLS, pytestconfig.getoption("--kills"))):
        words = start_and_kill(tmp_path, chance)
        assert "cannot be locked" not in words
        begun |= set(jobs_begun(words))
    run(tmp_path, **CONFIG)
    assert len(begun) >= 5
    expected, made = (products(path, "sky", ALL) for path in (undisturbed, tmp_path))
    assert len(expected) > 7
    assert {Path(name).suffix for name in expected} >= {".csv", ".fits", ".ecsv", ".vot"}
    assert sorted(made) == sorted(expected)
    assert [name for name in expected if made[name] != expected[name]] == []
    left = [path for path in (tmp_path / "results").rglob(".*") if path.is_file()]
    assert left == []
