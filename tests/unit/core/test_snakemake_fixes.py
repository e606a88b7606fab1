"""Snakemake reads a script once for all jobs of a rule, and its lists stay what they are."""

import os
import subprocess
import sys

import pytest
from redpix.core import snakemake_fixes
from redpix.core.code_versions import SCRIPTS

SNAKEFILE = """
import sys
sys.path.insert(0, {scripts!r})
import snakemake.script
from redpix.core.snakemake_fixes import fix_snakemake

fix_snakemake()
read = snakemake.script.get_source

def told(path, *others):
    print("read", path)
    return read(path, *others)

snakemake.script.get_source = told

rule all:
    input: expand("{{rule}}{{number}}", rule=["a", "b"], number=range(3))

rule a:
    output: "a{{number}}"
    script: "a.py"

rule b:
    output: "b{{number}}"
    script: "b.py"
"""

GUARDS = """
import copy, pickle, sys
sys.path.insert(0, {scripts!r})
from redpix.core.snakemake_fixes import share_guards
share_guards()
from snakemake.iocontainers import InputFiles
first, second = InputFiles(["x"]), InputFiles(["y"])
assert first.sort is second.sort and first.sort is not first.index
for again in (copy.deepcopy(first), pickle.loads(pickle.dumps(first))):
    assert list(again) == ["x"] and again.sort.name == "sort" and again.index.name == "index"
assert first.sort.name == "sort"
first.index()
"""

FLAGS = """
import copy, pickle, sys
sys.path.insert(0, {scripts!r})
from redpix.core.snakemake_fixes import keep_flags_of_flagged_paths
keep_flags_of_flagged_paths()
from snakemake.io import AnnotatedString, IOFile, ensure, flag, is_flagged, temp
plain = IOFile("a", None)
plain.clone_flags(IOFile("b", None))
assert plain.flags == {{}} and not is_flagged(plain, "temp") and not plain._file.__dict__
first = temp("c")
second = ensure(first, non_empty=True)
assert first is second and set(first.flags) == {{"temp", "ensure"}}
other = IOFile("d", None)
other.clone_flags(IOFile(first, None))
assert is_flagged(other, "temp") and other._file.flags == first.flags
assert other._file.flags is not first.flags
plain.flags.update(first.flags)
assert is_flagged(plain, "ensure")
for again in (copy.copy(first), copy.deepcopy(first), pickle.loads(pickle.dumps(first))):
    assert again == "c" and again.flags == first.flags
assert "{{x}}".format(x=1) == "1" and AnnotatedString("e{{x}}").format(x=1) == "e1"
named = flag(AnnotatedString("f"), "report", "caption")
assert named.format().flags == {{"report": "caption"}}
assert AnnotatedString("g").callable is None and not AnnotatedString("g").is_callable()
print("as before")
"""


@pytest.fixture
def dry_run(tmp_path):
    """Return a function that writes scripts and gives the finished dry run of two rules."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(scripts=str(SCRIPTS)))

    def run(*scripts):
        for name in scripts:
            (tmp_path / name).touch()
        words = [sys.executable, "-m", "snakemake", "--cores", "1", "-n"]
        return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)

    return run


def test_each_script_is_read_once(dry_run):
    done = dry_run("a.py", "b.py")
    assert done.returncode == 0, done.stderr
    read = sorted(line for line in done.stdout.splitlines() if line.startswith("read"))
    assert [line.rsplit("/")[-1].removeprefix("read ") for line in read] == ["a.py", "b.py"]


def test_a_missing_script_is_told(dry_run):
    done = dry_run("a.py")
    assert done.returncode
    assert "b.py" in done.stdout + done.stderr


def test_shared_guards_keep_their_names():
    done = subprocess.run(
        [sys.executable, "-c", GUARDS.format(scripts=str(SCRIPTS))], capture_output=True, text=True
    )
    assert "AttributeError: index() cannot be used on snakemake input" in done.stderr
    assert "assert" not in done.stderr


def test_paths_keep_their_flags():
    done = subprocess.run(
        [sys.executable, "-c", FLAGS.format(scripts=str(SCRIPTS))], capture_output=True, text=True
    )
    assert done.stdout == "as before\n", done.stderr


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, ""), (29, ""), (290, ", about 5 min left"), (36_000, ", about 10 h left")],
)
def test_the_time_left_in_words(seconds, words):
    assert snakemake_fixes.time_left(seconds) == words


def test_a_line_of_progress_says_the_time_left(monkeypatch):
    formatter = snakemake_fixes.snakemake.logging.DefaultFormatter
    monkeypatch.setattr(formatter, "format_progress", formatter.format_progress)
    clock = iter([100.0, 700.0])
    monkeypatch.setattr(snakemake_fixes.time, "monotonic", lambda: next(clock))
    snakemake_fixes.say_time_left()
    line = formatter([], False).format_progress({"done": 2, "total": 8})
    assert line == "2 of 8 steps (25%) done, about 30 min left"


def test_the_reason_for_a_job_fits_a_line(monkeypatch):
    formatter = snakemake_fixes.snakemake.logging.DefaultFormatter
    monkeypatch.setattr(formatter, "format_job_info", lambda self, message: message["reason"])
    snakemake_fixes.shorten_reasons()
    files = ", ".join(f"results/demo/frames/{number}.fits" for number in range(300))
    said = formatter([], False).format_job_info({"reason": f"Missing output files: {files}"})
    assert said.startswith("Missing output files: results/demo/frames/0.fits, ")
    assert len(said) <= 150
    assert said.endswith(" ...")


REPORTED = """
from redpix.core.snakemake_fixes import fix_snakemake
fix_snakemake()
def later(wildcards):
    return [f"b{n}.txt" for n in open(checkpoints.a.get().output[0]).read().split()]
rule all:
    input: later
checkpoint a:
    output: report("a.txt", category="x")
    params: code=config.get("code", 1)
    shell: "echo 1 2 > {output}"
rule b:
    input: "a.txt"
    output: report("b{n}.txt", category="x")
    shell: "echo {wildcards.n} > {output}"
"""


def test_the_report_is_complete_after_a_change_of_a_checkpoint(tmp_path):
    (tmp_path / "Snakefile").write_text(REPORTED)

    def run(*words):
        command = [sys.executable, "-m", "snakemake", "--cores", "1", *words]
        path = os.pathsep.join([str(SCRIPTS), os.environ.get("PYTHONPATH", "")])
        return subprocess.run(
            command,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=True,
        ).stderr

    assert "--report" not in run()
    words = run("--report", "r.html", "--config", "code=2")
    assert words.count("shows the results as they are; to bring them up to date") == 1
    assert all(f"Adding {name}.txt" in words for name in ("a", "b1", "b2"))
