"""Test processes share the demo, start in a known order and run only where they save time."""

import ast
import multiprocessing
import os
from pathlib import Path

import pytest
from conftest import ROOT
from made_once import made_once
from running_order import FIRST, IN_DEMO

FORK = multiprocessing.get_context("fork")


def make_in(shared):
    """Return a function that makes a folder and counts its calls."""

    def make():
        with open(shared / "calls", "a") as file:
            file.write("called\n")
        folder = shared / "made"
        folder.mkdir()
        return folder

    return make


def test_two_processes_make_it_once(tmp_path):
    others = [
        FORK.Process(target=made_once, args=(tmp_path, "sky", make_in(tmp_path))) for _ in range(2)
    ]
    for other in others:
        other.start()
    assert made_once(tmp_path, "sky", make_in(tmp_path)) == tmp_path / "made"
    for other in others:
        other.join()
        assert other.exitcode == 0
    assert (tmp_path / "calls").read_text() == "called\n"


def test_after_a_process_that_died_it_is_made_anew(tmp_path):
    died = FORK.Process(target=made_once, args=(tmp_path, "sky", lambda: os._exit(3)))
    died.start()
    died.join()
    assert died.exitcode == 3
    assert made_once(tmp_path, "sky", make_in(tmp_path)) == tmp_path / "made"


def test_a_failure_fails_everybody_and_is_not_repeated(tmp_path):
    def fails():
        assert not (tmp_path / "tried").exists()
        (tmp_path / "tried").touch()
        raise ValueError("no room left")

    for _ in range(2):
        with pytest.raises(pytest.fail.Exception, match="sky: no room left"):
            made_once(tmp_path, "sky", fails)


def runs_in_demo(path):
    """Return whether a file of tests starts anything in the folder of the demo."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            places = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "cwd")]
            if any(isinstance(place, ast.Name) and place.id == "demo" for place in places):
                name = getattr(node.func, "attr", getattr(node.func, "id", None))
                if name in ("run", "run_words", "Popen"):
                    return True
    return False


def test_only_one_process_works_in_the_demos_folder():
    """Snakemake locks the folder in which it runs."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    found = {path.stem for path in files if runs_in_demo(path)}
    assert found >= {"test_demo", "test_mlz"}
    assert found <= set(IN_DEMO)


def test_files_that_start_first_are_there():
    names = [path.stem for path in sorted((ROOT / "tests").rglob("test_*.py"))]
    assert [name for name in (*FIRST, *IN_DEMO) if names.count(name) != 1] == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["tests"], "cores"),
        (["tests/unit/test_made_once.py"], 0),
        (["tests/unit/test_pdf.py::test_a", "tests/unit/test_pdf.py::test_b"], 0),
        ([str(Path(__file__)), "tests/unit"], "cores"),
    ],
)
def test_single_tests_need_no_other_process(pytestconfig, monkeypatch, arguments, expected):
    monkeypatch.delenv("PYTEST_XDIST_AUTO_NUM_WORKERS", raising=False)
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(pytestconfig, "args", arguments)
    found = pytestconfig.hook.pytest_xdist_auto_num_workers(config=pytestconfig)
    assert found == (len(os.sched_getaffinity(0)) if expected == "cores" else expected)
