"""The table of frames of any survey: bands, order, faults of fields, and refusals."""

from pathlib import Path

import pytest
import yaml
from given_sky import write_table
from redpix.config.frames_table import read_frames_table
from redpix.config.run_settings import completed
from redpix.core.exceptions import InputError

SCHEMAS = Path(__file__).parents[3] / "workflow/schemas"
ROW = yaml.safe_load((SCHEMAS / "frames.schema.yaml").read_text())
CONFIG = yaml.safe_load((SCHEMAS / "config.schema.yaml").read_text())


def rows_of(field, bands, **more):
    return [
        {"field": field, "band": band, "image": f"{field}_{band}.fits"} | more for band in bands
    ]


def read(folder, rows):
    return read_frames_table(str(write_table(folder / "frames.tsv", rows)), ROW)


def test_bands_have_the_order_of_the_table(tmp_path):
    table = read(tmp_path, rows_of("a", ("z", "HSC-G", "y")) + rows_of("b.2", ("HSC-G", "y", "z")))
    assert table.bands == ("z", "HSC-G", "y")
    assert list(table.fields) == ["a", "b.2"]
    assert table.faults == {}
    assert table.fields["a"]["y"].image == "a_y.fits"
    assert table.fields["a"]["y"].zero_point is None


def test_thirty_two_bands_are_allowed(tmp_path):
    assert len(read(tmp_path, rows_of("a", [f"b{n}" for n in range(32)])).bands) == 32


def test_wavelengths_of_all_bands_give_the_order(tmp_path):
    waves = {"z": 9000, "g": 4800, "r": 6200}
    rows = [{**row, "wavelength": waves[row["band"]]} for row in rows_of("a", "zgr")]
    assert read(tmp_path, rows).bands == ("g", "r", "z")
    rows[0]["wavelength"] = ""
    assert read(tmp_path, rows).bands == ("z", "g", "r")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"weight": "w.fits", "variance": "v.fits"}, "variance and weight are both given"),
        ({"zero_point": "bright"}, "zero_point: 'bright'; allowed: a magnitude"),
        ({"gain": "-2"}, "gain: -2.0; allowed: a number above 0"),
        ({"image": ""}, "image is empty; allowed: a FITS image"),
        ({"wavelength": "5000"}, "band g: wavelength 5000, and 4800 in an earlier row"),
        ({"band": "r"}, "band r of field b is there twice"),
    ],
)
def test_a_fault_leaves_its_field_out_and_no_other(tmp_path, change, fault):
    good = rows_of("a", "rg", wavelength="")
    good[1]["wavelength"] = "4800"
    bad = rows_of("b", "rg")
    bad[1] |= change
    table = read(tmp_path, good + bad)
    assert list(table.faults) == ["b"]
    assert fault in table.faults["b"]
    assert "\n" not in table.faults["b"]


