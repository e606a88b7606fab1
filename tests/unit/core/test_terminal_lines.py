"""The terminal of a run has one line per job, with the jobs that have ended and the time left."""

import logging
import re
import subprocess
import sys

import pytest
from redpix.core import terminal_lines
from redpix.core.code_versions import SCRIPTS
from snakemake.logging import LogEvent

SNAKEFILE = """
import sys
sys.path.insert(0, {scripts!r})
from redpix.core.snakemake_fixes import fix_snakemake
from redpix.core.terminal_lines import shorten_terminal
fix_snakemake()
shorten_terminal()
rule all:
    input: "a", "b"
rule named:
    output: "a"
    message: "making a"
    shell: "touch {{output}}"
rule nameless:
    input: "a"
    output: "b"
    shell: "touch {{output}}"
"""


def record(event, **more):
    made = logging.makeLogRecord({"msg": "Job", "event": event, "rule_msg": None, "output": ["a"]})
    made.__dict__.update(more)
    return made


@pytest.fixture
def lines(monkeypatch):
    """Count jobs by a clock that a test sets."""
    lines = terminal_lines.TerminalLines()
    monkeypatch.setattr(terminal_lines.time, "monotonic", lambda: lines.start + 600)
    monkeypatch.setattr(terminal_lines.time, "strftime", lambda _: "12:30:00")
    return lines


def test_a_line_counts_the_jobs_that_have_ended(lines):
    assert lines.filter(record(LogEvent.RUN_INFO, stats={"total": 8}))
    started = {"rule_msg": "report", "rule_name": "report"}
    assert lines.format_job(started) == "[12:30:00] 0 of 8 (0%): report"
    assert not lines.filter(record(LogEvent.PROGRESS, done=2, total=8))
    assert lines.format_job(started) == "[12:30:00] 2 of 8 (25%), about 30 min left: report"
    # a checkpoint adds jobs
    assert not lines.filter(record(LogEvent.PROGRESS, done=3, total=12))
    assert lines.format_job(started) == "[12:30:00] 3 of 12 (25%), about 30 min left: report"


def test_messages_that_a_terminal_leaves_out(lines):
    assert not lines.filter(record(LogEvent.JOB_FINISHED))
    assert not lines.filter(record(LogEvent.JOB_INFO, output=[]))  # the name of a target
    assert not lines.filter(record(None, msg="Select jobs to execute..."))
    assert lines.filter(record(LogEvent.PROGRESS, done=4, total=4))
    assert lines.filter(record(LogEvent.JOB_ERROR))
    assert lines.filter(record(None, msg="Removing output files of failed job report"))


def said(folder, *options):
    """Return what a run of three rules says."""
    (folder / "Snakefile").write_text(SNAKEFILE.format(scripts=str(SCRIPTS)))
    words = [sys.executable, "-m", "snakemake", "--cores", "1", *options]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True)
    return done.stderr.splitlines(), "".join(
        path.read_text() for path in (folder / ".snakemake/log").glob("*.log")
    )


def test_a_run_has_a_line_per_job_and_its_log_has_all(tmp_path):
    lines, log = said(tmp_path)
    jobs = [line.partition("] ")[2] for line in lines if re.match(r"\[\d\d:\d\d:\d\d\] ", line)]
    assert jobs == ["0 of 3 (0%): making a", "1 of 3 (33%): nameless"]
    assert "3 of 3 steps (100%) done" in lines
    assert not [line for line in lines if "Finished jobid" in line or "Reason" in line]
    assert log.count("Finished jobid") == 3
    assert "Reason: Missing output files: a" in log


@pytest.mark.parametrize("option", ["--printshellcmds", "--verbose", "--dry-run"])
def test_options_that_ask_for_more_get_snakemakes_own_lines(tmp_path, option):
    lines, _ = said(tmp_path, option)
    text = "\n".join(lines)
    assert "Reason: Missing output files: a" in text or option == "--dry-run"
    assert not re.search(r"^\[\d\d:\d\d:\d\d\] ", text, re.MULTILINE)
