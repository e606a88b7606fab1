"""Plain English: phrases that stop a reader, and argument lists without names."""

import re

import pytest
from conftest import ROOT
from redpix import ROOMS

#: phrases that docs/develop/style.md forbids, and what to write instead
FORBIDDEN = {
    r"\bis no\b(?! longer)": "negate the verb: 'is not a star'",
    r"\bare none\b": "negate the verb or name the lack: 'are missing'",
    r"\bthat is none\b": "name the lack",
    r"\ba row an? ": "'per': one row per star",
    r"\bparted by\b": "'separated by'",
    r"\bso many\b": "name the number",
    r"\bit is told\b": "name who says it",
    r"\bis told so\b": "name who says it",
    r"\bbut for\b": "'except'",
}

#: parts of the project that a reader sees
FOLDERS = ("scripts", "workflow", "config", "docs", "envs", "resources", "tests")
SUFFIXES = {".py", ".smk", ".yaml", ".md", ".j2", ".sql", ".tsv"}


def texts():
    """Return every file that holds words of ours."""
    found = [ROOT / name for name in ("Snakefile", "README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
    for folder in FOLDERS:
        found += [path for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES]
    own = ROOT / "tests/unit/test_prose.py"
    built = (ROOT / "docs/_build", ROOT / "docs/reference/api")
    kept = [path for path in found if path.is_file() and path != own]
    return sorted(path for path in kept if not any(map(path.is_relative_to, built)))


def name_of(path):
    return str(path.relative_to(ROOT))


def lines_with(pattern, text):
    """Return the numbers of the lines in which a match of a pattern begins."""
    return [text[: match.start()].count("\n") + 1 for match in re.finditer(pattern, text)]


@pytest.mark.parametrize("path", texts(), ids=name_of)
def test_phrases(path):
    text = path.read_text(encoding="utf-8")
    found = [
        f"{name_of(path)}:{line}: {pattern}: {advice}"
        for pattern, advice in FORBIDDEN.items()
        for line in lines_with(pattern.replace(" ", r"\s+"), text)
    ]
    if path.suffix == ".py":
        found += [
            f"{name_of(path)}:{line}: a docstring begins with 'What'"
            for line in lines_with(r'"""(What|Which|How)\b', text)
        ]
    assert found == []


@pytest.mark.parametrize(
    "path",
    [path for path in texts() if path.suffix in (".py", ".smk") and "tests" not in path.parts],
    ids=name_of,
)
def test_arguments_are_not_packed(path):
    text = path.read_text(encoding="utf-8")
    assert lines_with(r"(?<=[(,])\s*\*\(", text) == []


def lacks(name):
    """Return whether the package lacks what a dotted name says: a module, or a name in it."""
    room, module, *inner = name.split(".")[1:]
    place = ROOT / "scripts/redpix" / room / module
    if place.is_dir():
        return bool(inner) and not (place / f"{inner[0]}.py").is_file()
    file = place.with_suffix(".py")
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    return not file.is_file() or any(re.search(rf"\b{one}\b", text) is None for one in inner)


@pytest.mark.parametrize(
    "path", [path for path in texts() if path.suffix in (".py", ".md")], ids=name_of
)
def test_names_of_the_library_exist(path):
    text = path.read_text(encoding="utf-8")
    rooms = "|".join(ROOMS)
    names = set(re.findall(rf"\bredpix\.(?:{rooms})\.[a-z]\w*(?:\.[A-Za-z_]\w*)*", text))
    assert [name for name in sorted(names) if lacks(name)] == []
