"""The version of the code of a job depends on the modules that its door imports only."""

import ast
import re
import subprocess
import sys

import pytest
from redpix.core import code_versions
from redpix.core.code_versions import SCRIPTS, code_files, code_version, door_of
from workflow_rules import doors

#: door by the name of a second rule that uses it, for another origin of images
SECOND_DOORS = {"training_images_of_frames": "training_images"}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A door, and a package of three modules; the door imports two of them."""
    files = {
        "door.py": "from redpix.room import near\n\nprint(near)\n",
        "redpix/__init__.py": "",
        "redpix/room/__init__.py": "",
        "redpix/room/near.py": "import numpy\n\ndef late():\n    from redpix.room.far import x\n",
        "redpix/room/far.py": "x = 1\n",
        "redpix/room/foreign.py": "x = 2\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(code_versions, "SCRIPTS", tmp_path)
    forget()
    yield tmp_path
    forget()


def forget():
    code_versions._imported.cache_clear()
    code_versions._files.cache_clear()


def test_modules_are_found_through_others_and_inside_functions(package):
    paths = {str(path.relative_to(package)) for path in code_files("door")}
    modules = {"redpix/__init__.py", "redpix/room/__init__.py", "redpix/room/near.py"}
    assert paths == {"door.py", "redpix/room/far.py"} | modules


def imports(path):
    """Yield the names that a file imports, by its syntax tree."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_each_import_of_each_module_is_found():
    for path in SCRIPTS.rglob("*.py"):
        expected = {file for name in imports(path) for file in code_versions._files(name)}
        assert code_versions._imported(path) == expected, path


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("door.py", True),
        ("redpix/room/__init__.py", True),
        ("redpix/room/near.py", True),
        ("redpix/room/far.py", True),
        ("redpix/room/foreign.py", False),
    ],
)
def test_the_version_changes_with_what_is_imported_alone(package, name, changes):
    before = code_version("door")
    with open(package / name, "a") as file:
        file.write("# changed\n")
    forget()
    assert (code_version("door") != before) is changes


def test_the_version_is_that_of_the_text_wherever_it_lies(package, tmp_path, monkeypatch):
    before = code_version("door")
    moved = package.rename(package.parent / "moved")
    monkeypatch.setattr(code_versions, "SCRIPTS", moved)
    forget()
    assert code_version("door") == before
    assert door_of(before) == "door"


@pytest.mark.parametrize(("rule", "text", "door"), doors())
def test_each_rule_has_a_log_a_benchmark_and_the_version_of_its_door(rule, text, door):
    assert re.search(r"^ *log:$", text, re.MULTILINE)
    assert re.search(r"^ *benchmark:$", text, re.MULTILINE)
    assert f'code=code_of("{door}"),' in text
    assert rule in ("", SECOND_DOORS.get(door, door))


def test_every_door_is_a_rule_s_and_short():
    named = {value.values[2] for value in doors()}
    scripts = {path.stem for path in SCRIPTS.glob("*.py")} - {"verify", "ro_crate"}
    assert scripts == named
    for door in scripts:
        assert len((SCRIPTS / f"{door}.py").read_text().splitlines()) <= 40


@pytest.mark.parametrize("door", ["registration", "photoz_method", "report"])
def test_what_is_loaded_is_among_what_is_derived(door):
    """Each door runs in a separate process, as a job does."""
    imports = re.findall(r"^from redpix.*$", (SCRIPTS / f"{door}.py").read_text(), re.MULTILINE)
    code = "\n".join(
        [
            *imports,
            "from redpix.core.provenance import undeclared",
            f"print(undeclared({door!r}), end='')",
        ]
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]"
