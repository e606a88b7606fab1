"""Damaged and hostile files end in one line that names them, in bounded time and memory."""

import lzma
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from astropy.io import fits
from redpix.core.exceptions import InputError
from redpix.io.array_archive import read_arrays
from redpix.io.fits_files import read_header, read_image
from redpix.io.fits_structure import walk
from redpix.io.tables import read_table
from redpix.io.whole_fits import open_whole
from redpix.photometry import raw_image
from redpix.photometry.user_mask import read_mask
from redpix.psf.given_model import read_given_model
from redpix.sdss.survey_files import plain_survey_file


@pytest.mark.parametrize(
    "read",
    [read_image, read_header, read_arrays, read_table, read_given_model]
    + [lambda path: read_mask(path, (5, 5))],
)
@pytest.mark.parametrize("name", ["pipe.reg", "folder.reg", "/dev/zero"])
def test_what_is_not_a_file_is_refused(tmp_path, read, name):
    """Opening a pipe would wait for a writer without end."""
    path = str(tmp_path / name)
    if name == "pipe.reg":
        os.mkfifo(path)
    elif name == "folder.reg":
        os.mkdir(path)
    with pytest.raises(InputError, match="is not a file") as caught:
        read(path)
    assert path in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["numbers", "text", "broken"])
def test_a_header_of_thousands_of_cards_takes_time_by_their_number(tmp_path, kind):
    """Time by the square of the number would make minutes of it."""
    form = {
        "numbers": "{:<8}= {:>20}",
        "text": "HIERARCH ESO {} = 'a{}'",
        "broken": "{:<8}= 1,5E{}x",
    }
    cards = (form[kind].format(f"K{number}", number).ljust(80) for number in range(30_000))
    plain = fits.PrimaryHDU(np.ones((3, 4), "f4")).header.tostring(endcard=False, padding=False)
    text = plain + "".join(cards) + "END".ljust(80)
    path = tmp_path / "a.fits"
    text += " " * (-len(text) % 2880)
    path.write_bytes(text.encode() + np.ones(12, ">f4").tobytes() + bytes(2880 - 48))
    read = read_image(path)
    assert read.pixels.sum() == 12
    assert ("ESO K29999" in read.header or "K29999" in read.header) == (kind != "broken")


def test_the_primary_header_fills_what_the_extension_leaves_empty(tmp_path):
    primary = fits.PrimaryHDU(header=fits.Header({"GAIN": 2.0, "FILTER": "r", "OBSERVER": "me"}))
    image = fits.ImageHDU(np.ones((3, 4)), fits.Header({"FILTER": "", "GAIN": 1.5}))
    fits.HDUList([primary, image]).writeto(tmp_path / "a.fits")
    header = read_header(tmp_path / "a.fits").header
    assert [header[key] for key in ("GAIN", "FILTER", "OBSERVER")] == [1.5, "r", "me"]
    assert header.count("FILTER") == 1


def test_headers_of_many_amplifiers_are_read_once_each(tmp_path, monkeypatch):
    """Time by the square of their number would make minutes of it."""
    hdus = [fits.PrimaryHDU()]
    for number in range(300):
        section = f"[{4 * number + 1}:{4 * number + 4},1:3]"
        hdus.append(fits.ImageHDU(np.ones((3, 4), "f4"), fits.Header({"DETSEC": section})))
    hdus.append(fits.ImageHDU(np.ones((3, 4), "f4")))
    fits.HDUList(hdus).writeto(tmp_path / "a.fits")
    walks = []
    monkeypatch.setattr(raw_image, "walk", lambda *given: walks.append(given) or walk(*given))
    found = raw_image.amplifier_paths(str(tmp_path / "a.fits"))
    assert len(walks) == 1
    assert [placement.x for _, placement in found][-1] == (1197, 1200)
    assert len(found) == 300
    with pytest.raises(InputError, match=r"^[^\n]*b.fits: the file does not exist"):
        raw_image.amplifier_paths(str(tmp_path / "b.fits"))


def test_bytes_without_end_behind_the_last_hdu_are_not_searched(tmp_path):
    path = tmp_path / "a.psf"
    fits.PrimaryHDU(np.ones((3, 4))).writeto(path)
    path.write_bytes(path.read_bytes() + bytes(2**21))
    with (
        pytest.raises(InputError, match="1048576 bytes or more follow HDU 0"),
        open_whole(path, "a table"),
    ):
        pass


def test_damaged_tiles_of_a_compressed_image_end_in_one_line(tmp_path):
    image = np.random.default_rng(1).normal(1000, 10, (100, 120)).astype("f4")
    fits.CompImageHDU(image, compression_type="RICE_1").writeto(tmp_path / "a.fits.fz")
    content = bytearray((tmp_path / "a.fits.fz").read_bytes())
    places = np.random.default_rng(0).integers(11_520, len(content), 400)
    for place in places:
        content[place] ^= 255
    (tmp_path / "a.fits.fz").write_bytes(content)
    with (
        pytest.raises(InputError, match="cannot be read as a psField file") as caught,
        open_whole(tmp_path / "a.fits.fz", "a psField file") as hdus,
    ):
        assert hdus[1].data is not None
    assert "\n" not in str(caught.value)


def test_a_damaged_archive_is_not_a_frame_of_the_survey(tmp_path, monkeypatch):
    header = fits.Header({"CAMCOL": 3, "RUN": 94})
    fits.PrimaryHDU(np.random.default_rng(1).normal(size=(90, 90)), header).writeto(tmp_path / "a")
    plain = (tmp_path / "a").read_bytes()
    packed = bytearray(lzma.compress(plain))
    (tmp_path / "b.xz").write_bytes(packed)
    with plain_survey_file(str(tmp_path / "b.xz")) as path:
        assert path.endswith("frame.fits")
    packed[len(packed) // 2] ^= 255
    (tmp_path / "c.xz").write_bytes(packed)
    with plain_survey_file(str(tmp_path / "c.xz")) as path:
        assert path is None
    # a bomb is not copied to the disk
    monkeypatch.setattr("redpix.sdss.survey_files._LONGEST", 50_000)
    with plain_survey_file(str(tmp_path / "b.xz")) as path:
        assert path is None


def test_a_small_file_of_a_huge_table_is_refused(tmp_path):
    table = pa.table({"id": pa.nulls(20_000_000, pa.int8()), "ra": pa.nulls(20_000_000, pa.int8())})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet", compression="zstd")
    assert (tmp_path / "a.parquet").stat().st_size < 100_000
    with pytest.raises(
        InputError, match=r"a.parquet: 20000000 rows of 2 columns; allowed: at most"
    ):
        read_table(str(tmp_path / "a.parquet"))
