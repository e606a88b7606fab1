"""Derive the version of the code that a job depends on from the imports of its door.

A door is the script of a rule, ``scripts/<rule>.py``. Its version is a digest of the door and of
every module of redpix that it imports, directly or through other modules. The version is a
parameter of the rule, so Snakemake reruns a job if one of these modules changes. It does not
depend on the location of the project.
"""

import ast
import functools
import hashlib
import re
from pathlib import Path

#: folder of the doors and of the package
SCRIPTS = Path(__file__).resolve().parents[2]

#: number of hexadecimal digits of a version
DIGITS = 16

# an import of redpix; to parse whole modules takes six times as long, in each job
_IMPORT = re.compile(
    rb"^[ \t]*(from redpix(?:\.\w+)* import (?:\([^)]*\)|[^\n(]*)|import redpix[^\n]*)",
    re.MULTILINE,
)


def code_version(door):
    """Return the digest of a door and of all modules of redpix that it imports.

    Parameters
    ----------
    door : str
        Name of a script in `SCRIPTS`, without its suffix.

    Returns
    -------
    str
        The name of the door and the first `DIGITS` hexadecimal digits of a SHA-256 sum, as in
        ``errors-0123456789abcdef``.
    """
    digest = hashlib.sha256()
    for path in code_files(door):
        digest.update(f"{path.relative_to(SCRIPTS)}\n".encode())
        digest.update(path.read_bytes())
    return f"{door}-{digest.hexdigest()[:DIGITS]}"


def door_of(version):
    """Return the door of a version.

    Parameters
    ----------
    version : str
        From `code_version`.

    Returns
    -------
    str
    """
    return version.rpartition("-")[0]


def code_files(door):
    """Return the paths of a door and of all modules of redpix that it imports, sorted.

    Imports inside functions count. The packages that contain a module count as modules.

    Parameters
    ----------
    door : str
        Name of a script in `SCRIPTS`, without its suffix.

    Returns
    -------
    list of Path
    """
    first = SCRIPTS / f"{door}.py"
    paths, to_read = {first}, [first]
    while to_read:
        for path in _imported(to_read.pop()) - paths:
            paths.add(path)
            to_read.append(path)
    return sorted(paths)


@functools.cache
def _imported(path):
    """Return the modules of redpix that a file imports, and the packages that contain them."""
    names = set()
    for statement in _IMPORT.findall(path.read_bytes()):
        (node,) = ast.parse(statement).body
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        else:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {path for name in names for path in _files(name)}


@functools.cache
def _files(name):
    """Return the files that an import of a dotted name reads; empty for foreign packages."""
    parts = name.split(".")
    if parts[0] != "redpix":
        return []
    packages = [SCRIPTS.joinpath(*parts[:n], "__init__.py") for n in range(1, len(parts) + 1)]
    module = SCRIPTS.joinpath(*parts).with_suffix(".py")
    return [path for path in [*packages, module] if path.is_file()]
