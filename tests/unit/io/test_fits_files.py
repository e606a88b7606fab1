"""All kinds of FITS files are read; damaged ones give one line, in limited memory."""

import bz2
import gzip
import lzma
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from redpix.core.exceptions import InputError
from redpix.io.fits_files import read_header, read_image
from redpix.io.image_path import image_file, named_hdu, split_images, split_path

STRANGERS = Path(__file__).resolve().parents[4] / "shared/strangers"
IMAGE = np.arange(12 * 17, dtype=np.float32).reshape(12, 17)


def stranger(name):
    """Return the path of a file that is kept beside the project."""
    path = STRANGERS / name
    if not path.exists():
        pytest.skip(f"test data are absent: {name}")
    return path


def file_of(folder, *hdus, name="image.fits"):
    """Write a FITS file with a gain in its primary header, and further HDUs."""
    first = fits.PrimaryHDU(header=fits.Header({"GAIN": 2.0, "EXPTIME": 30.0}))
    path = folder / name
    fits.HDUList([first, *hdus]).writeto(path)
    return path


def hand_made(path, cards, data=b""):
    """Write a FITS file with a header of typed cards."""
    text = "".join(card.ljust(80) for card in [*cards, "END"])
    text = text.ljust(-(-len(text) // 2880) * 2880)
    path.write_bytes(text.encode() + data + bytes(-len(data) % 2880))
    return path


def sized(*axes, bits=-32):
    """Return the mandatory cards of a primary image."""
    cards = [
        "SIMPLE  =                    T",
        f"BITPIX  = {bits:20d}",
        f"NAXIS   = {len(axes):20d}",
    ]
    return cards + [f"NAXIS{k}  = {n:20d}" for k, n in enumerate(axes, start=1)]


def test_an_extension_has_the_primary_cards_below_its_own(tmp_path):
    sky = fits.ImageHDU(IMAGE, fits.Header({"GAIN": 1.5, "OBJECT": ""}), name="SCI")
    image = read_image(file_of(tmp_path, sky))
    np.testing.assert_array_equal(image.pixels, IMAGE)
    assert (image.header["GAIN"], image.header["EXPTIME"]) == (1.5, 30.0)
    assert (image.hdu, image.remarks, image.names) == ("HDU 1 (SCI)", (), ("", "SCI"))


@pytest.mark.parametrize(("inherit", "expected"), [(True, 30.0), (False, None)])
def test_inherit_is_heeded(tmp_path, inherit, expected):
    sky = fits.ImageHDU(IMAGE, fits.Header({"INHERIT": inherit}), name="SCI")
    image = read_header(file_of(tmp_path, sky))
    assert image.header.get("EXPTIME") == expected
    assert image.pixels is None
    assert image.shape == IMAGE.shape


def test_a_wcs_is_never_mixed_of_two_headers(tmp_path):
    first = fits.PrimaryHDU(header=fits.Header({"CDELT1": 1.0, "CROTA2": 30.0, "GAIN": 2.0}))
    sky = fits.ImageHDU(IMAGE, fits.Header({"CD1_1": 2.0}))
    fits.HDUList([first, sky]).writeto(tmp_path / "a.fits")
    header = read_header(tmp_path / "a.fits").header
    assert header["CD1_1"] == 2.0
    assert "CDELT1" not in header
    assert "CROTA2" not in header
    assert header["GAIN"] == 2.0


@pytest.mark.parametrize("choice", ["[2]", "[CCD,2]", "[ccd,2]"])
def test_any_hdu_can_be_chosen(tmp_path, choice):
    path = file_of(tmp_path, *(fits.ImageHDU(IMAGE + k, name="CCD", ver=k) for k in (1, 2)))
    image = read_image(f"{path}{choice}")
    np.testing.assert_array_equal(image.pixels, IMAGE + 2)
    assert image.remarks == ()
    (remark,) = read_image(path).remarks
    assert "HDU 1 (CCD) is read" in remark
    assert "HDU 2 (CCD,2) 17 x 12" in remark


def test_a_mask_in_front_is_not_taken_for_the_sky(tmp_path):
    mask = fits.ImageHDU(IMAGE.astype(np.int16), fits.Header({"BIT2": "SATURATED"}), name="MASK")
    path = file_of(tmp_path, mask, fits.ImageHDU(IMAGE, name="SCI"))
    image = read_image(path, ("MASK", "ERR"))
    assert image.hdu == "HDU 2 (SCI)"
    assert list(image.planes) == ["MASK"]
    assert image.planes["MASK"].header["BIT2"] == "SATURATED"
    (remark,) = read_image(file_of(tmp_path, mask, name="only.fits")).remarks
    assert "by its name not an image of the sky" in remark


def test_planes_are_of_the_same_version_and_by_exttype(tmp_path):
    hdus = []
    for version in (1, 2):
        hdus.append(fits.ImageHDU(IMAGE, name="SCI", ver=version))
        hdus.append(fits.ImageHDU(IMAGE + version, name="ERR", ver=version))
    path = file_of(tmp_path, *hdus)
    assert read_image(f"{path}[SCI,2]", ("ERR",)).planes["ERR"].pixels[0, 0] == 2
    typed = [fits.ImageHDU(IMAGE, fits.Header({"EXTTYPE": t})) for t in ("IMAGE", "VARIANCE")]
    assert list(read_image(file_of(tmp_path, *typed, name="t.fits"), ("VARIANCE",)).planes)


@pytest.mark.parametrize("packer", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_files(tmp_path, packer):
    path = file_of(tmp_path, fits.ImageHDU(IMAGE, name="SCI"))
    packed = tmp_path / "packed"  # a name without an ending
    packed.write_bytes(packer(path.read_bytes()))
    np.testing.assert_array_equal(read_image(packed).pixels, IMAGE)
    packed.write_bytes(packer(path.read_bytes())[:-40])
    with pytest.raises(InputError, match=r"^\S+packed: "):
        read_image(packed)


def test_tile_compressed(tmp_path):
    whole = IMAGE.astype(np.int32)
    hdu = fits.CompImageHDU(whole, fits.Header({"FILTER": "r"}), compression_type="RICE_1")
    image = read_image(file_of(tmp_path, hdu, name="a.fits.fz"))
    np.testing.assert_array_equal(image.pixels, whole)
    assert (image.header["FILTER"], image.header["EXPTIME"]) == ("r", 30.0)
    assert not [key for key in image.header if key[0] == "Z" or key.startswith("T")]


def test_degenerate_axes(tmp_path):
    cards = {"CTYPE3": "FREQ", "CRVAL3": 1e9, "CRVAL1": 150.0, "CD3_3": 1.0}
    path = file_of(tmp_path, fits.ImageHDU(IMAGE[None, None], fits.Header(cards)))
    image = read_image(path)
    np.testing.assert_array_equal(image.pixels, IMAGE)
    assert not {"CTYPE3", "CRVAL3", "CD3_3", "NAXIS3"} & set(image.header)
    assert (image.header["NAXIS"], image.header["CRVAL1"]) == (2, 150.0)
    cube = file_of(tmp_path, fits.ImageHDU(np.stack([IMAGE, IMAGE])), name="cube.fits")
    with pytest.raises(InputError, match="no HDU holds an image of two dimensions; .*17 x 12 x 2"):
        read_image(cube)


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ((), [-2, -32768, 5]),
        (("BLANK   = -32768",), [-2, np.nan, 5]),
        (("BSCALE  = 0.5", "BZERO   = 10", "BLANK   = -32768"), [9, np.nan, 12.5]),
        (("BSCALE  = 1", "BZERO   = 32768"), [32766, 0, 32773]),
        (("BSCALE  = 1", "BZERO   = 32768", "BLANK   = -32768"), [32766, np.nan, 32773]),
    ],
)
def test_scale_zero_and_blank(tmp_path, cards, expected):
    raw = np.array([[-2, -32768, 5]], ">i2")
    path = hand_made(tmp_path / "a.fits", [*sized(3, 1, bits=16), *cards], raw.tobytes())
    np.testing.assert_array_equal(read_image(path).pixels, [expected])


def test_cards_that_break_the_standard(tmp_path):
    cards = ["EXPTIME =              6,4E-05 / [s]", "OBJECT  = 'M 67", "GAIN    = 2.0"]
    path = hand_made(tmp_path / "a.fits", [*sized(17, 12), *cards], IMAGE.astype(">f4").tobytes())
    image = read_image(path)
    assert image.header["EXPTIME"] == "6,4E-05"
    assert image.header["GAIN"] == 2.0
    assert "OBJECT" not in image.header
    assert len(image.remarks) == 2


def test_paths_that_name_an_hdu(tmp_path):
    assert split_path("a/b.fits[2]") == ("a/b.fits", 2)
    assert split_path("a/b.fits[sci]") == ("a/b.fits", ("SCI", None))
    assert split_path("a/b.fits[SCI, 3]") == ("a/b.fits", ("SCI", 3))
    assert (image_file("a.fits[SCI,3]"), named_hdu("a.fits[SCI,3]")) == ("a.fits", "[SCI,3]")
    assert (image_file("a.fits"), named_hdu("a.fits")) == ("a.fits", "")
    assert split_images("a.fits[SCI,2], b.fits[1],c") == ["a.fits[SCI,2]", "b.fits[1]", "c"]
    odd = tmp_path / "m[1]"
    odd.touch()
    assert split_path(odd) == (str(odd), None)


@pytest.mark.parametrize("path", [f"{'a' * 300}.fits[1]", "a.fits[²]", f"a.fits[{'9' * 200}]"])
def test_a_path_that_no_file_can_have_ends_in_one_line(path):
    with pytest.raises(InputError) as caught:
        read_image(path)
    assert str(caught.value).startswith(path[:200])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("cards", "data", "words"),
    [
        (sized(-5, 10), b"", "NAXIS1 = -5"),
        (sized(2**40, 2**40), bytes(2880), "is truncated"),
        (sized(100, 100), bytes(2880), "is truncated: 37120 of 40000 bytes are missing"),
        (sized(10, 10, bits=7), b"", "BITPIX = 7"),
        ([*sized()[:2], "NAXIS   =                1E400"], b"", "NAXIS = inf"),
        ([*sized()[:2], "NAXIS   = 100000"], b"", "NAXIS = 100000"),
        (sized(), b"", "no HDU holds an image"),
    ],
)
def test_headers_that_lie(tmp_path, cards, data, words):
    path = hand_made(tmp_path / "bad.fits", cards, data)
    begun = time.monotonic()
    with pytest.raises(InputError, match=r"^\S+bad\.fits: ") as caught:
        read_image(path)
    assert time.monotonic() - begun < 2
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def bomb(path, kind):
    """Write a file of some kB or MB that claims to unpack, or unpacks, to gigabytes."""
    zeros = bytes(2**20)
    if kind == "pixels":
        hand_made(path, sized(60000, 60000))
        raw = path.read_bytes()
    elif kind == "tail":
        hand_made(path, sized(17, 12), IMAGE.astype(">f4").tobytes())
        raw = path.read_bytes()
    else:
        raw = b"SIMPLE  =" if kind == "header" else b""
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(raw)
        for _ in range(300):
            file.write(zeros)
    return path


