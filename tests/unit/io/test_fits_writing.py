"""FITS files with checksums: right by astropy's own check, and without a date."""

import time
import warnings

import numpy as np
import pytest
from astropy.io import fits
from astropy.io.fits.hdu.base import _ValidHDU
from redpix.io.fits_writing import append_fits, write_fits


def hdus():
    """Return HDUs of each kind: floats with NaN, unsigned integers, a table, no data."""
    rng = np.random.default_rng(1)
    image = rng.normal(size=(5, 7)).astype("f4")
    image[1, 2] = np.nan
    strings = fits.Column("NAME", "4A", array=["a", "bcd"])
    numbers = fits.Column("ID", "K", array=[2**60, -1], null=-1)
    return fits.HDUList(
        [
            fits.PrimaryHDU(image, fits.Header({"OBJECT": "M 13"})),
            fits.ImageHDU(rng.integers(0, 65535, (3, 4)).astype(np.uint16), name="MASK"),
            fits.BinTableHDU.from_columns([strings, numbers], name="TABLE"),
            fits.ImageHDU(None, name="NOTHING"),
        ]
    )


def assert_checksums_are_right(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # checksums of compressed images are those of the tables that hold them
        with fits.open(path, checksum=True, disable_image_compression=True) as read:
            for hdu in read:
                assert hdu.verify_checksum() == hdu.verify_datasum() == 1  # 2: without the card


@pytest.fixture
def another_time(monkeypatch):
    """Make astropy's clock go on by a second with each look."""
    times = iter(range(10**9))
    monkeypatch.setattr(
        _ValidHDU, "_get_timestamp", lambda _: time.strftime("%FT%T", time.gmtime(next(times)))
    )


def test_equal_content_gives_equal_bytes(tmp_path, another_time):
    for name in "ab":
        write_fits(tmp_path / name, hdus())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert_checksums_are_right(tmp_path / "a")
    # the fixture shows that astropy's own way would fail
    for name in "cd":
        hdus().writeto(tmp_path / name, checksum=True)
    assert (tmp_path / "c").read_bytes() != (tmp_path / "d").read_bytes()


def test_images_are_appended_with_checksums(tmp_path):
    path = tmp_path / "a.fits"
    for name, image in (("A", np.ones((3, 4), "f4")), ("B", np.full((2, 2), np.nan))):
        append_fits(path, image, fits.Header({"EXTNAME": name}))
    assert_checksums_are_right(path)
    with fits.open(path) as read:
        assert [hdu.name for hdu in read] == ["A", "B"]


def test_compressed_images_are_rounded_within_their_noise(tmp_path):
    image = np.random.default_rng(1).normal(7, 2, (300, 200)).astype(np.float32)
    image[5, 7] = np.nan
    mask = np.arange(60_000, dtype=np.int16).reshape(300, 200)
    for name in "ab":
        for key, plane in (("D", image), ("MASK", mask)):
            append_fits(tmp_path / name, plane, fits.Header({"EXTNAME": key}), compress=True)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert_checksums_are_right(tmp_path / "a")
    assert (tmp_path / "a").stat().st_size < 0.5 * (image.nbytes + mask.nbytes)
    with fits.open(tmp_path / "a") as read:
        assert [hdu.name for hdu in read] == ["PRIMARY", "D", "MASK"]
        assert np.array_equal(read["MASK"].data, mask)
        assert np.array_equal(np.isnan(read["D"].data), np.isnan(image))
        assert np.nanmax(abs(read["D"].data - image)) < 2 / 16  # half a step, of the noise of a row


def test_a_table_follows_an_empty_primary_hdu(tmp_path):
    write_fits(tmp_path / "a.fits", hdus()["TABLE"])
    assert_checksums_are_right(tmp_path / "a.fits")
    with fits.open(tmp_path / "a.fits") as read:
        assert [hdu.name for hdu in read] == ["PRIMARY", "TABLE"]


def test_checksums_follow_changed_pixels(tmp_path):
    write_fits(tmp_path / "a.fits", hdus())
    with fits.open(tmp_path / "a.fits", memmap=False) as read:
        read["MASK"].data = read["MASK"].data + np.uint16(1)
        write_fits(tmp_path / "b.fits", read)
    assert_checksums_are_right(tmp_path / "b.fits")
    assert fits.getval(tmp_path / "a.fits", "DATASUM", 1) != fits.getval(
        tmp_path / "b.fits", "DATASUM", 1
    )