def test_a_field_without_one_of_the_bands_is_left_out(tmp_path):
    table = read(tmp_path, rows_of("a", "gri") + rows_of("b", "gr"))
    assert table.faults == {"b": "band i: not in the table"}
    assert table.only(["g", "r"]).bands == ("g", "r")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (rows_of("a", ["g", "../r"]), "band: '../r'; allowed: letters, digits"),
        (rows_of("a", "gr") + rows_of("a/b", "g"), "field: 'a/b'; allowed: letters, digits"),
        (rows_of("a", ["g", "r i"]), "band: 'r i'; allowed"),
        (rows_of("a", "g"), "1 bands; allowed: 2 to 32"),
        (rows_of("a", [f"b{n}" for n in range(33)]), "33 bands; allowed: 2 to 32"),
        (rows_of("a", ["g", "redshift"]), "band redshift: the name of another column"),
        (
            rows_of("a-b", ["c", "d"]) + rows_of("a", ["b-c", "d"]),
            "would share the file a-b-c.fits",
        ),
    ],
)
def test_names_that_cannot_become_paths_are_refused(tmp_path, rows, message):
    with pytest.raises(InputError, match="^frames: ") as refused:
        read(tmp_path, rows)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_table_gives_bands_and_fields_of_the_configuration(tmp_path):
    table = read(tmp_path, rows_of("a", ("g", "HSC-I", "y")))
    config = {"name": "x", "source": "demo", "frames": str(tmp_path / "frames.tsv")}
    full = completed(config, CONFIG, {}, frames=table)
    assert full["bands"] == ["g", "HSC-I", "y"]
    assert full["reference_band"] == "HSC-I"
    assert full["catalogue"]["from"] == "detections"
    for key, value in (("bands", ["g", "u"]), ("reference_band", "r"), ("fields", ["1-2-3"])):
        with pytest.raises(InputError, match=f"{key}: .*allowed: .*(HSC-I|a)"):
            completed({**config, key: value}, CONFIG, {}, frames=table)
    with pytest.raises(InputError, match="shard: 1-2 with frames"):
        completed({**config, "shard": "1-2"}, CONFIG, {}, frames=table)


def test_a_wavelength_that_is_not_a_number_is_a_fault_of_its_field(tmp_path):
    rows = rows_of("a", "gr", wavelength="x") + rows_of("b", "gr", wavelength=5000)
    table = read(tmp_path, rows)
    assert "wavelength" in table.faults["a"]
    assert "b" not in table.faults
    assert table.wavelengths == {"g": 5000, "r": 5000}


@pytest.mark.parametrize("separator", [",", ";", "  ", "\t"])
@pytest.mark.parametrize("names", ["field band image", "Field BAND Image"])
def test_names_in_capitals_and_other_separators_are_read(tmp_path, separator, names):
    lines = [names, "a g g.fits", "a r r.fits"]
    path = tmp_path / "frames.tsv"
    path.write_text("\n".join(line.replace(" ", separator) for line in lines) + "\n")
    table = read_frames_table(str(path), ROW)
    assert table.bands == ("g", "r")
    assert table.fields["a"]["r"].image == "r.fits"


def test_paths_may_begin_at_the_folder_of_the_table(tmp_path, monkeypatch):
    (tmp_path / "survey").mkdir()
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path / "run")
    for name in ("g.fits", "r_coadd.fits"):
        (tmp_path / "survey" / name).touch()
    rows = [
        {"field": "a", "band": "g", "image": "g.fits[1]"},
        {"field": "a", "band": "r", "image": "r_*.fits"},
    ]
    path = write_table(tmp_path / "survey/frames.tsv", rows)
    found = read_frames_table("../survey/frames.tsv", ROW).fields["a"]
    assert path.exists()
    assert found["g"].image == "../survey/g.fits[1]"
    assert found["r"].image == "../survey/r_coadd.fits"
    (tmp_path / "run/g.fits").touch()  # that of the working folder comes first
    assert read_frames_table("../survey/frames.tsv", ROW).fields["a"]["g"].image == "g.fits[1]"


def test_a_pattern_of_several_files_leaves_its_field_out(tmp_path):
    for name in ("g_1.fits", "g_2.fits"):
        (tmp_path / name).touch()
    rows = [{**row, "image": f"{row['band']}_*.fits"} for row in rows_of("a", "gr")]
    faults = read(tmp_path, rows + rows_of("b", "gr")).faults
    assert list(faults) == ["a"]
    assert "image: g_*.fits: 2 files match, such as " in faults["a"]


def test_one_image_for_two_bands_leaves_its_field_out(tmp_path):
    rows = rows_of("a", "gr") + rows_of("b", "gr")
    rows[1]["image"] = rows[0]["image"]
    faults = read(tmp_path, rows).faults
    assert list(faults) == ["a"]
    assert (
        "that of band g, too; allowed: an image for each band, or its HDU or plane" in faults["a"]
    )
