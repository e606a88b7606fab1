"""No module executes what a file, a header or a page holds; the container runs as a plain user."""

import ast
import re

import pytest
from conftest import ROOT

SOURCES = sorted((ROOT / "scripts").rglob("*.py"))

#: functions that run text or build objects from bytes, by the end of their dotted name
RUN = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "read_pickle"}
LOADERS = {"yaml.load", "yaml.unsafe_load", "yaml.full_load", "joblib.load", "torch.load"}
LOADERS |= {"pickle.load", "pickle.loads", "dill.load", "shelve.open", "marshal.load"}

#: keywords that switch a protection off, and the value that does
UNSAFE = {"shell": True, "allow_pickle": True, "verify": False, "weights_only": False}

#: modules whose files hold objects
MODULES = {"pickle", "dill", "cloudpickle", "shelve", "marshal"}


def dotted(node):
    """Return the dotted name of a function that is called."""
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else node.attr
    return node.id if isinstance(node, ast.Name) else ""


def faults(tree):
    """Yield what a module would execute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        if isinstance(node, ast.ImportFrom) and node.module in MODULES:
            yield node.module
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func)
        if name in RUN | LOADERS or name.endswith(".read_pickle"):
            yield name
        # the neighbours of a tree are no query of text
        if re.fullmatch(r"(?!\w*tree\.)\w+\.(eval|query)", name) and node.args:
            yield name
        for word in node.keywords:
            value = word.value.value if isinstance(word.value, ast.Constant) else None
            if word.arg in UNSAFE and value is UNSAFE[word.arg]:
                yield f"{name}({word.arg}={value})"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_executes_no_input(path):
    assert list(faults(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "text",
    [
        "eval(text)",
        "import pickle",
        "from pickle import load",
        "yaml.load(file)",
        "np.load(path, allow_pickle=True)",
        "subprocess.run(words, shell=True)",
        "requests.get(url, verify=False)",
        "pandas.read_pickle(path)",
        "table.query('x > 1')",
    ],
)
def test_a_module_that_would_is_seen(text):
    assert list(faults(ast.parse(text)))


def test_the_rules_run_scripts_alone():
    """A shell command would hold names of a user's files."""
    for path in [ROOT / "Snakefile", *(ROOT / "workflow/rules").glob("*.smk")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(shell|run|wrapper|notebook):", text, re.MULTILINE), path
        assert not re.search(r"\b(eval|exec)\(|shell=True", text), path


def test_the_container_runs_as_a_plain_user():
    text = (ROOT / "envs/Containerfile").read_text(encoding="utf-8")
    users = re.findall(r"^USER (\S+)", text, re.MULTILINE)
    assert users
    assert users[-1] not in ("root", "0")
    assert not re.search(r"^RUN ", text.split("USER ")[-1], re.MULTILINE)


def test_the_container_holds_a_stated_base_and_two_files_of_the_project():
    """Neither results nor a user's settings come into the image, or are sent to its builder."""
    text = (ROOT / "envs/Containerfile").read_text(encoding="utf-8")
    assert re.findall(r"^FROM (\S+)$", text, re.MULTILINE)[0].endswith("debian:12.12-slim")
    copied = re.findall(r"^(?:COPY|ADD) (.+)$", text, re.MULTILINE)
    assert copied == ["envs/setup envs/requirements.txt /opt/redpix/envs/"]
    kept = (ROOT / "envs/Containerfile.dockerignore").read_text(encoding="utf-8").split()
    assert kept == ["*", *(f"!{name}" for name in copied[0].split()[:2])]
    assert "ARG" not in text


def test_every_page_has_a_policy_before_its_scripts():
    for name in ("report", "pair", "compare"):
        path = ROOT / f"workflow/report/{name}.html.j2"
        text = path.read_text(encoding="utf-8")
        assert "Content-Security-Policy" in text, path
        script = text.find("<script")
        assert script < 0 or text.index("Content-Security-Policy") < script, path
