"""Records of where products come from, and the check of products against them."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import provenance
import pytest
import verify


def job(rule, output, inputs=(), **params):
    """What a script knows of its job."""
    field = {"field": "9001-3-100"}
    return SimpleNamespace(rule=rule, output=output, input=inputs, params=params, wildcards=field)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Two jobs, one of which reads what the other wrote, and a file from outside."""
    monkeypatch.chdir(tmp_path)
    provenance._listing.cache_clear()
    provenance._outputs.cache_clear()
    first, second = "results/small/errors/9001-3-100-r.fits", "results/small/sources/a.csv"
    for path, text in ((first, "errors"), (second, "sources"), ("settings.sex", "settings")):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    provenance.record(job("errors", [first], bands=["r"]))
    provenance.record(job("sources", [second], [first, "settings.sex"], threshold=1.5))
    return tmp_path


def entry_of(run, rule):
    path = run / f"results/small/provenance/{rule}/9001-3-100.json"
    return json.loads(path.read_text())


def test_a_record_names_inputs_parameters_and_versions(run):
    entry = entry_of(run, "sources")
    expected = subprocess.run(
        ["sha256sum", "results/small/errors/9001-3-100-r.fits"], capture_output=True, text=True
    ).stdout.split()[0]
    assert entry["inputs"]["results/small/errors/9001-3-100-r.fits"] == expected
    assert entry["parameters"] == {"threshold": 1.5}
    assert entry["versions"]["python"]["version"] == sys.version.split()[0]
    assert Path(entry["versions"]["numpy"]["from"]) == Path(np.__file__).parents[1]
    assert list(entry["outputs"]) == ["results/small/sources/a.csv"]
    assert entry["outputs"]["results/small/sources/a.csv"]["bytes"] == len("sources")


def test_what_a_job_recorded_is_not_read_again(run, monkeypatch):
    read = []
    monkeypatch.setattr(provenance, "checksum", lambda path: read.append(str(path)) or "0")
    product = "results/small/sources/b.csv"
    (run / product).write_text("more")
    provenance.record(
        job("pixels", [product], ["results/small/errors/9001-3-100-r.fits", "settings.sex"])
    )
    assert "results/small/errors/9001-3-100-r.fits" not in read
    assert "settings.sex" in read
    assert entry_of(run, "pixels")["inputs"]["settings.sex"] == "0"


def kinds():
    return [kind for kind, _ in flaws()]


def flaws():
    results = Path("results/small")
    return list(verify.flaws(results, list(provenance.records(results))))


def test_an_untouched_run_has_no_flaw(run):
    assert kinds() == []


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("results/small/sources/a.csv", "forged", ["altered"]),
        ("results/small/sources/a.csv", None, ["missing"]),
        # made of it was another product, which no longer follows from it
        ("results/small/errors/9001-3-100-r.fits", "eroded", ["altered", "input changed"]),
        ("settings.sex", "other", ["input changed"]),
        ("settings.sex", None, ["input changed"]),
    ],
)
def test_a_flaw_is_told(run, path, text, expected):
    (run / path).unlink() if text is None else (run / path).write_text(text)
    assert kinds() == expected
    assert all(path in fact for _, fact in flaws())


def test_the_command_says_so_with_its_status(run):
    command = [sys.executable, verify.__file__, "results/small"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout == "results/small: 2 products, all as recorded\n"
    (run / "results/small/sources/a.csv").write_text("forged")
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "results/small: 2 products, 1 altered"
    done = subprocess.run([*command[:-1], "results/none"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "there is no such folder" in done.stderr


def test_a_folder_without_records_is_no_clean_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results/small").mkdir(parents=True)
    assert kinds() == ["no record"]


def test_the_commit_is_the_one_checked_out(tmp_path):
    """Of a git folder laid out by hand: on a fresh machine there is no git."""
    first, second = "1" * 40, "2" * 40
    assert provenance.commit(tmp_path) is None
    git = tmp_path / ".git"
    (git / "refs/heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    assert provenance.commit(tmp_path) is None  # nothing was committed yet
    (git / "refs/heads/main").write_text(f"{first}\n")
    assert provenance.commit(tmp_path) == first
    (git / "refs/heads/main").unlink()
    (git / "packed-refs").write_text(f"# pack-refs with: peeled\n{second} refs/heads/main\n")
    assert provenance.commit(tmp_path) == second

    # a further work tree has its own head, and shares what heads name
    side = tmp_path / "side"
    (git / "worktrees/side").mkdir(parents=True)
    side.mkdir()
    (side / ".git").write_text(f"gitdir: {git}/worktrees/side\n")
    (git / "worktrees/side/HEAD").write_text("ref: refs/heads/side\n")
    (git / "worktrees/side/commondir").write_text("../..\n")
    (git / "refs/heads/side").write_text(f"{first}\n")
    assert provenance.commit(side) == first
    (git / "HEAD").write_text(f"{first}\n")
    assert provenance.commit(tmp_path) == first
