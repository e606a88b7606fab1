"""Tables of the reference that are made from the schemas in workflow/schemas.

A page holds a block between two comments for each table. ``python docs/_ext/schema_pages.py``
rewrites the blocks; the build of the documentation does the same.
"""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("configuration.md", "tables.md")

_BLOCK = re.compile(r"(<!-- begin ([\w.]+) -->\n).*?(<!-- end -->)", flags=re.DOTALL)


def read_schema(name):
    """Return a schema of workflow/schemas by its name, such as ``pairs``."""
    path = ROOT / f"workflow/schemas/{name}.schema.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def keys(schema, parent=""):
    """Yield the dotted name and the node of every key that holds a value."""
    for name, node in schema["properties"].items():
        if "properties" in node:
            yield from keys(node, f"{parent}{name}.")
        else:
            yield f"{parent}{name}", node


def filled(text):
    """Return a page with each block made anew from its schema.

    Parameters
    ----------
    text : str
        Markdown. A block begins with ``<!-- begin config.GROUP -->`` (keys of one group of the
        configuration; ``config.`` alone for keys without a group) or ``<!-- begin TABLE -->``
        (columns of a table), and ends with ``<!-- end -->``.

    Returns
    -------
    str
    """
    return _BLOCK.sub(lambda found: found[1] + _table(found[2]) + found[3], text)


def blocks(text):
    """Return the names of the blocks of a page, in order."""
    return [found[2] for found in _BLOCK.finditer(text)]


def groups(schema):
    """Return the names of the groups of keys; an empty name stands for keys without a group."""
    return list(dict.fromkeys(_group(key) for key, _ in keys(schema)))


def _group(key):
    first, dot, _ = key.partition(".")
    return first if dot else ""


def _table(name):
    kind, dot, group = name.partition(".")
    schema = read_schema(kind)
    nodes = [(key, node) for key, node in keys(schema) if not dot or _group(key) == group]
    rows = [_row(key, node, schema["required"], _yaml if dot else str) for key, node in nodes]
    head = ["key" if dot else "column", "description", "values"]
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _row(name, node, required, written):
    """Return the cells of a key or a column; `written` gives a value as a user writes it."""
    values = {
        "unit": node.get("unit"),
        "allowed": _cell(_allowed_with_rule(node)),
        "default": f"`{written(node['default'])}`" if "default" in node else None,
        "required": "yes" if name in required else None,
        "example": ", ".join(f"`{written(value)}`" for value in node["examples"]),
    }
    lines = [f"{label}: {value}" for label, value in values.items() if value]
    return [f"`{name}`", _cell(node["description"]), "<br>".join(lines)]


def _cell(text):
    return " ".join(text.split()).replace("|", "\\|")


def _yaml(value):
    """Return a value as one writes it in YAML on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=1000, allow_unicode=True).strip()
    return text.removesuffix("...").strip()


def _allowed_with_rule(node):
    words = _allowed(node)
    return f"{words}; {node['rule']}" if "rule" in node else words


def _allowed(node):
    """Return what a node of a schema accepts, in words."""
    if "enum" in node:
        return ", ".join(f"`{choice}`" for choice in node["enum"])
    if isinstance(node.get("type"), str) and "allowed" in node:
        return node["allowed"]
    types = [node["type"]] if isinstance(node["type"], str) else node["type"]
    # the words of a text of several types name the others, too
    types = [name for name in types if name != "number" or "string" not in types]
    return ", or ".join(_type_in_words(name, node) for name in types)


def _type_in_words(name, node):
    words = {
        "string": lambda: node["allowed"],
        "array": lambda: _list_in_words(node),
        "integer": lambda: f"a whole number {_range(node)}".strip(),
        "number": lambda: f"a number {_range(node)}".strip(),
        "boolean": lambda: "`true`, `false`",
        "null": lambda: "`null`",
    }
    return words[name]()


def _list_in_words(node):
    least, most, items = node.get("minItems", 0), node.get("maxItems"), node["items"]
    if "enum" in items:
        count = {0: "any of", 1: "one or more of"}.get(least, f"{least} or more of")
        return f"{count} {_allowed(items)}"
    if items["type"] == "string":
        return f"a list, each {items['description']}"
    count = f"{most} numbers" if most == least else "a list of numbers"
    return f"{count} {_range(items)}".strip()


def _range(node):
    """Return the limits of a number in words: ``from 0 to 60``, ``above 0``."""
    low = [f"from {node['minimum']}"] if "minimum" in node else []
    low += [f"above {node['exclusiveMinimum']}"] if "exclusiveMinimum" in node else []
    high = [f"to {node['maximum']}"] if "maximum" in node else []
    high += [f"below {node['exclusiveMaximum']}"] if "exclusiveMaximum" in node else []
    return " and ".join(low + high) if high and "below" in high[0] else " ".join(low + high)


def write(folder):
    """Rewrite the blocks of the pages in a folder where they differ from the schemas."""
    for name in PAGES:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        if filled(text) != text:
            path.write_text(filled(text), encoding="utf-8")


if __name__ == "__main__":
    write(ROOT / "docs/reference")
