"""What tests share: where the real data lie, if they are here."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared/real"


def pytest_addoption(parser):
    parser.addoption(
        "--demo",
        help="folder in which `snakemake --cores all` has run the demo; made anew if not given",
    )
    parser.addoption(
        "--kills",
        type=int,
        default=4,
        help="how many times over one run is killed and started again; 4 if not given",
    )
    parser.addoption("--image", help="container image to try; envs/redpix.sif if not given")


@pytest.fixture(scope="session")
def real():
    """Folder of real frames and catalogues, kept beside the project and not in it."""
    if not REAL.is_dir():
        pytest.skip(f"real data are absent: no folder {REAL.name} beside the project")
    return REAL
