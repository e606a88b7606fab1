"""The installer on simulated machines, and the versions that it installs."""

import ast
import fcntl
import importlib.metadata
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from chromium import NAMES as BROWSERS
from redpix.core.programs import NAMES as TOOLS

ROOT = Path(__file__).resolve().parents[3]
COREUTILS = ("bash", "cat", "chmod", "cp", "dirname", "env", "flock", "grep", "mkdir", "mktemp")
COREUTILS += ("mv", "rm", "tail")  # uname is made: the tests play several machines

# Python, its venv module and pip, which gets all other arguments.
PYTHON = """case "$*" in
    -V) echo Python {version} ;;
    -c*) exit {unsuitable} ;;
    "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *) echo "$*" >>'{log}' && [ ! -e '{broken}' ] ;;
esac"""

# apt-get makes the programs of the packages in its arguments
APT = """echo "$*" >>'{log}'
for package; do
    case $package in
        montage) name=mProjectPP ;;
        source-extractor | psfex | swarp | chromium) name=$package ;;
        *) continue ;;
    esac
    echo 'exit 1' >'{programs}'/$name && chmod +x '{programs}'/$name
done"""


class Machine:
    """A checkout on a machine with a few programs."""

    def __init__(self, folder, root=False):
        self.folder = folder
        self.checkout = folder / "check out"
        self.programs = folder / "programs"
        (self.checkout / "envs").mkdir(parents=True)
        self.programs.mkdir()
        for name in ("setup", "requirements.txt"):
            shutil.copy(ROOT / "envs" / name, self.checkout / "envs")
        for name in COREUTILS:
            (self.programs / name).symlink_to(shutil.which(name))
        self.add("id", "echo 0" if root else "echo 1000")
        self.add_uname("Linux", "aarch64")

    def add(self, name, script="exit 1"):
        """Make a program, and replace an earlier one with the name."""
        (self.programs / name).write_text(f"#!/bin/bash\n{script}\n")
        (self.programs / name).chmod(0o755)

    def add_uname(self, system, processor):
        self.add("uname", f'[ "$1" = -s ] && echo {system} || echo {processor}')

    def add_tools(self, *but):
        """Make all programs that the workflow calls, except some."""
        for tool in set(TOOLS) - set(but):
            self.add(TOOLS[tool][0])

    def add_python(self, version="3.11.2", suitable=True):
        script = PYTHON.format(
            version=version,
            unsuitable=0 if suitable else 1,
            log=self.folder / "pip.log",
            broken=self.folder / "broken",
        )
        self.add("python3", script)

    def add_apt(self):
        self.add("apt-get", APT.format(log=self.folder / "apt.log", programs=self.programs))
        self.add("apt-cache", "exit 0")
        self.add("dpkg", "exit 0")

    def log(self, name):
        """Return the arguments of the calls of pip or apt, one call per line."""
        path = self.folder / f"{name}.log"
        return path.read_text().splitlines() if path.exists() else []

    def start(self, *arguments, **variables):
        return subprocess.Popen(
            [self.checkout / "envs/setup", *arguments],
            cwd=self.programs,
            env={"PATH": str(self.programs), "TMPDIR": str(self.folder), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def setup(self, *arguments, status=0, **variables):
        """Run the installer from another folder, and return its output."""
        process = self.start(*arguments, **variables)
        said, _ = process.communicate()
        assert process.returncode == status, said
        return said


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def commands(said):
    """Return the commands that the installer asks the user to run."""
    return [line.strip() for line in said.splitlines() if line.startswith("    ")]


CONDA = ["conda env create -f envs/redpix.yaml", "conda activate redpix"]
# where MontagePy has no wheel, Montage has to be built
BUILD = (
    "# conda has no Montage: build https://github.com/Caltech-IPAC/Montage, "
    "and put its bin on the PATH"
)


@pytest.mark.parametrize("script", ["envs/setup", ".ci/run"])
def test_scripts_are_sound_bash(script):
    subprocess.run(["bash", "-n", ROOT / script], check=True)


def test_help_and_wrong_arguments(machine):
    assert machine.setup("--help").startswith("Usage: envs/setup")
    assert "unknown argument: --frobnicate" in machine.setup("--frobnicate", status=1)
    assert not (machine.checkout / ".venv").exists()


def test_without_root_it_names_the_commands(machine):
    machine.add_apt()
    said = machine.setup(status=1)
    packages = "source-extractor psfex montage swarp python3 python3-venv chromium"
    assert said.startswith(f"redpix lacks: {packages}\n")
    assert f"In {machine.checkout}, give" in said
    assert commands(said) == [
        "sudo apt-get update",
        f"sudo apt-get install --no-install-recommends {packages}",
        "envs/setup",
        *CONDA,
        BUILD,
        "envs/setup",
    ]
    assert machine.log("apt") == []
    assert not (machine.checkout / ".venv").exists()


def test_without_apt_it_names_the_commands(machine):
    machine.add_python()
    said = machine.setup(status=1)
    assert said.startswith("redpix lacks: source-extractor psfex montage swarp\n")
    assert commands(said) == [*CONDA, BUILD, "envs/setup"]


def test_commands_are_those_of_what_is_missing(machine):
    machine.add_python()
    machine.add_tools("psfex")
    assert commands(machine.setup(status=1)) == [*CONDA, "envs/setup"]
    machine.add_tools()
    (machine.programs / "mProjectPP").unlink()
    said = machine.setup(status=1, CONDA_DEFAULT_ENV="redpix")
    assert commands(said) == [BUILD, "envs/setup"]


@pytest.mark.parametrize("place", [("Linux", "x86_64"), ("Darwin", "arm64")])
def test_montagepy_stands_in_for_montage(machine, place):
    machine.add_uname(*place)
    machine.add_python()
    machine.add_tools()
    machine.setup()
    assert not any("MontagePy" in call for call in machine.log("pip"))
    (machine.programs / "mProjectPP").unlink()
    said = machine.setup()
    assert "MontagePy in .venv stands in for it" in said
    assert machine.log("pip")[-1].endswith("--no-deps MontagePy==2.3.0")


def test_an_old_python_is_named(machine):
    machine.add_tools()
    machine.add_python(version="3.9.2", suitable=False)
    said = machine.setup(status=1)
    assert "(Python 3.11, 3.12 or 3.13, with venv; python3 here: Python 3.9.2)" in said
    assert commands(said) == [*CONDA, "envs/setup"]


def test_as_root_it_installs_what_is_missing_and_no_more(tmp_path):
    machine = Machine(tmp_path, root=True)
    machine.add_tools("montage")
    machine.add_python()
    machine.add_apt()
    machine.setup()
    assert machine.log("apt") == [
        "-y update",
        "-y install --no-install-recommends montage chromium",
    ]
    machine.setup()
    assert len(machine.log("apt")) == 2


def test_passwordless_sudo_is_used(machine):
    machine.add_tools("psfex")
    machine.add_python()
    machine.add_apt()
    machine.add("sudo", 'echo "$*" >>"$TMPDIR/sudo.log" && shift && exec "$@"')
    machine.add("true", "exit 0")
    machine.setup()
    assert machine.log("apt")[-1] == "-y install --no-install-recommends psfex chromium"
    assert all(line.startswith("-n ") for line in machine.log("sudo"))


def test_failing_apt_is_shown(tmp_path):
    machine = Machine(tmp_path, root=True)
    machine.add_python()
    machine.add_apt()
    machine.add("apt-get", "echo E: no network; exit 100")
    said = machine.setup(status=1)
    assert "E: no network" in said
    assert "run envs/setup again" in said.lower()


@pytest.mark.parametrize(("tool", "name"), [(tool, name) for tool in TOOLS for name in TOOLS[tool]])
def test_tools_are_found_whatever_they_are_called(machine, tool, name):
    machine.add_python()
    machine.add_tools(tool)
    machine.setup(status=1)
    machine.add(name)
    assert "redpix: ready" in machine.setup()


@pytest.mark.parametrize("name", BROWSERS)
def test_browsers_are_found_whatever_they_are_called(machine, name):
    machine.add_python()
    machine.add_tools()
    assert "no Chromium or Chrome" in machine.setup()
    machine.add(name)
    assert "no Chromium or Chrome" not in machine.setup()


def test_second_run_does_nothing(machine):
    machine.add_tools()
    machine.add_python()
    machine.setup()
    calls = machine.log("pip")
    assert calls
    (machine.programs / "python3").unlink()
    said = machine.setup()
    assert "redpix: ready, with Python 3.11.2 in .venv" in said
    assert "installing" not in said
    assert machine.log("pip") == calls


def test_interrupted_installation_is_made_anew(machine):
    machine.add_tools()
    machine.add_python()
    (machine.folder / "broken").touch()
    assert "Run envs/setup again" in machine.setup(status=1)
    leftover = machine.checkout / ".venv/leftover"
    leftover.touch()
    (machine.folder / "broken").unlink()
    assert "installing" in machine.setup()
    assert not leftover.exists()


def test_a_venv_of_another_account_that_does_not_run_is_told(machine):
    machine.add_tools()
    machine.add_python()
    machine.setup()
    (machine.checkout / ".venv/stamp").write_text("older")
    (machine.programs / "rm").unlink()
    machine.add("rm", "echo Permission denied >&2; exit 1")
    said = machine.setup(status=1).splitlines()
    assert len(said) == 2
    assert said[0].startswith("redpix: .venv is missing, incomplete or cannot be run by ")
    assert "clone redpix into a folder of yours" in said[1]
    assert (machine.checkout / ".venv/stamp").read_text() == "older"


@pytest.mark.parametrize("change", ["requirements", "python", "folder"])
def test_what_venv_depends_on_remakes_it(machine, change):
    machine.add_tools()
    machine.add_python()
    machine.setup()
    if change == "requirements":
        with open(machine.checkout / "envs/requirements.txt", "a") as file:
            file.write("one-more==1.0\n")
    elif change == "python":
        machine.add_python(version="3.12.1")
        shutil.copy(machine.programs / "python3", machine.checkout / ".venv/bin/python")
    else:
        machine.checkout = machine.checkout.rename(machine.folder / "elsewhere")
    calls = len(machine.log("pip"))
    machine.setup()
    assert len(machine.log("pip")) == 2 * calls


def test_two_set_ups_take_turns(machine):
    machine.add_tools()
    machine.add_python()
    with open(machine.checkout / "envs/requirements.txt", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        process = machine.start()
        assert "waiting" in process.stdout.readline()
        assert machine.log("pip") == []
    said, _ = process.communicate()
    assert process.returncode == 0, said
    assert machine.log("pip")


def pins(name):
    """Return the pinned versions by normalised name of the package."""
    lines = (ROOT / "envs" / name).read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {normalised(package): version for package, version in pairs}


def normalised(package):
    return re.sub(r"[-_.]+", "-", package).lower()


def test_direct_pins_are_in_the_closure():
    everything = pins("requirements.txt")
    for package, version in pins("requirements.in").items():
        assert everything[package] == version


def imported(path):
    """Return the top-level modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]


def test_every_import_is_a_direct_pin():
    optional = {"array-api-compat", "cupy", "torch", "montagepy", "rocrate"}
    direct = set(pins("requirements.in")) | optional
    packages = importlib.metadata.packages_distributions()
    for folder in ("scripts", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            for module in set(imported(path)) & set(packages):
                owners = {normalised(package) for package in packages[module]}
                assert owners & direct, f"{path}: {module} is not in requirements.in"


def test_conda_brings_a_suitable_python_and_pinned_programs():
    environment = yaml.safe_load((ROOT / "envs/redpix.yaml").read_text())
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    versions = dict(entry.split("=") for entry in environment["dependencies"])
    assert versions.pop("python") in {"3.11", "3.12", "3.13"}
    assert set(versions) == {
        "astromatic-source-extractor",
        "astromatic-psfex",
        "astromatic-swarp",
    }


def test_readme_and_ci_give_the_same_commands():
    readme = (ROOT / "README.md").read_text()
    assert "\n    envs/setup && .venv/bin/snakemake --cores all " in readme
    assert "\n    envs/setup && .venv/bin/pytest " in readme
    assert "envs/setup && .venv/bin/pytest'" in (ROOT / ".ci/run").read_text()
