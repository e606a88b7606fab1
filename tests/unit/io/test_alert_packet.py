"""Alert packets as images: written here as ZTF writes them."""

import gzip
import io

import fastavro
import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import CCDData
from redpix.config.pairs_table import NO_BAND, pair_of_files
from redpix.core.exceptions import InputError
from redpix.image.wcs import celestial_wcs
from redpix.io import alert_packet
from redpix.io.camera import read_camera
from redpix.io.fits_files import read_image

CUT_OUT = {
    "type": "record",
    "name": "cutout",
    "fields": [{"name": "fileName", "type": "string"}, {"name": "stampData", "type": "bytes"}],
}
CANDIDATE = {"jd": "double", "fid": "int", "ra": "double", "dec": "double", "magzpsci": "float"}
SCHEMA = {
    "type": "record",
    "name": "alert",
    "fields": [
        {"name": "objectId", "type": "string"},
        {
            "name": "candidate",
            "type": {
                "type": "record",
                "name": "candidate",
                "fields": [{"name": name, "type": kind} for name, kind in CANDIDATE.items()],
            },
        },
        {"name": "cutoutScience", "type": ["null", CUT_OUT]},
        {"name": "cutoutTemplate", "type": ["null", "cutout"]},
    ],
}


def stamp(image):
    memory = io.BytesIO()
    fits.PrimaryHDU(image).writeto(memory)
    return {"fileName": "x.fits.gz", "stampData": gzip.compress(memory.getvalue())}


@pytest.fixture(params=["null", "deflate"])
def packet(tmp_path, request):
    rng = np.random.default_rng(1)
    images = [rng.normal(100, 5, (63, 63)).astype(np.float32) for _ in range(2)]
    values = {"jd": 2458000.5, "fid": 2, "ra": 150.0, "dec": 20.0, "magzpsci": 26.3}
    record = {"objectId": "ZTF18aaaaaaa", "candidate": values}
    record |= {"cutoutScience": stamp(images[0]), "cutoutTemplate": stamp(images[1])}
    path = tmp_path / "alert.avro"
    with open(path, "wb") as file:
        fastavro.writer(file, fastavro.parse_schema(SCHEMA), [record], codec=request.param)
    return str(path), images


def test_cut_outs_are_images_with_what_the_packet_says(packet):
    path, images = packet
    for name, image in zip(("science", "template"), images, strict=True):
        read = read_image(f"{path}[{name}]")
        np.testing.assert_array_equal(read.pixels, image)
        camera = read_camera(read.header, {})
        assert camera.zero_point == pytest.approx(26.3)
        assert (camera.filter, read.header["OBJECT"]) == ("r", "ZTF18aaaaaaa")
        # the packet does not say when the template was taken
        assert read.header.get("MJD-OBS") == (58000.0 if name == "science" else None)
        place = celestial_wcs(read.header).all_pix2world(31, 31, 0)
        np.testing.assert_allclose(place, [150.0, 20.0], atol=1e-9)
        assert any("north up, east left" in remark for remark in read.remarks)


def test_cut_outs_in_the_manner_of_lsst(tmp_path):
    """Files of CCDData without compression, and a record with times in TAI."""
    rng = np.random.default_rng(2)
    image = CCDData(rng.normal(5, 2, (51, 51)), unit="nJy", uncertainty=np.full((51, 51), 2.0))
    memory = io.BytesIO()
    image.to_hdu().writeto(memory)
    source = {"ra": "double", "dec": "double", "band": "string", "midpointMjdTai": "double"}
    source = [{"name": name, "type": kind} for name, kind in source.items()]
    source = {"type": "record", "name": "diaSource", "fields": source}
    cut_outs = [{"name": f"cutout{kind}", "type": "bytes"} for kind in ("Science", "Template")]
    schema = {
        "type": "record",
        "name": "alert",
        "fields": [{"name": "diaSource", "type": source}, *cut_outs],
    }
    record = {"diaSource": {"ra": 53.0, "dec": -28.0, "band": "i", "midpointMjdTai": 61000.5}}
    record |= {one["name"]: memory.getvalue() for one in cut_outs}
    path = tmp_path / "lsst.avro"
    with open(path, "wb") as file:
        fastavro.writer(file, fastavro.parse_schema(schema), [record])
    read = read_image(f"{path}[science]", ("UNCERT",))
    np.testing.assert_array_equal(read.pixels, image.data)
    np.testing.assert_array_equal(read.planes["UNCERT"].pixels, 2.0)
    assert read.header["MJD-AVG"] == pytest.approx(61000.5 - 37 / 86400, abs=1e-7)
    assert (read.header["BUNIT"], read_camera(read.header, {}).filter) == ("nJy", "i")
    scale = celestial_wcs(read.header).proj_plane_pixel_scales()[0].to_value("arcsec")
    assert scale == pytest.approx(0.2)
    assert "MJD-AVG" not in read_image(f"{path}[template]").header


def test_a_packet_is_a_pair(packet):
    path, _ = packet
    pair = pair_of_files(path, None)
    assert (pair.pair, pair.band) == ("alert", NO_BAND)
    assert pair.images == [f"{path}[science]", f"{path}[template]"]


@pytest.mark.parametrize(
    ("choice", "words"),
    [("difference", "without cutoutDifference"), ("noise", "cut-out NOISE; allowed: science")],
)
def test_a_missing_cut_out_ends_in_a_line(packet, choice, words):
    with pytest.raises(InputError, match=rf"^[^\n]*alert.avro\[{choice}\]: [^\n]*{words}"):
        read_image(f"{packet[0]}[{choice}]")


def test_a_packet_that_unpacks_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(alert_packet, "LARGEST", 100_000)
    record = {"objectId": "x" * 200_000, "candidate": dict.fromkeys(CANDIDATE, 1)}
    record |= {"cutoutScience": None, "cutoutTemplate": None}
    with open(tmp_path / "bomb.avro", "wb") as file:
        fastavro.writer(file, fastavro.parse_schema(SCHEMA), [record], codec="deflate")
    assert (tmp_path / "bomb.avro").stat().st_size < 3000
    with pytest.raises(InputError, match="^[^\n]*bomb.avro: unpacks to more than 100000 bytes"):
        read_image(tmp_path / "bomb.avro")


def test_a_file_that_is_not_avro_ends_in_a_line(tmp_path):
    path = tmp_path / "text.avro"
    path.write_text("no alert at all")
    with pytest.raises(InputError, match="^[^\n]*text.avro: is not an AVRO file"):
        read_image(path)
