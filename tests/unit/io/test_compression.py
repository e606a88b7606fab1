"""A compressed file of very many members is refused before they are opened."""

import bz2
import gzip
import io
import lzma
import zipfile

import pytest
from redpix.core.exceptions import InputError
from redpix.io import compression
from redpix.io.array_archive import read_arrays
from redpix.io.fits_files import read_image
from redpix.io.tables import read_table
from redpix.sdss.archive import accept

WORDS = "holds more than 100 compressed members"
PACK = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


@pytest.fixture(autouse=True)
def _few_members(monkeypatch):
    monkeypatch.setattr(compression, "MOST_MEMBERS", 100)


def members(pack, number, content=b"a,b\n1,2\n"):
    return pack(content) + pack(b"") * (number - 1)


@pytest.mark.parametrize("suffix", PACK)
def test_tables_and_images_of_many_members_are_refused(tmp_path, suffix):
    path = tmp_path / f"file{suffix}"
    path.write_bytes(members(PACK[suffix], 101))
    with pytest.raises(InputError, match=f"{path}: {WORDS}"):
        read_table(path)
    with pytest.raises(InputError, match=f"{path}: {WORDS}"):
        read_image(path)


@pytest.mark.parametrize("suffix", PACK)
def test_as_many_members_as_allowed_are_read(tmp_path, suffix):
    path = tmp_path / f"file{suffix}"
    path.write_bytes(members(PACK[suffix], 100))
    assert len(read_table(path)) == 1


def test_a_survey_file_of_many_members_is_refused(tmp_path):
    path = tmp_path / "fpM.fit.gz"
    path.write_bytes(members(gzip.compress, 101))
    with pytest.raises(InputError, match=WORDS):
        accept(path, path.as_uri(), tmp_path / "fpM.fit", lambda _: None)


def test_an_archive_of_many_folders_is_refused(tmp_path):
    path = tmp_path / "table.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("table.csv", "a,b\n1,2\n")
        for number in range(100):
            archive.writestr(f"{number}/", "")
    for read in (read_table, read_arrays):
        with pytest.raises(InputError, match=f"{path}: {WORDS}"):
            read(path)


def test_a_mark_across_two_reads_counts_once(monkeypatch):
    content = members(gzip.compress, 101)
    for length in range(1500, 1530):
        monkeypatch.setattr(compression, "_CHUNK", length)
        with pytest.raises(InputError, match=WORDS):
            compression.check_members(io.BytesIO(content))
        compression.check_members(io.BytesIO(content[:-20]))
