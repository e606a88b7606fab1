"""Commands and indented blocks of the pages that a person writes."""

import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

#: pages whose commands a user gives
COMMAND_PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs/guides").glob("*.md")),
    ROOT / "docs/reference/targets.md",
    ROOT / "config/README.md",
]


def command_lines(page):
    """Command lines that a page tells the reader to give to Snakemake, each on one line."""
    text = page.read_text(encoding="utf-8").replace("\\\n", "")
    for line in text.splitlines():
        found = re.match(r"\s{4,}(?:envs/setup && )?((?:\.venv/bin/)?snakemake .*)", line)
        if found:
            yield found[1]


def block(page, beginning):
    """The indented block of a guide whose first line begins with a text."""
    lines = (ROOT / "docs/guides" / page).read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("    " + beginning))
    last = next(i for i, line in enumerate(lines) if i > first and not line.startswith("    "))
    return textwrap.dedent("\n".join(lines[first:last])) + "\n"
