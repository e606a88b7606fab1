"""A full disk ends a job in one line, also inside other programs and inside libraries."""

import errno
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from conftest import ROOT
from redpix.core.atomic_files import atomic, full_disk
from redpix.core.exceptions import InputError
from redpix.core.programs import find_tool, read_made, run_program
from redpix.psf.sextractor import copied_settings, run_sextractor, write_inputs

SETTINGS = ROOT / "resources/sextractor"

#: maximum size of a file, bytes: far below what each test writes
SMALL = 40_000

DOOR = """
import sys
from types import SimpleNamespace
sys.path.insert(0, {scripts!r})
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
import numpy as np
import redpix.core.provenance
redpix.core.provenance.record = lambda snakemake: None
from redpix.core.atomic_files import atomic
from redpix.core.job import job, log
with job(SimpleNamespace(log=["a.log"], output=["a.out"], input=[], params={{}})):
    {body}
"""

BODIES = {
    "text": "\n    with atomic('a.out') as path:\n        path.write_text('x' * 1_000_000)",
    "FITS": (
        "from astropy.io import fits\n    fits.PrimaryHDU(np.zeros((500, 500))).writeto('a.out')"
    ),
    "FITS inside atomic": (
        "from astropy.io import fits\n    with atomic('a.out') as path:\n"
        "        fits.PrimaryHDU(np.zeros((500, 500))).writeto(path)"
    ),
    "NumPy": "np.save('a.npy', np.zeros(1_000_000))",
    "parquet": (
        "import pyarrow, pyarrow.parquet\n"
        "    table = pyarrow.table({'x': np.random.default_rng(1).normal(size=100_000)})\n"
        "    pyarrow.parquet.write_table(table, 'a.parquet')"
    ),
    "HDF5": (
        "import h5py\n    with h5py.File('a.hdf5', 'w') as file:\n"
        "        file['x'] = np.zeros(1_000_000)"
    ),
    "log": "\n    for _ in range(10_000):\n        log.info('a line that fills the disk')\n"
    "    open('b', 'w').write('x' * 100_000)",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_job_ends_in_one_line(tmp_path, body):
    text = DOOR.format(scripts=str(ROOT / "scripts"), limit=SMALL, body=body)
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    words = done.stderr.strip()
    assert done.returncode == 1
    assert words.startswith("ERROR "), words
    assert words.endswith("free space, then run the same command to continue"), words
    assert len(words.splitlines()) == 1
    assert not (tmp_path / "a.out").exists() or "atomic" not in body
    assert [name for name in os.listdir(tmp_path) if name.startswith(".")] == []


@pytest.fixture
def small_files():
    """Let this process and its children write small files only."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda most=SMALL: resource.setrlimit(resource.RLIMIT_FSIZE, (most, limits[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def stars(folder):
    """Write an image of stars with its errors and its mask, as SExtractor reads them."""
    rng = np.random.default_rng(1)
    image = rng.normal(size=(200, 200)).astype(np.float32)
    image[10::20, 10::20] += 1000
    planes = image, np.ones_like(image), np.zeros(image.shape, np.int16)
    return write_inputs("stars.fits", folder, "stars", planes)


def test_sextractor_on_a_full_disk(tmp_path, small_files):
    inputs = stars(tmp_path)
    paths = {
        "config": SETTINGS / "sources.sex",
        "parameters": SETTINGS / "detections.param",
        "filter": SETTINGS / "sources.conv",
    }
    settings = copied_settings(paths, tmp_path)
    products = tmp_path / "table.fits", tmp_path / "map.fits"
    small_files()
    with pytest.raises(OSError, match=re.escape(str(tmp_path))) as error:
        run_sextractor(inputs, inputs, *products, settings, {})
    assert full_disk(error.value)


@pytest.mark.parametrize("most", [SMALL, 1_500_000])
@pytest.mark.parametrize("engine", ["montage", "swarp"])
def test_montage_and_swarp_on_a_full_disk(small_files, engine, most):
    """Both limits let the input be written; the second lets another file be written, too."""
    from astropy.wcs import WCS
    from redpix.pixels import resampling_engines
    from redpix.pixels.grid import Grid

    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.cdelt = ("RA---TAN", "DEC--TAN"), (10, 1), (-1e-4, 1e-4)
    wcs.wcs.crpix = 100, 100
    grid = Grid(wcs, (700, 700))
    try:
        find_tool(engine)
    except InputError:
        pytest.skip(f"{engine} is not installed")
    side = 90 if most == SMALL else 600
    array = np.ones((side, side), np.float32)  # its file is small enough, that of the result is not
    wcs.wcs.cdelt = wcs.wcs.cdelt * (1 if most == SMALL else 1.5)
    small_files(most)
    with pytest.raises(OSError, match="File too large|No space left") as error:
        resampling_engines.engine(engine)[0](array, wcs, grid)
    assert full_disk(error.value)


def test_a_program_that_reports_success_on_a_full_disk(tmp_path):
    made = tmp_path / "made.fits"
    fits.PrimaryHDU(np.zeros((50, 50))).writeto(made)
    made.write_bytes(made.read_bytes()[:-1000])
    with pytest.raises(InputError, match="a.fits: SExtractor left no complete made.fits: "):
        read_made(made, "a.fits: SExtractor", fits.getdata)
    with pytest.raises(InputError, match="left no complete other.fits"):
        read_made(tmp_path / "other.fits", "a.fits: SExtractor", fits.getdata)


def test_the_words_of_a_program_that_fails(tmp_path):
    with pytest.raises(InputError, match=r"^a.fits: SExtractor failed: it said why$"):
        run_program(["sh", "-c", "echo it said why >&2; exit 3"], tmp_path, "a.fits: SExtractor")
    with pytest.raises(InputError, match="failed: ended by signal SIGKILL"):
        run_program(["sh", "-c", "kill -9 $$"], tmp_path, "x")
    with pytest.raises(OSError, match="No space left") as error:
        run_program(["sh", "-c", "echo No space left on device; exit 1"], tmp_path, "x")
    assert error.value.filename == str(tmp_path)


@pytest.mark.parametrize(
    ("error", "number"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), errno.ENOSPC),
        (OSError("Not enough space on disk: requested 9, available 1."), errno.ENOSPC),
        (RuntimeError("Unable to flush file's cached information (No space left on device)"), 28),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), errno.EDQUOT),
        (OSError(errno.ENOENT, "no space left"), None),
        (ValueError("file too large"), None),
    ],
)
def test_what_is_a_full_disk(error, number):
    assert full_disk(error) == number
    later = ValueError("later")
    later.__context__ = error
    assert full_disk(later) == number


def test_the_file_that_was_written_is_named(tmp_path):
    path = tmp_path / "deep/table.csv"
    with pytest.raises(OSError, match="No space left") as error, atomic(path):
        raise OSError("Not enough space on disk: requested 9, available 1.")
    assert Path(error.value.filename) == path
