"""Records of where products come from, and the check of products against them."""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import verify
from redpix.core import provenance
from redpix.core.code_versions import code_version
from redpix.core.version import redpix_version

FIELD = {"field": "9001-3-100"}

RULES = Path(provenance.__file__).parents[3] / "workflow/rules"

#: what wildcards may be
VALUES = {**FIELD, "image": "m-1.a", "stack": "s-1.a", "pair": "p-1.a", "band": "r", "run": "94"}
VALUES |= {"camcol": "6", "method": "knn", "table": "t-1.a"}


def job(rule, output, inputs=(), wildcards=FIELD, **params):
    """What a script knows of its job."""
    params |= {"code": code_version(rule)}
    known = {"output": output, "input": inputs, "params": params, "wildcards": wildcards}
    return SimpleNamespace(rule=rule, **known)


def forget():
    """Every job is a process of its own."""
    provenance._listing.cache_clear()
    provenance._outputs.cache_clear()


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Two jobs, one of which reads what the other wrote, and a file from outside."""
    monkeypatch.chdir(tmp_path)
    forget()
    first, second = "results/small/errors/9001-3-100-r.fits", "results/small/sources/a.csv"
    for path, text in ((first, "errors"), (second, "sources"), ("settings.sex", "settings")):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    record_both()
    return tmp_path


def record_both():
    """Record the two jobs of the run."""
    first, second = "results/small/errors/9001-3-100-r.fits", "results/small/sources/a.csv"
    provenance.record(job("errors", [first], bands=["r"]))
    provenance.record(job("sources", [second], [first, "settings.sex"], threshold=1.5))


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
    assert entry["versions"]["redpix"] == {"version": redpix_version()}
    assert entry["versions"]["python"]["version"] == sys.version.split()[0]
    assert Path(entry["versions"]["numpy"]["from"]) == Path(np.__file__).parents[1]
    assert list(entry["outputs"]) == ["results/small/sources/a.csv"]
    assert entry["outputs"]["results/small/sources/a.csv"]["bytes"] == len("sources")


def outputs_of_rules():
    """Rule and patterns of its outputs, of each that runs a script; bands and numbers are one."""
    for path in sorted(RULES.glob("*.smk")):
        parts = re.split(r"^\s*(?:rule|checkpoint) *(\w*):$", path.read_text(), flags=re.MULTILINE)
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            output = re.search(r"^ *output:\n(.*?)^ *log:$", text, re.DOTALL | re.MULTILINE)
            if "script:" not in text or not output:
                continue
            patterns = re.findall(r'"\{RESULTS\}/(.*?)"', output[1])
            stages = re.findall(r'per_band\("(\w+)"(?:, "([\w.]+)")?\)', output[1])
            patterns += [f"{stage}/{{{{field}}}}-r{end or '.fits'}" for stage, end in stages]
            yield name, [re.sub(r"(?<!\{)\{\w+\}(?!\})", "r", pattern) for pattern in patterns]


#: outputs that no other job of the run reads
UNREAD = ("", "injection_frame")


@pytest.mark.parametrize(
    ("rule", "patterns"),
    [pytest.param(*one, id=one[0]) for one in outputs_of_rules() if one[0] not in UNREAD],
)
def test_what_a_rule_made_is_found_on_record(run, rule, patterns):
    assert patterns
    for pattern in patterns:
        wildcards = {name: VALUES[name] for name in re.findall(r"\{\{(\w+)\}\}", pattern)}
        path = "results/small/" + pattern.replace("{{", "{").replace("}}", "}").format(**VALUES)
        (run / path).parent.mkdir(parents=True, exist_ok=True)
        (run / path).write_text("made")
        provenance.record(job(rule, [path], wildcards=wildcards))
        forget()
        assert list(provenance.altered([path], "results/small/report.html")) == []
        (run / path).write_text("forged")
        assert list(provenance.altered([path], "results/small/report.html")) == [path]


def test_every_stage_is_looked_at():
    rules = {rule for rule, _ in outputs_of_rules()}
    assert {"calibration", "coaddition", "errors", "photoz_table", "subtraction"} <= rules
    assert len(rules) > 20


def test_a_run_s_files_are_not_taken_for_those_of_redpix(run):
    """Though they have the same names, and lie where they are looked for first."""
    product, own = "results/small/pixels/a.csv", str(provenance.ROOT / "README.md")
    for path in (product, "README.md"):
        (run / path).parent.mkdir(exist_ok=True)
        (run / path).write_text("mine")
    provenance.record(job("pixels", [product], ["README.md", own]))
    assert list(entry_of(run, "pixels")["inputs"]) == ["README.md", "redpix:README.md"]
    assert kinds() == []
    (run / "README.md").write_text("changed")
    assert [fact.split(":")[0] for _, fact in flaws()] == ["README.md"]


def test_a_run_in_the_folder_of_redpix_names_products_alike(run, monkeypatch):
    monkeypatch.setattr(provenance, "ROOT", run)
    forget()
    record_both()
    product, read = "results/small/pixels/a.csv", "results/small/sources/a.csv"
    (run / product).parent.mkdir()
    (run / product).write_text("pixels")
    provenance.record(job("pixels", [product], [read, "settings.sex"]))
    assert list(entry_of(run, "pixels")["inputs"]) == [read, "redpix:settings.sex"]
    assert kinds() == []
    (run / "settings.sex").write_text("changed")
    (run / read).write_text("forged")
    assert sorted(kinds()) == ["altered", "input changed", "input changed", "input changed"]


def kinds(**options):
    return [kind for kind, _ in flaws(**options)]


def flaws(**options):
    results = Path("results/small")
    return list(verify.flaws(results, list(provenance.records(results)), **options))


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


def test_images_that_the_run_removed_are_no_flaw(run):
    (run / "results/small/errors/9001-3-100-r.fits").unlink()
    assert kinds() == ["missing", "input changed"]
    assert kinds(without_images=True) == []
    (run / "results/small/sources/a.csv").write_text("forged")
    assert kinds(without_images=True) == ["altered"]


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
    (side / ".git").write_text("gitdir: ../.git/worktrees/side\n")
    assert provenance.commit(side) == first
    (git / "HEAD").write_text(f"{first}\n")
    assert provenance.commit(tmp_path) == first
