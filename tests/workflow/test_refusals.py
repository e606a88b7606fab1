"""A fault of the configuration ends the run before any job, with one line."""

import shutil

import pytest
from conftest import ROOT, run, run_words
from warm_python import warm_python


def test_a_configuration_in_another_encoding_ends_in_a_line(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_bytes("source: /données\n".encode("latin-1"))
    words = run(tmp_path, status=1)
    assert "Traceback" not in words
    assert "config/config.yaml: line 1: 'utf-8' codec can't decode byte 0xe9" in words
    assert "allowed: text in UTF-8" in words


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, "own.yaml: the file does not exist; allowed: the path of a configuration, and --"),
        ("name: é\n".encode("latin-1"), "own.yaml: line 1: 'utf-8' codec can't decode byte 0xe9"),
        (b"source: demo\nsource: sdss\n", "own.yaml: source: stands twice, in lines 1 and 2"),
    ],
)
def test_a_named_configuration_is_checked_before_snakemake_reads_it(tmp_path, content, line):
    if content is not None:
        (tmp_path / "own.yaml").write_bytes(content)
    words = run(tmp_path, "-n", "--configfile", "own.yaml", status=1)
    assert "Traceback" not in words
    assert line in words


@pytest.mark.parametrize("profile", ["slurm", "cluster"])
def test_each_shipped_profile_checks_a_named_configuration(tmp_path, profile):
    place = ROOT / "workflow/profiles" / profile
    (tmp_path / "own.yaml").mkdir()
    words = run(tmp_path, "-n", "--workflow-profile", place, "--configfile", "own.yaml", status=1)
    assert words.splitlines()[-1] == "own.yaml: is not a file; allowed: the path of a file"
    assert "Traceback" not in words


def test_the_shipped_profiles_check_configurations_by_the_same_lines():
    texts = [path.read_text() for path in (ROOT / "workflow/profiles").glob("*/config.yaml")]
    checks = {text.partition("# Snakemake reads the files of --configfile")[2] for text in texts}
    assert (len(texts), len(checks)) == (3, 1)
    assert "check_named_configurations()" in checks.pop()


def test_a_copy_of_a_profile_works_in_another_folder(tmp_path):
    (tmp_path / "profiles").mkdir()
    shutil.copytree(ROOT / "workflow/profiles/default", tmp_path / "profiles/default")
    (tmp_path / "Snakefile").write_text("rule all:\n    output: 'a'\n    shell: 'touch a'\n")
    words = [warm_python(), "-m", "snakemake", "-n"]
    assert "touch a" in run_words([*words, "--printshellcmds"], tmp_path, 0)


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"colour": "red"}, "configuration: colour: unknown key"),
        ({"photoz": {"k": "many"}}, 'configuration: photoz.k: "many"'),
        ({"photoz": {"k": 100000}}, "configuration: photoz.k: 100000 is larger than the training"),
        ({"bands": ["g", "y"]}, 'configuration: bands: "y"; allowed: one of u, g, r, i, z'),
        ({"catalogue": {"area": {"ra": [20, 10]}}}, "configuration: catalogue.area.ra: "),
        ({"name": "a; touch pwned"}, "configuration: name: "),
        ({"name": "../away"}, "configuration: name: "),
        ({"fields": ["1-1-1; touch pwned"]}, "configuration: fields: "),
        (
            {"fields": ["2820-3-122"]},
            "configuration: fields: 2820-3-122 is not a field of the demo",
        ),
        ({"source": "ftp://archive"}, "configuration: source: "),
    ],
)
def test_refused_in_a_line(tmp_path, wrong, line):
    words = run(tmp_path, status=1, **wrong).splitlines()
    said = [word for word in words if word.startswith("configuration: ")]
    assert [word for word in said if word.startswith(line)] != []
    assert len(said) == 1
    assert "Traceback" not in "\n".join(words)
    assert not (tmp_path / "results").exists()
    assert not (tmp_path / "pwned").exists()


def test_a_missing_program_is_told_before_any_job(tmp_path, monkeypatch):
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("bash", "sh", "which", "env"):
        (programs / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(programs))
    words = run(tmp_path, status=1).splitlines()
    # Montage is another line where its Python package is missing, too
    said = [word for word in words if word.startswith("sextractor: none of source-extractor, sex,")]
    assert len(said) == 1
    assert said[0].endswith("run envs/setup")
    assert not (tmp_path / "results").exists()
