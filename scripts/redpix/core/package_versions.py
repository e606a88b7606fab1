"""Versions of the packages that a job has imported."""

import sys
from importlib import metadata
from pathlib import Path

from redpix.core.version import redpix_version

#: packages whose version is recorded if a job imports them: name of the module, of the package
PACKAGES = {
    "astropy": "astropy",
    "astropy_healpix": "astropy_healpix",
    "astroscrappy": "astroscrappy",
    "ccdproc": "ccdproc",
    "drizzle": "drizzle",
    "faiss": "faiss-cpu",
    "fastavro": "fastavro",
    "galsim": "GalSim",
    "h5py": "h5py",
    "MontagePy": "MontagePy",
    "numpy": "numpy",
    "pandas": "pandas",
    "photutils": "photutils",
    "pyarrow": "pyarrow",
    "reproject": "reproject",
    "scipy": "scipy",
    "sep": "sep",
    "sfdmap2": "sfdmap2",
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
            version = _version(module, package)
            versions[package] = {"version": version, "from": _folder(sys.modules[module])}
    return versions


def _version(module, package):
    """Return the version of a loaded package; conda may install it under another name."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return str(getattr(sys.modules[module], "__version__", "unknown"))


def _folder(module):
    """Return the folder in which a package lies; a package without ``__init__.py`` has no file."""
    folder = Path(module.__file__).parent if module.__file__ else Path(next(iter(module.__path__)))
    return str(folder.parent)
