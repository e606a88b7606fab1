"""redpix runs from wherever it lies, and without options."""

import shutil
import subprocess
import sys

from conftest import ROOT, environment


def dry_run(folder, *words):
    """Dry-run the workflow of a folder; it must go well. Return what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--dry-run", *words],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


def test_a_folder_with_a_space_and_no_options(tmp_path):
    folder = tmp_path / "my sky"
    for name in ("config", "envs", "resources", "scripts", "workflow"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "Snakefile", folder)
    shutil.copy(ROOT / "profiles", folder, follow_symlinks=False)
    said = dry_run(folder)
    assert "workflow specific profile profiles/default" in said
    assert "demo_sky" in said
