"""The version of redpix, and the commit of its checkout."""

import tomllib
from importlib import metadata

from redpix.core.code_versions import SCRIPTS

#: name of the project and of its installed distribution
NAME = "redpix"


def redpix_version(root=SCRIPTS.parent):
    """Return the version of redpix, such as ``0.2.0``.

    A checkout states it in pyproject.toml. Without that file, it is the version of the installed
    distribution.

    Parameters
    ----------
    root : Path
        Folder of the checkout.

    Returns
    -------
    str

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        If redpix is neither a checkout nor installed.
    """
    path = root / "pyproject.toml"
    if path.is_file():
        project = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
        if project.get("name") == NAME:
            return project["version"]
    return metadata.version(NAME)


def commit(root):
    """Return the commit that is checked out, or None without a git folder.

    Uncommitted changes show in the checksums of the code.

    Parameters
    ----------
    root : Path
        Folder of the checkout.

    Returns
    -------
    str or None
        40 hexadecimal digits.
    """
    folder = root / ".git"
    if folder.is_file():  # a linked work tree
        folder = root / folder.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
    head = folder / "HEAD"
    if not head.is_file():
        return None
    text = head.read_text(encoding="utf-8").strip()
    if not text.startswith("ref:"):
        return text
    name = text.removeprefix("ref:").strip()
    common = folder / "commondir"
    if common.is_file():
        folder /= common.read_text(encoding="utf-8").strip()
    if (folder / name).is_file():
        return (folder / name).read_text(encoding="utf-8").strip()
    packed = folder / "packed-refs"
    lines = packed.read_text(encoding="utf-8").splitlines() if packed.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), None)
