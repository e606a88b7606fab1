"""The version of redpix."""

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
