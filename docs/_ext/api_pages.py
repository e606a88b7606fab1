"""Pages of the library's functions: one page per module of the package, grouped by room."""

import ast


def modules(package):
    """Return the dotted names and the paths of all modules below a package.

    Parameters
    ----------
    package : Path
        Folder of the package.

    Returns
    -------
    list of (str, Path)
        In alphabetical order; a package stands for its ``__init__.py``.
    """
    names = []
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        if not any(part.startswith("_") for part in parts):
            names.append((".".join(parts), path))
    return sorted(names)


def public_names(path):
    """Return the names of a module's functions and classes without a leading underscore."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    kinds = (ast.FunctionDef, ast.ClassDef)
    names = [node.name for node in body if isinstance(node, kinds)]
    return [name for name in names if not name.startswith("_")]


def first_sentence(path):
    """Return the first line of a module's docstring; empty if there is none."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.split("\n")[0]


def _title(name):
    return name.removeprefix("redpix.")


def module_page(name, members):
    """Return the reStructuredText of a module's page.

    Parameters
    ----------
    name : str
        Dotted name of the module.
    members : list of str
        Names to document. Without this list, autodoc would also examine all imported names.
    """
    title = _title(name)
    directive = f".. automodule:: {name}\n   :members: {', '.join(members)}\n"
    return f"{title}\n{'=' * len(title)}\n\n{directive}"


def room_page(room, text, names):
    """Return the Markdown of the page that lists the modules of one room.

    Parameters
    ----------
    room : str
        Dotted name of the package.
    text : str
        First sentence of its docstring.
    names : list of (str, str)
        Dotted name and first sentence of each module.
    """
    lines = [f"# {_title(room)}", "", text, "", "| module | content |", "|---|---|"]
    lines += [f"| [{_title(name)}]({name}.rst) | {line} |" for name, line in names]
    entries = [f"{name.rpartition('.')[2]} <{name}>" for name, _ in names]
    return "\n".join([*lines, "", "```{toctree}", ":hidden:", "", *entries, "```", ""])


def write(package, folder):
    """Write the pages of all modules with public names, and remove pages of former modules.

    Parameters
    ----------
    package : Path
        Folder of the package.
    folder : Path
        Folder of the pages.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sentences, rooms, pages = {}, {}, {}
    for name, path in modules(package):
        sentences[name] = first_sentence(path)
        members = public_names(path)
        if members:
            room = name if path.name == "__init__.py" else name.rpartition(".")[0]
            rooms.setdefault(room, []).append((name, sentences[name]))
            pages[f"{name}.rst"] = module_page(name, members)
    for room, names in rooms.items():
        pages[f"room-{room}.md"] = room_page(room, sentences.get(room, ""), names)
    pages["index.md"] = index_page([(room, sentences.get(room, "")) for room in rooms])
    for path in folder.iterdir():
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        write_if_changed(folder / name, text)


def index_page(rooms):
    """Return the Markdown of the page that lists all rooms.

    Parameters
    ----------
    rooms : list of (str, str)
        Dotted name and first sentence of each room.
    """
    lines = ["# Library", "", "Arrays in, results out: the functions behind the rules."]
    lines += ["`PYTHONPATH=scripts` finds the package.", "", "| room | content |", "|---|---|"]
    lines += [f"| [{_title(room)}](room-{room}.md) | {text} |" for room, text in rooms]
    entries = [f"room-{room}" for room, _ in rooms]
    return "\n".join([*lines, "", "```{toctree}", ":hidden:", "", *entries, "```", ""])


def write_if_changed(path, text):
    """Write a text file unless it holds this text, so that Sphinx reads only what changed."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
