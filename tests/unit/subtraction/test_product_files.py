"""Products of a subtraction as other programs read them: astropy, VOTable, DS9, AVRO."""

import csv
import gzip
import io
import json
import os
import re
import warnings
from pathlib import Path

import fastavro
import fits_sky
import numpy as np
import pytest
from astropy.io import fits
from astropy.io.votable import parse_single_table
from astropy.nddata import CCDData, VarianceUncertainty
from redpix.image.exposure_cards import fits_unit
from redpix.io.fits_writing import append_fits
from redpix.subtraction.alerts import SCHEMA
from redpix.subtraction.reference_map import ReferenceMap
from redpix.subtraction.series_epoch import read_epoch

CARDS = {
    **{"GAIN": fits_sky.GAIN, "RDNOISE": fits_sky.READ_NOISE, "BUNIT": "ADU", "MAGZERO": 25.0},
    **{
        "OBJECT": "field 7",
        "TELESCOP": "1.2 m",
        "INSTRUME": "CCD 3",
        "FILTER": "R",
        "EXPTIME": 60.0,
    },
    **{"DATE-OBS": "2026-11-20T03:00:00", "AIRMASS": 1.2},
}
#: Modified Julian Date of 2026-11-20T03:00:00
START = 61364.125
NEW_STARS = ((60.0, 70.0, 3000.0), (200.0, 150.0, 2000.0), (290.0, 280.0, 4000.0))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("night 1")
    sky = fits_sky.stars()
    with_new = [np.append(a, b) for a, b in zip(sky, np.transpose(NEW_STARS), strict=True)]
    science = fits_sky.write(folder / "new.fits", fits_sky.counts(with_new, 1, 1.7), **CARDS)
    cards = CARDS | {"EXPTIME": 42.0, "AIRMASS": 1.1, "DATE-OBS": "2025-11-20T03:00:00"}
    image = fits_sky.counts(sky, 2, 1.5, 0.7, level=150.0)
    reference = fits_sky.write(folder / "old.fits", image, **cards)
    (folder / "pair").mkdir()
    return fits_sky.subtract(science, reference, folder / "pair")


@pytest.fixture(scope="module")
def rows(made):
    with open(made.transients, newline="") as file:
        return list(csv.DictReader(file))


def test_an_epoch_of_a_series_is_measured_without_an_open_file(made, rows):
    epoch = read_epoch(made.difference, made.transients)
    x, y = (round(float(rows[0][name])) for name in ("x", "y"))
    with fits.open(made.difference) as hdus:
        ratio = hdus["D"].header["FLXRATIO"]
        planes = [hdus[name].data[y, x] for name in ("ALPHA", "ALPHA_ERR", "MASK")]
        place = ReferenceMap(hdus["D"].header)([x], [y])
    # by the spline that both maps are
    flux, error, bits = epoch.forced(float(place[0][0]), float(place[1][0]))
    assert flux == pytest.approx(ratio * planes[0], rel=1e-3)
    assert (error, bits) == (pytest.approx(ratio * planes[1]), planes[2])
    used = {os.path.realpath(path) for path in Path("/proc/self/fd").iterdir()}
    assert os.path.realpath(made.difference) not in used


def test_a_compressed_difference_has_the_same_planes(made, tmp_path):
    """In the same order, within the rounding, and a series reads it."""
    packed = str(tmp_path / "difference.fits")
    with fits.open(made.difference) as plain:
        for hdu in plain:
            header = hdu.header.copy()
            append_fits(Path(packed), hdu.data, header, compress=hdu.name != "PSF_D")
        with fits.open(packed, checksum=True) as read:
            assert [hdu.name for hdu in read] == ["PRIMARY", *(hdu.name for hdu in plain)]
            near = np.isfinite(plain["ALPHA"].data)
            away = (read["ALPHA"].data - plain["ALPHA"].data)[near]
            assert abs(away).max() < 0.1 * np.median(plain["ALPHA_ERR"].data[near])
            assert read["D"].header["FLXRATIO"] == plain["D"].header["FLXRATIO"]
            assert read["NEW"].header["BUNIT"] == plain["NEW"].header["BUNIT"]
    one, other = (read_epoch(path, made.transients) for path in (made.difference, packed))
    flux, error, bits = one.forced(120.0, 90.0)
    again = other.forced(120.0, 90.0)
    assert again[0] == pytest.approx(flux, abs=0.1 * error)
    assert again[1:] == (pytest.approx(error, rel=0.01), bits)


def test_headers_describe_both_exposures(made):
    for path in (made.difference, made.cut_outs):
        header = fits.getheader(path)
        own = {key: header[key] for key in ("OBJECT", "TELESCOP", "INSTRUME", "FILTER", "EXPTIME")}
        assert own == {key: CARDS[key] for key in own}
        assert header["DATE-OBS"] == "2026-11-20T03:00:00.000"
        assert header["MJD-OBS"] == pytest.approx(START, abs=1e-6)
        assert header["MJD-AVG"] == pytest.approx(START + 30 / 86400, abs=1e-6)
        assert (header["REFEXPT"], header["REFAIRM"], header["REFGAIN"]) == (42, 1.1, 2)
        assert header["REFDATE"][:10] == "2025-11-20"
        assert header["SCIENCE"].endswith("new.fits")
        assert header["REFERENC"].endswith("old.fits")
    assert fits.getheader(made.difference, "REF")["EXPTIME"] == 42


