"""The version of redpix, from a checkout and from an installed distribution."""

import re
from importlib import metadata

import pytest
from conftest import ROOT
from redpix.core.version import redpix_version


def test_a_checkout_has_the_version_of_its_pyproject():
    stated = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert redpix_version() == stated[1]


@pytest.mark.parametrize("text", [None, '[project]\nname = "other"\nversion = "7"\n', "[tool.x]\n"])
def test_without_a_checkout_the_distribution_has_it(tmp_path, monkeypatch, text):
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)
    monkeypatch.setattr(metadata, "version", {"redpix": "1.2.3"}.__getitem__)
    assert redpix_version(tmp_path) == "1.2.3"
