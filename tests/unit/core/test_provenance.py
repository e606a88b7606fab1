"""Records of the origin of products, and the check of products against them."""

import json
import re
import shutil
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

#: values of the wildcards
VALUES = {**FIELD, "image": "m-1.a", "stack": "s-1.a", "pair": "p-1.a", "band": "r", "run": "94"}
VALUES |= {"camcol": "6", "method": "knn", "table": "t-1.a", "master": "flat_R.2"}
VALUES |= {"target": "wasp-12.b", "survey": "gaia", "series": "low-1.a", "place": "m31_2.a"}


def job(rule, output, inputs=(), wildcards=FIELD, **params):
    """Return the job of a rule as a script sees it."""
    params |= {"code": code_version(rule)}
    return SimpleNamespace(
        rule=rule, output=output, input=inputs, params=params, wildcards=wildcards, threads=1
    )


def forget():
    """Forget the records that were read, because every job is a new process."""
    provenance._listing.cache_clear()
    provenance._outputs.cache_clear()


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Two jobs of a run: the second reads a product of the first, and a file from outside."""
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
    """Yield name and patterns of the outputs of each rule with a script, for one band."""
    for path in sorted(RULES.glob("*.smk")):
        parts = re.split(r"^\s*(?:rule|checkpoint) *(\w*):$", path.read_text(), flags=re.MULTILINE)
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            output = re.search(r"^ *output:\n(.*?)^ *log:$", text, re.DOTALL | re.MULTILINE)
            if "script:" not in text or not output:
                continue
            patterns = re.findall(r'"\{RESULTS\}/(.*?)"', output[1])
            stages = re.findall(r'per_band\("([\w/]+)"(?:, "([\w.]+)")?\)', output[1])
            patterns += [f"{stage}/{{{{field}}}}-r{end or '.fits'}" for stage, end in stages]
            yield name, [re.sub(r"(?<!\{)\{\w+\}(?!\})", "r", pattern) for pattern in patterns]


#: rules whose outputs other jobs of the run do not read, or lie beside its results
UNREAD = ("", "injection_frame", "compare")


@pytest.mark.parametrize(
    ("rule", "patterns"),
    [pytest.param(*one, id=one[0]) for one in outputs_of_rules() if one[0] not in UNREAD],
)
def test_what_a_rule_made_is_found_on_record(run, rule, patterns):
    assert patterns
    shutil.rmtree(run / "results/small/provenance")  # another rule may make files of these names
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
    """A file of the run and a file of redpix have the same name."""
    product, code = "results/small/pixels/a.csv", str(provenance.ROOT / "README.md")
    for path in (product, "README.md"):
        (run / path).parent.mkdir(exist_ok=True)
        (run / path).write_text("mine")
    provenance.record(job("pixels", [product], ["README.md", code]))
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


def test_an_untouched_run_is_as_recorded(run):
    assert kinds() == []


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("results/small/sources/a.csv", "forged", ["altered"]),
        ("results/small/sources/a.csv", None, ["missing"]),
        # another product was made from it
        ("results/small/errors/9001-3-100-r.fits", "eroded", ["altered", "input changed"]),
        ("settings.sex", "other", ["input changed"]),
        ("settings.sex", None, ["input changed"]),
    ],
)
def test_a_flaw_is_named(run, path, text, expected):
    (run / path).unlink() if text is None else (run / path).write_text(text)
    assert kinds() == expected
    assert all(path in fact for _, fact in flaws())


def test_images_that_the_run_removed_may_be_missing(run):
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
    assert "the folder does not exist" in done.stderr


def test_a_folder_without_records_is_a_flaw(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results/small").mkdir(parents=True)
    assert kinds() == ["no record"]