@pytest.mark.parametrize("product", ["difference", "cut_outs"])
def test_checksums_are_right(made, product):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with fits.open(getattr(made, product), checksum=True) as hdus:
            assert all("CHECKSUM" in hdu.header and "DATASUM" in hdu.header for hdu in hdus)


def test_ccddata_reads_image_unit_variance_and_mask(made, tmp_path):
    new = CCDData.read(made.difference, hdu="NEW")
    assert (new.unit.to_string(), new.wcs.has_celestial) == ("adu", True)
    difference = CCDData.read(made.difference, hdu_uncertainty="VARIANCE", hdu_mask="MASK")
    assert difference.unit.to_string() == ""
    assert isinstance(difference.uncertainty, VarianceUncertainty)
    assert difference.mask.dtype == bool


@pytest.mark.parametrize(
    ("unit", "power", "expected"),
    [
        ("adu", 1, "adu"),
        ("electron/s", 1, "electron s-1"),
        ("electron/s", 2, "electron2 s-2"),
        ("nanomaggy", 2, "nanomaggy2"),
        (None, 1, ""),
    ],
)
def test_units_are_spelt_as_in_fits(unit, power, expected):
    assert fits_unit(unit, power) == expected


def test_rows_name_time_filter_and_images(rows):
    assert len(rows) >= len(NEW_STARS)
    for row in rows:
        assert float(row["mjd"]) == pytest.approx(START + 30 / 86400, abs=1e-6)
        assert (row["filter"], row["unit"]) == ("R", "adu")
        assert row["science"].endswith("new.fits")
        assert row["reference"].endswith("old.fits")


def test_votable_has_the_rows_with_units_and_ucds(made, rows):
    table = parse_single_table(made.votable)
    assert [field.name for field in table.fields] == list(rows[0])
    meanings = {field.name: (str(field.unit or ""), field.ucd) for field in table.fields}
    assert meanings["ra"] == ("deg", "pos.eq.ra;meta.main")
    assert meanings["flux"] == ("adu", "phot.flux;arith.diff")
    assert meanings["mjd"] == ("d", "time.epoch;obs.exposure")
    assert all(ucd for _, ucd in meanings.values())
    values = table.to_table()
    np.testing.assert_allclose(values["flux"], [float(row["flux"]) for row in rows])
    assert list(values["kind"]) == [row["kind"] for row in rows]


def test_regions_are_circles_at_the_places(made, rows):
    lines = Path(made.regions).read_text(encoding="utf-8").splitlines()
    assert lines[1] == "icrs"
    assert len(lines) == 2 + len(rows)
    for line, row in zip(lines[2:], rows, strict=True):
        ra, dec, colour = re.match(r'circle\(([\d.]+),([-\d.]+),4"\) # color=(\w+)', line).groups()
        assert (ra, dec) == (row["ra"], row["dec"])
        assert (colour == "green") == (row["flags"] == "0")


def test_the_schema_of_alerts_has_one_order():
    """The order of fastavro changes from process to process."""
    assert json.dumps(SCHEMA) == json.dumps(SCHEMA, sort_keys=True)


def test_alerts_are_packets_of_the_clean_rows_with_cut_outs(made, rows):
    clean = [row for row in rows if row["flags"] == "0"]
    with open(made.alerts, "rb") as file:
        packets = list(fastavro.reader(file))
    assert len(packets) == len(clean) == len(NEW_STARS)
    for packet, row in zip(packets, clean, strict=True):
        candidate = packet["candidate"]
        assert packet["objectId"].endswith(f"_{row['id']}")
        assert candidate["jd"] == pytest.approx(2400000.5 + START + 30 / 86400, abs=1e-5)
        assert (candidate["isdiffpos"], candidate["fid"]) == ("t", "R")
        assert candidate["magpsf"] == pytest.approx(float(row["mag"]), abs=1e-3)
        stamp = gzip.decompress(packet["cutoutScience"]["stampData"])
        image = fits.getdata(io.BytesIO(stamp))
        with fits.open(made.cut_outs) as hdus:
            np.testing.assert_array_equal(image, hdus["NEW"].data[int(row["id"]) - 1])


def test_a_pair_without_changes_has_empty_products(tmp_path):
    images = [
        fits_sky.write(tmp_path / f"{n}.fits", fits_sky.counts(fits_sky.stars(), n, 1.6), **CARDS)
        for n in (1, 2)
    ]
    (tmp_path / "out").mkdir()
    made = fits_sky.subtract(*images, tmp_path / "out", threshold=12.0)
    with open(made.alerts, "rb") as file:
        assert list(fastavro.reader(file)) == []
    assert len(parse_single_table(made.votable).array) == 0
