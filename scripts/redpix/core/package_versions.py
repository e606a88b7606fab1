"""Versions of the packages that a job has imported."""

import sys
from importlib import metadata
from pathlib import Path

from redpix.core.version import redpix_version

#: packages whose version is recorded if a job imports them: name of the module, of the package
PACKAGES = {
    "astropy": "astropy",
    "astroscrappy": "astroscrappy",
    "faiss": "faiss-cpu",
    "galsim": "GalSim",
    "numpy": "numpy",
    "pandas": "pandas",
    "photutils": "photutils",
    "pyarrow": "pyarrow",
    "reproject": "reproject",
    "scipy": "scipy",
    "sep": "sep",
    "sklearn": "scikit-learn",
    "snakemake": "snakemake",
    "speclite": "speclite",
    "torch": "torch",
}


def loaded_versions():
    """Return the versions of redpix, Python and imported packages, with their locations.

    Returns
    -------
    dict of str to dict
        Keys version and from, by package.
    """
    versions = {
        "redpix": {"version": redpix_version()},
        "python": {"version": sys.version.split()[0], "from": sys.executable},
    }
    for module, package in PACKAGES.items():
        if module in sys.modules:
            folder = str(Path(sys.modules[module].__file__).parents[1])
            versions[package] = {"version": metadata.version(package), "from": folder}
    return versions
