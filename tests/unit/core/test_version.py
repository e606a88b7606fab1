"""The version of redpix, from a checkout or a distribution, and the commit of a checkout."""

import re
from importlib import metadata

import pytest
from conftest import ROOT
from redpix.core.version import commit, redpix_version


def test_a_checkout_has_the_version_of_its_pyproject():
    stated = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert redpix_version() == stated[1]


@pytest.mark.parametrize("text", [None, '[project]\nname = "other"\nversion = "7"\n', "[tool.x]\n"])
def test_without_a_checkout_the_distribution_has_it(tmp_path, monkeypatch, text):
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)
    monkeypatch.setattr(metadata, "version", {"redpix": "1.2.3"}.__getitem__)
    assert redpix_version(tmp_path) == "1.2.3"


def test_the_commit_is_the_one_checked_out(tmp_path):
    """The git folder is made by hand, because git may be missing."""
    first, second = "1" * 40, "2" * 40
    assert commit(tmp_path) is None
    git = tmp_path / ".git"
    (git / "refs/heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    assert commit(tmp_path) is None  # nothing was committed yet
    (git / "refs/heads/main").write_text(f"{first}\n")
    assert commit(tmp_path) == first
    (git / "refs/heads/main").unlink()
    (git / "packed-refs").write_text(f"# pack-refs with: peeled\n{second} refs/heads/main\n")
    assert commit(tmp_path) == second

    # a linked work tree has its own HEAD, and shares the branches
    side = tmp_path / "side"
    (git / "worktrees/side").mkdir(parents=True)
    side.mkdir()
    (side / ".git").write_text(f"gitdir: {git}/worktrees/side\n")
    (git / "worktrees/side/HEAD").write_text("ref: refs/heads/side\n")
    (git / "worktrees/side/commondir").write_text("../..\n")
    (git / "refs/heads/side").write_text(f"{first}\n")
    assert commit(side) == first
    (side / ".git").write_text("gitdir: ../.git/worktrees/side\n")
    assert commit(side) == first
    (git / "HEAD").write_text(f"{first}\n")
    assert commit(tmp_path) == first
