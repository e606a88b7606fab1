"""Commands, links, paths and examples of the pages that a person writes."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml
from page_commands import COMMAND_PAGES, command_lines
from redpix import ROOMS

ROOT = Path(__file__).resolve().parents[3]
GUIDES = sorted((ROOT / "docs/guides").glob("*.md"))
DEVELOP = sorted((ROOT / "docs/develop").glob("*.md"))
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "docs/gallery.md",
    *GUIDES,
    *DEVELOP,
]

#: options of Snakemake that take every word up to the next option, or up to ``--``
GREEDY = ("--config", "--configfile", "--resources")


def named(paths):
    """Paths as parameters of a test, named relative to the project."""
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in paths]


def commands(page):
    """Command lines that a page tells the reader to give to Snakemake, as words."""
    return [shlex.split(line, comments=True) for line in command_lines(page)]


def settings(words):
    """Configuration of a command line: the values of ``--config``."""
    taking, given = False, {}
    for word in words:
        if word.startswith("-"):
            taking = word == "--config"
        elif taking:
            key, _, value = word.partition("=")
            given[key] = yaml.safe_load(value)
    return given


def unknown_keys(given, schema, parent=""):
    """Dotted names of keys that the schema does not have."""
    for key, value in given.items():
        node = schema["properties"].get(key)
        if node is None:
            yield parent + key
        elif isinstance(value, dict):
            yield from unknown_keys(value, node, f"{parent}{key}.")


def slug(heading):
    """Anchor of a heading, as GitHub and MyST make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def anchors(page):
    """Anchors of all headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {slug(heading) for heading in headings}


@pytest.mark.parametrize("page", named(PAGES))
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


@pytest.mark.parametrize("page", named(COMMAND_PAGES))
def test_targets_follow_two_dashes(page):
    rules = re.findall(r"^rule (\w+):", (ROOT / "Snakefile").read_text(), flags=re.MULTILINE)
    rules = {*rules, "report", "compare", "training_images", "network"} - {"all"}
    for words in commands(page):
        greedy = any(word in GREEDY for word in words)
        targets = words[words.index("--") + 1 :] if "--" in words else []
        if greedy and not targets:
            assert not set(words) & rules, words
        assert all("/" in target or target in rules for target in targets), words


@pytest.mark.parametrize("page", named(COMMAND_PAGES))
def test_commands_set_keys_that_there_are(page):
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    for words in commands(page):
        assert list(unknown_keys(settings(words), schema)) == [], words


@pytest.mark.parametrize("page", named([ROOT / "README.md", *GUIDES]))
def test_keys_that_a_guide_names_are_in_the_schema(page):
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    groups = {key for key, node in schema["properties"].items() if "properties" in node}
    for name in re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)(?::[^`]*)?`", page.read_text()):
        if name.split(".")[0] in groups and not name.endswith((".csv", ".dat", ".npy", ".html")):
            node = schema
            for part in name.split("."):
                assert part in node["properties"], name
                node = node["properties"][part]


@pytest.mark.parametrize("page", named([ROOT / "CONTRIBUTING.md", *DEVELOP]))
def test_paths_that_developers_are_sent_to_exist(page):
    text = page.read_text(encoding="utf-8")
    folders = "scripts|workflow|tests|docs|envs|config|resources"
    for path in re.findall(rf"`((?:{folders})/[\w./-]+)`", text):
        assert (ROOT / path).exists() or "ridge" in path, path


def test_architecture_lists_the_rooms_in_order():
    text = (ROOT / "docs/develop/architecture.md").read_text(encoding="utf-8")
    table = text.split("## Rooms")[1].split("\n## ")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)) == ROOMS
    order = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("    core < ")[1]
    assert tuple(re.findall(r"\w+", "core " + order.split("\n\n")[0])) == ROOMS


def test_architecture_lists_every_rule_with_its_door_module_and_test():
    text = (ROOT / "docs/develop/architecture.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (\w+) \| (\w+\.smk) \| (\S+) \| .+ \| (\S+) \| .+ \|$", text, re.MULTILINE
    )
    in_files = {}
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        for door in re.findall(r'"\.\./\.\./scripts/(\w+)\.py"', path.read_text()):
            in_files[door] = path.name
    assert {rule: file for rule, file, _, _ in rows} == in_files
    for rule, _, module, test in rows:
        imported = module.removesuffix(".py").replace("/", ".")
        assert f"redpix.{imported}" in (ROOT / f"scripts/{rule}.py").read_text(), rule
        assert (ROOT / "tests" / test).exists(), rule


def test_examples_of_the_library_run(monkeypatch, capsys):
    text = (ROOT / "docs/guides/library.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    monkeypatch.chdir(ROOT)
    scope = {}
    for example in examples:
        if "results/" not in example:  # those need a demo that has run
            exec(compile(example, "library.md", "exec"), scope)  # noqa: S102
    subtraction, coadd, star, redshifts = capsys.readouterr().out.splitlines()
    assert subtraction.startswith("150 100 ")
    noise, zero_point = map(float, coadd.split())
    assert noise == pytest.approx(1, abs=0.01)
    assert zero_point == pytest.approx((1 / 9 + 1 / 16 + 1 / 25) ** 0.5, abs=0.01)
    x, y, flux = (float(value) for value in re.findall(r"[\d.]+", star))
    assert (x, y) == pytest.approx((60, 50), abs=0.05)
    assert flux == pytest.approx(5000, rel=0.05)
    values = [float(value) for value in re.findall(r"[\d.]+", redshifts)]
    assert values[3:] == pytest.approx(values[:3], abs=0.05)


def test_versions_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    changes = re.search(r"^## \[([\d.]+)\] - ([\d-]+)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert project["version"] == citation["version"] == changes[1]
    assert str(citation["date-released"]) == changes[2]
    assert project["license"] == citation["license"] == "BSD-3-Clause"
    assert (ROOT / "LICENSE").read_text().startswith("BSD 3-Clause License")
