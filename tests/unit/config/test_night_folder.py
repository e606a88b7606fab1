"""The masters of a night, as a person may have edited them."""

import json

import pytest
from redpix.config.night_folder import files_of_master, read_masters
from redpix.core.exceptions import InputError

FLAT = {"kind": "flat", "exposure": 2.0, "factor": None, "mosaic": "", "dark": "", "bias": "bias"}
BIAS = FLAT | {"kind": "bias", "bias": "", "frames": ["b1.fits"]}
MASTERS = {"flat_R": FLAT | {"frames": ["f1.fits", "f2.fits"]}, "bias": BIAS}


def test_files_of_a_master(tmp_path):
    path = tmp_path / "masters.json"
    path.write_text(json.dumps(MASTERS))
    files = files_of_master(read_masters(path), "flat_R", "m")
    assert files == {"frames": ["f1.fits", "f2.fits"], "masters": ["m/bias.fits"]}


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        ("{", "cannot be read as the masters of a night"),
        ("[]", "cannot be read as the masters of a night"),
        (json.dumps({"flat_R": {}}), "frames"),
        (
            json.dumps(MASTERS | {"bias": BIAS | {"frames": "b1.fits"}}),
            "frames is not a list",
        ),
        (json.dumps({"flat_R": MASTERS["flat_R"]}), "flat_R: bias: bias is not a master"),
        (
            json.dumps(MASTERS | {"flat_R": MASTERS["flat_R"] | {"frame_darks": ["bias"]}}),
            "flat_R: frame_darks: 1 names for 2 frames",
        ),
        (
            json.dumps(MASTERS | {"flat_R": MASTERS["flat_R"] | {"frame_darks": ["a", "b"]}}),
            "flat_R: frame_darks: a is not a master of this night",
        ),
        (
            json.dumps(MASTERS | {"cut": BIAS | {"kind": "window", "section": "[a]"}}),
            "cut: section: [a] is not a section",
        ),
    ],
)
def test_a_damaged_list_is_one_line(tmp_path, content, fact):
    path = tmp_path / "masters.json"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_masters(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert fact in str(caught.value)
    assert str(caught.value).endswith("remove it, and the same command makes it again")
