"""Damaged survey files: masks and PSFs lead to a warning, frames to one line."""

import gzip
import logging
import shutil

import numpy as np
import pytest
from astropy.io import fits
from conftest import ROOT
from redpix.core.exceptions import InputError
from redpix.core.field_name import Field
from redpix.image.wcs import frame_wcs
from redpix.injection.choose_psf import fetch_psfield
from redpix.sdss import archive, frames
from redpix.sdss.fetch import fetch_spans
from redpix.sdss.fetch_psfields import check_psfield, fetch_survey_psfs
from redpix.sdss.psfield import psfield_path

FAULTS = ROOT.parent / "shared/strangers/faults"
FIELD = Field(94, 3, 7)


def faults(pattern):
    """Return the damaged files of a pattern; without their folder, pytest skips the test."""
    return sorted(FAULTS.glob(pattern))


def local(folder, path, source):
    """Return the archive of a folder that holds one file."""
    (folder / path).parent.mkdir(parents=True)
    shutil.copy(source, folder / path)
    return folder.as_uri()


@pytest.mark.parametrize("source", faults("fpm__*"), ids=lambda path: path.name)
def test_a_damaged_survey_mask_is_left_out_with_a_warning(tmp_path, caplog, source):
    url = local(tmp_path / "sas", frames.mask_path("dr17", FIELD, "r"), source)
    here = archive.archive_of(url, 0, 1)
    with caplog.at_level(logging.WARNING, logger="redpix"):
        spans = fetch_spans(here, tmp_path, FIELD, "r", "dr17", {})
    assert spans is None or spans.shape[1] == 4
    if spans is None:
        (line,) = caplog.messages
        assert "survey mask (fpM) cannot be used" in line
        assert "\n" not in line


@pytest.mark.parametrize("source", faults("psf__*"), ids=lambda path: path.name)
def test_a_damaged_psfield_is_refused_and_the_field_goes_on(tmp_path, caplog, source):
    url = local(tmp_path / "sas", psfield_path("dr17", FIELD), source)
    target = tmp_path / "94-3-7.psField.fit"
    with caplog.at_level(logging.WARNING, logger="redpix"):
        fetch_survey_psfs(str(target), url, "dr17", str(FIELD), 0, 1)
    with fits.open(target) as hdus:
        assert len(hdus) == 1 or not caplog.messages
    place = {"source": url, "release": "dr17", "retries": 0, "timeout": 1}
    if caplog.messages:
        assert fetch_psfield(FIELD, tmp_path, required=False, **place) is None
        with pytest.raises(InputError, match="psField"):
            fetch_psfield(FIELD, tmp_path, required=True, **place)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("RNROW", 100_000, "a PSF of"), ("nrow_b", 10_000, "a polynomial of 10000")],
)
def test_a_psfield_that_asks_for_gigabytes(tmp_path, name, value, words):
    counts = {"nrow_b": 1, "ncol_b": 1, "RNROW": 3, "RNCOL": 3, name: value}
    columns = [fits.Column(key, "J", array=[count]) for key, count in counts.items()]
    columns.append(fits.Column("c", "25E", dim="(5,5)", array=np.ones((1, 5, 5))))
    columns.append(fits.Column("RROWS", "9E", array=np.ones((1, 9))))
    table = fits.BinTableHDU.from_columns(columns)
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(tmp_path / "p.fit")
    with pytest.raises(InputError, match=words):
        check_psfield(tmp_path / "p.fit")


def test_spans_that_repeat_without_end(tmp_path):
    """A mask of a few kilobytes may cover the frame any number of times."""
    whole = np.array([[y, 0, 2047] for y in range(1489)], ">u2").view(np.uint8).ravel()
    heap = np.empty(3, object)
    heap[:] = [whole] * 3
    columns = [
        fits.Column("nspan", "J", array=[1489] * 3),
        fits.Column("s", "PB()", array=heap),
    ]
    planes = [fits.BinTableHDU.from_columns(columns) for _ in frames.PLANES]
    legend = fits.BinTableHDU.from_columns(
        [
            fits.Column("defName", "20A", array=["S_MASKTYPE"] * len(planes)),
            fits.Column("attributeName", "20A", array=[f"S_MASK_{p}" for p in frames.PLANES]),
            fits.Column("Value", "J", array=np.arange(len(planes))),
        ]
    )
    with pytest.raises(InputError, match="covers more than the frame"):
        frames.mask_spans(fits.HDUList([fits.PrimaryHDU(), *planes, legend]))


def test_an_archive_that_unpacks_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST", 10_000)
    (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(20_000)))
    with pytest.raises(InputError, match="unpacks to more than 10000 bytes"):
        archive.accept(tmp_path / "a.gz", "file:///a.gz", tmp_path / "a", lambda _: None)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("cards", [{"CD1_1": 1e-2}, {"CD1_2": 1.1e-4, "CD2_1": 1.1e-4}])
def test_a_wcs_of_other_pixels_is_refused(cards):
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CD1_1": 1.1e-4})
    header.update({"CRVAL1": 10.0, "CRVAL2": 1.0, "CRPIX1": 1.0, "CRPIX2": 1.0, "CD2_2": 1.1e-4})
    frames.check_scale(frame_wcs(header))
    with pytest.raises(InputError, match="WCS"):
        frames.check_scale(frame_wcs({**header, **cards, "CD1_1": cards.get("CD1_1", 1.2e-4)}))
