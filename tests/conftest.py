"""Shared test options: processes, the order of the tests, and where the real data lie."""

import os
import sys
from pathlib import Path

import pytest
from running_order import FIRST, IN_DEMO
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[1]

# one thread for linear algebra, as in a job of one core: the processes of the tests have the cores,
# and threads that wait for a core cost several times the CPU. Set before numpy is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# compiled modules are kept, so that hundreds of jobs need not compile them again
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

REAL = ROOT.parent / "shared/real"
STRANGERS = ROOT.parent / "shared/strangers"


def pytest_addoption(parser):
    parser.addoption(
        "--demo",
        help="folder in which `snakemake --cores all` has run the demo; made anew if not given",
    )
    parser.addoption(
        "--kills",
        type=int,
        default=8,
        help="how many times over a run is killed and started again; 8 or 10 if not given",
    )
    parser.addoption(
        "--mutations",
        type=int,
        default=800,
        help="how many damaged files all readers together are given; 800 if not given",
    )
    parser.addoption("--image", help="container image to try; envs/redpix.sif if not given")


def pytest_xdist_auto_num_workers(config):
    """Return the number of processes: one per core, at most one per file; 0 for a single file."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # xdist reads it
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    files = {argument.split("::")[0] for argument in config.args}
    if any(Path(file).is_dir() for file in files):
        return cores
    return min(cores, len(files)) if len(files) > 1 else 0


class OneProcessPerFile(LoadScopeScheduling):
    """Give each process a whole file of tests, so that the file's fixtures are made once."""

    def _split_scope(self, nodeid):
        file = nodeid.split("::")[0]
        return "demo" if Path(file).stem in IN_DEMO else file


def pytest_xdist_make_scheduler(config, log):
    """Return the scheduler of `--dist loadscope`, which pyproject.toml chooses."""
    return OneProcessPerFile(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_collection_modifyitems(config, items):
    """Put the slow files first where several processes share the tests."""
    if hasattr(config, "workerinput"):
        rank = {name: number for number, name in enumerate(FIRST)}
        items.sort(key=lambda item: rank.get(item.path.stem, len(FIRST)))


@pytest.fixture(scope="session")
def real():
    """Folder of real frames and catalogues, kept beside the project and not in it."""
    if not REAL.is_dir():
        pytest.skip(f"real data are absent: no folder {REAL.name} beside the project")
    return REAL


@pytest.fixture(scope="session")
def strangers():
    """Folder of users' files, kept beside the project and not in it."""
    if not STRANGERS.is_dir():
        pytest.skip(f"users' files are absent: no folder {STRANGERS.name} beside the project")
    return STRANGERS