@pytest.mark.parametrize(
    ("kind", "words"),
    [("pixels", "claims to unpack to"), ("header", "has no END"), ("zeros", "does not begin with")],
)
def test_decompression_bombs(tmp_path, kind, words):
    path = bomb(tmp_path / "bomb.fits.gz", kind)
    tracemalloc.start()
    with pytest.raises(InputError, match=words):
        read_image(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30e6


def test_tiles_that_claim_terabytes(tmp_path):
    path = file_of(tmp_path, fits.CompImageHDU(IMAGE), name="a.fits.fz")
    raw = path.read_bytes()
    for axis, length in ((1, 17), (2, 12)):
        old = f"ZNAXIS{axis} = {length:20d}".encode()
        assert raw.count(old) == 1
        raw = raw.replace(old, f"ZNAXIS{axis} = {900000:20d}".encode())
    path.write_bytes(raw)
    with pytest.raises(InputError, match="HDU 1.* claims to unpack to 3.24e"):
        read_image(path)


def test_what_follows_the_last_hdu_is_left_out(tmp_path):
    image = read_image(bomb(tmp_path / "tail.fits.gz", "tail"))
    np.testing.assert_array_equal(image.pixels, IMAGE)
    assert image.remarks == ("bytes after HDU 0 are not FITS and are left out",)


@pytest.mark.parametrize(
    "content", [b"", b"no image at all", b"PK\x03\x04", b"\x1f\x8b\x08\x00\x00"]
)
def test_other_files(tmp_path, content):
    path = tmp_path / "a.fits"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.fits: does not open as FITS"):
        read_image(path)
    with pytest.raises(InputError, match="the file does not exist"):
        read_image(tmp_path / "absent.fits")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ccd/badgz.fits.gz", "does not open as FITS"),
        ("ccd/times/corrupt.fits", "is truncated"),
        ("faults/ccd__dark_3d.fits", "no HDU holds an image of two dimensions"),
        ("faults/user__gzbomb10GB.fits.gz.bz2", "compressed twice"),
        ("faults/fpm__NAXIS.0=1E400.fit.gz", "NAXIS = inf"),
    ],
)
def test_strangers_damaged_files_end_in_a_line(name, words):
    path = stranger(name)
    with pytest.raises(InputError, match=words) as caught:
        read_image(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "hdu", "shape", "remarks"),
    [
        ("ccd/base.fits", "HDU 0", (256, 256), 0),
        ("ccd/naxis3_1.fits", "HDU 0", (256, 256), 0),
        ("ccd/mef.fits", "HDU 1 (CCD1)", (256, 256), 1),
        ("ccd/tpf.fits", "HDU 2 (APERTURE)", (11, 11), 1),
        ("pairs/mef_sci.fits", "HDU 1 (SCI)", (500, 500), 0),
        ("pairs/naxis3_sci.fits", "HDU 0", (500, 500), 0),
        ("night/lco_raw_mef.fits.gz", "HDU 1 (SCI)", (522, 544), 1),
        ("night/asiimg_bias_comma.fits.gz", "HDU 0", (960, 1280), 2),
        ("faults/user__GAIN=unterminated.fits", "HDU 0", (120, 130), 1),
        ("frames/decam_g_ooi.fits", "HDU 1 (N11)", (51, 41), 0),
    ],
)
def test_strangers_files_are_read(name, hdu, shape, remarks):
    image = read_image(stranger(name))
    assert (image.hdu, image.pixels.shape, len(image.remarks)) == (hdu, shape, remarks)


def test_lsst_planes_without_names():
    image = read_image(stranger("pairs/alternate_wcs_only_sci.fits"), ("VARIANCE", "MASK"))
    assert set(image.planes) == {"VARIANCE", "MASK"}
    assert image.planes["MASK"].header["MP_SAT"] == 1
