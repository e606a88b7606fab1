"""The record of a job has the version of each package that it loaded."""

import sys
from importlib import metadata
from types import SimpleNamespace

import numpy as np
import pytest
from redpix.core.package_versions import PACKAGES, loaded_versions


def test_loaded_packages_have_their_version():
    assert loaded_versions()["numpy"]["version"] == np.__version__


@pytest.mark.parametrize(("facts", "version"), [({"__version__": "9.8"}, "9.8"), ({}, "unknown")])
def test_a_package_that_is_installed_under_another_name(monkeypatch, facts, version):
    """conda calls faiss-cpu faiss: the record of a finished job must not fail."""
    monkeypatch.setitem(PACKAGES, "other", "no-such-distribution")
    module = SimpleNamespace(__file__="/a/site-packages/other/__init__.py", **facts)
    monkeypatch.setitem(sys.modules, "other", module)
    expected = {"version": version, "from": "/a/site-packages"}
    assert loaded_versions()["no-such-distribution"] == expected


def test_a_package_without_a_file_has_its_folder(monkeypatch):
    """sfdmap2 has no __init__.py."""
    module = SimpleNamespace(__file__=None, __path__=["/a/site-packages/sfdmap2"])
    monkeypatch.setitem(sys.modules, "sfdmap2", module)
    assert loaded_versions()["sfdmap2"]["from"] == "/a/site-packages"


def test_the_packages_are_those_of_the_requirements():
    """A package under a wrong name would never be recorded by its version."""
    for module, package in PACKAGES.items():
        if module in sys.modules or module in ("h5py", "fastavro", "ccdproc", "sfdmap2", "drizzle"):
            assert metadata.version(package)
