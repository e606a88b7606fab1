"""Caches of libraries stay out of a home folder that cannot be written."""

import os

import pytest
from redpix.core.cache_folders import keep_fonts_here


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.environ", dict(os.environ))
    return lambda path: os.environ.update(HOME=str(path))


def test_fonts_are_kept_in_the_folder_of_the_run(home, tmp_path):
    home("/dev/null/home")
    keep_fonts_here(".snakemake")
    assert os.environ["MPLCONFIGDIR"] == f"{tmp_path}/.snakemake/matplotlib"


def test_a_home_that_can_be_written_is_used(home, tmp_path):
    home(tmp_path / "home of a new account")
    keep_fonts_here(".snakemake")
    assert "MPLCONFIGDIR" not in os.environ


def test_a_folder_that_a_person_names_stays(home):
    home("/dev/null/home")
    os.environ["MPLCONFIGDIR"] = "/elsewhere"
    keep_fonts_here(".snakemake")
    assert os.environ["MPLCONFIGDIR"] == "/elsewhere"
