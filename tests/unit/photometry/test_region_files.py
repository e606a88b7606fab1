"""Files of DS9 regions in any encoding, and files that are not regions."""

import numpy as np
import pytest
from conftest import ROOT
from redpix.core.exceptions import InputError
from redpix.photometry.exposure_image import LONGEST_REGIONS, read_mask

FAULTS = ROOT.parent / "shared/strangers/faults"


def disc(x, y, radius, shape=(20, 20)):
    """Return the pixels inside a circle of 1-based coordinates."""
    rows, columns = np.indices(shape)
    return np.hypot(columns + 1 - x, rows + 1 - y) <= radius


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_any_encoding(tmp_path, encoding):
    path = tmp_path / "a.reg"
    path.write_bytes("image\ncircle(10,11,5) # café\n".encode(encoding))
    assert np.array_equal(read_mask(str(path), (20, 20)), disc(10, 11, 5))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"circle(1,2,3)\0\n", "line 1: holds a zero byte"),
        (b"#" * (LONGEST_REGIONS + 1), "longer than"),
        (b"\x89PNG\r\n", "line 1"),
    ],
)
def test_other_files_end_in_one_line(tmp_path, content, words):
    path = tmp_path / "a.reg"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read_mask(str(path), (20, 20))
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_path_without_a_file(tmp_path):
    with pytest.raises(InputError, match="the file does not exist"):
        read_mask(str(tmp_path / "a.reg"), (20, 20))


@pytest.mark.skipif(not FAULTS.is_dir(), reason="no folder of strangers' files")
@pytest.mark.parametrize(
    ("name", "expected"), [("latin1", disc(10, 10, 5)), ("utf16", disc(1, 2, 3))]
)
def test_strangers_regions(name, expected):
    found = read_mask(str(FAULTS / f"region__{name}.reg"), (20, 20))
    assert np.array_equal(found, expected)
