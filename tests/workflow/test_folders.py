"""redpix runs from wherever it lies."""

import shutil
import subprocess
import sys

from conftest import ROOT, environment


def test_a_folder_with_a_space(tmp_path):
    folder = tmp_path / "my sky"
    for name in ("config", "envs", "resources", "scripts", "workflow"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "Snakefile", folder)
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", "--dry-run"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "demo_sky" in done.stdout + done.stderr
