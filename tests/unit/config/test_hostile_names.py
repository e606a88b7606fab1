"""Names whose files collide and paths that Snakemake cannot take are refused in one line."""

import pytest
import yaml
from conftest import ROOT
from redpix.config import name_clashes
from redpix.config.contradictions import contradictions
from redpix.config.file_paths import check_folder, fault_of_file, fault_of_path
from redpix.config.frames_table import read_frames_table
from redpix.config.images_table import read_images
from redpix.config.name_clashes import OF_IMAGE, clashes
from redpix.config.night_folder import night_files
from redpix.config.pairs_table import pair_of_files, read_pairs, read_stacks
from redpix.config.photoz_tables import read_listing
from redpix.config.schema import validated
from redpix.core.exceptions import InputError

ODD = "my data/50% [a] 'b' \"c\" $d & é;*?.fits"


def schema(name):
    return yaml.safe_load((ROOT / f"workflow/schemas/{name}.schema.yaml").read_text())


def images(*names, path="x.fits"):
    rows = "".join(f"{name}\t{path}\n" for name in names)
    table = f"image\tpath\n{rows}".encode()
    return read_images(table, schema("images"), "gr", lambda path: True, "i.tsv")


@pytest.mark.parametrize(
    ("names", "fact"),
    [
        (("e1", "e1.rejected"), "image e1.rejected: its file e1.rejected.csv is also a file of e1"),
        (("e1.rejected", "e1"), "image e1: its file e1.rejected.csv is also a file of e1.rejected"),
        (("e1", "e1.calibration"), "e1.calibration.log is also a file of e1"),
        (("light_curves",), "its file light_curves.log is also a file of the run"),
    ],
)
def test_images_that_would_share_a_file_are_refused(names, fact):
    with pytest.raises(InputError, match=f"^i.tsv: .*{fact}") as error:
        images(*names)
    assert "\n" not in str(error.value)


def test_images_whose_files_differ_are_taken():
    names = ["e1", "e1.rejected.2", "e1_rejected", "E1", "e1.fits", "x" * 150]
    assert [row.image for row in images(*names)] == names


def test_names_that_differ_by_case_are_refused_where_their_files_would_be_one(monkeypatch):
    assert list(clashes(["b", "B"], OF_IMAGE, folds_case=False)) == []
    ((name, fact),) = clashes(["b", "B"], OF_IMAGE, folds_case=True)
    assert (name, fact) == ("B", "its file B.calibrated.fits is also a file of b")
    monkeypatch.setattr(name_clashes, "_folds_case", lambda folder: True)
    rows = b"pair\tscience\treference\tband\na\tx.fits\ty.fits\tb\na\tx.fits\ty.fits\tB\n"
    with pytest.raises(InputError, match="pair a, B: its file B is also a file of a/b"):
        read_pairs(rows, schema("pairs"), "gr", lambda path: True, "p.tsv")


def test_the_file_system_says_whether_it_folds_case(tmp_path):
    folder = tmp_path / "Folder"
    folder.mkdir()
    folds = (tmp_path / "fOLDER").exists()
    assert name_clashes._folds_case(folder) == folds
    (tmp_path / "fOLDER").mkdir(exist_ok=True)  # another folder, where case counts
    assert name_clashes._folds_case(folder) == folds


@pytest.mark.parametrize("name", ["x" * 151, "a/b", "a b", "ä", ".a", "a{b}", "a*", ""])
def test_names_that_a_path_cannot_have_are_refused(name):
    with pytest.raises(InputError, match=r"^i.tsv: .*; allowed: ") as error:
        images(name)
    assert "\n" not in str(error.value)


def test_a_field_of_frames_that_would_share_a_file_is_refused(tmp_path):
    table = tmp_path / "frames.tsv"
    for names, fact in (
        (("softening",), "field softening: its file softening.json is also a file of the run"),
        (("a", "a.names"), "field a.names: its file a.names.log is also a file of a"),
    ):
        rows = [f"{name}\t{band}\tx.fits\n" for name in names for band in "gr"]
        table.write_text("field\tband\timage\n" + "".join(rows))
        with pytest.raises(InputError, match=fact):
            read_frames_table(str(table), schema("frames"))


def test_the_name_of_an_epoch_fits_a_file_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"{'y' * 60}.fits").touch()
    rows = f"pair\tscience\treference\tband\n{'p' * 100}\t*.fits\tr.fits\tb\n".encode()
    with pytest.raises(InputError, match="161 characters; allowed: at most 150"):
        read_pairs(rows, schema("pairs"), "gr", lambda path: True, "p.tsv")


def test_braces_in_a_path_are_refused_everywhere(tmp_path, monkeypatch):
    """Snakemake would look for a wildcard of that name, and say so without the file's line."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "night {1}").mkdir()
    path = "night {1}/a.fits"
    (tmp_path / path).touch()
    brace = "a brace in a path is the mark of a wildcard"
    for read in (
        lambda: images("a", path=path),
        lambda: read_stacks(
            f"stack\timage\tband\ns\t{path}\tb\ns\tx.fits\tb\n".encode(),
            schema("stacks"),
            "gr",
            lambda path: True,
            "s.tsv",
        ),
        lambda: pair_of_files("x.fits" if (tmp_path / "x.fits").exists() else path, path),
        lambda: night_files("night {1}"),
        lambda: check_folder("folder of redpix", tmp_path / "night {1}"),
    ):
        with pytest.raises(InputError, match=brace) as error:
            read()
        assert path in str(error.value) or "night {1}" in str(error.value)
        assert "\n" not in str(error.value)
    for name, header, row in (
        ("frames", "field\tband\timage", f"f\tg\t{path}"),
        ("tables", "name\ttrain", f"t\t{path}"),
    ):
        table = tmp_path / f"{name}.tsv"
        table.write_text(f"{header}\n{row}\n")
        with pytest.raises(InputError, match=brace):
            read_listing(str(table)) if name == "tables" else read_frames_table(
                str(table), schema("frames")
            )


def test_a_name_in_angle_brackets_in_a_path_is_refused():
    with pytest.raises(InputError, match=r"night <b>/a.fits.*: a name in angle brackets") as error:
        images("a", path="night <b>/a.fits")
    assert "\n" not in str(error.value)
    assert fault_of_path("a < b > c, <B>, <3>.fits") is None


def test_braces_in_a_path_of_the_configuration_are_refused():
    settings = validated({"name": "x", "source": "demo"}, schema("config"))
    assert not list(contradictions(settings))
    wrong = {**settings, "source": "file:///data/{night}"}
    (line,) = (line for line in contradictions(wrong) if line.startswith("source: "))
    assert "file:///data/{night}: a brace" in line


def test_a_target_is_named_once():
    settings = validated({"name": "x", "source": "demo"}, schema("config"))
    targets = [["a", 1.0, 2.0], ["b", 1.0, 2.0], ["a", 3.0, 4.0]]
    photometry = {**settings["photometry"], "targets": targets}
    lines = list(contradictions({**settings, "photometry": photometry}))
    assert lines == ["photometry.targets: a is there 2 times; allowed: once"]


def test_other_odd_characters_are_taken():
    assert fault_of_path(ODD) is None
    assert fault_of_file(f"{ODD}[2]", lambda path: path == ODD) is None
    assert [row.path for row in images("a", path=ODD.replace('"', ""))] == [ODD.replace('"', "")]


@pytest.mark.parametrize(
    "path", ["a\nb.fits", "a\x1bb.fits", b"a\xff.fits".decode(errors="surrogateescape")]
)
def test_unprintable_paths_are_refused(path):
    assert "allowed: a path of printable characters" in fault_of_path(path)
