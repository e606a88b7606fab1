"""The end of a run whose input has faults."""

import pytest
from redpix.core.exceptions import MOST_LINES, InputError, refusals


def test_each_line_of_a_refusal_has_its_key():
    with pytest.raises(SystemExit) as caught, refusals("configuration: "):
        raise InputError("k: 0: not above 0\nname: missing")
    assert str(caught.value) == "configuration: k: 0: not above 0\nconfiguration: name: missing"


def test_other_errors_are_not_hidden():
    with pytest.raises(KeyError), refusals(""):
        raise KeyError("a fault of the code")


def test_a_listing_with_thousands_of_faults_is_not_told_in_full():
    lines = str(InputError("\n".join(f"line {number}: wrong" for number in range(9999)))).split(
        "\n"
    )
    assert lines[0] == "line 0: wrong"
    assert lines[MOST_LINES:] == [f"and {9999 - MOST_LINES} more"]
    fits = "\n".join(f"line {number}: wrong" for number in range(MOST_LINES))
    assert str(InputError(fits)) == fits


def test_a_word_longer_than_any_path_is_shortened():
    path = "folder/" * 500 + "a.fits"
    assert str(InputError(f"{path}: no image")) == f"{path}: no image"
    words = str(InputError(f"line 2: gain: '{'9' * 5000}': not a number; allowed: above 0"))
    assert len(words) < 300
    assert words.endswith("9... not a number; allowed: above 0")
