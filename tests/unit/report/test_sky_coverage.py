"""MOC and DS9 regions that the page offers for download."""

import io
from urllib.parse import unquote

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy_healpix import HEALPix
from redpix.report import sky_coverage
from regions import Regions
from test_pixel_layers import wcs_of

SHAPE = (1400, 1900)


def inside(cells, ra, dec):
    """Whether places lie in the cells."""
    found = np.zeros(len(ra), bool)
    for order, numbers in cells.items():
        grid = HEALPix(nside=2**order, order="nested")
        found |= np.isin(grid.lonlat_to_healpix(ra * units.deg, dec * units.deg), numbers)
    return found


def test_a_moc_covers_the_image_and_little_more():
    wcs = wcs_of()
    cells = sky_coverage.coverage(wcs, np.ones(SHAPE, bool))
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-0.5, SHAPE[1] - 0.5, 3000), rng.uniform(-0.5, SHAPE[0] - 0.5, 3000)
    assert inside(cells, *wcs.all_pix2world(x, y, 0)).mean() > 0.999
    area = sum(len(one) * 4 * np.pi / (12 * 4**order) for order, one in cells.items())
    image = SHAPE[0] * SHAPE[1] * np.radians(1.1e-4) ** 2
    border = 2 * (SHAPE[0] + SHAPE[1]) * np.radians(1.1e-4) * np.radians(0.43 / 60)
    assert image < area < image + 1.5 * border
    assert len(cells) > 2  # full cells are joined


def test_a_moc_leaves_out_pixels_without_data():
    wcs, data = wcs_of(), np.ones(SHAPE, bool)
    data[:, 950:] = False
    cells = sky_coverage.coverage(wcs, data)
    assert inside(cells, *wcs.all_pix2world([100.0, 900.0], [700.0, 700.0], 0)).all()
    assert not inside(cells, *wcs.all_pix2world([1100.0, 1800.0], [700.0, 700.0], 0)).any()
    assert sky_coverage.moc_uri(wcs, np.zeros(SHAPE, bool)) == ""


def test_the_file_follows_the_standard():
    cells = {12: np.array([5]), 13: np.array([40, 41])}
    with fits.open(io.BytesIO(sky_coverage.moc_file(cells))) as hdus:
        header, rows = hdus[1].header, hdus[1].data["UNIQ"].tolist()
    assert rows == [4**13 + 5, 4**14 + 40, 4**14 + 41]
    assert (header["ORDERING"], header["MOCORDER"], header["COORDSYS"]) == ("NUNIQ", 13, "C")


def test_regions_lie_where_the_objects_are():
    wcs = wcs_of()
    marks = [{"x": 0.0, "y": 9.5, "r": 4.0, "label": "7}\n1"}]
    text = unquote(sky_coverage.regions_uri(marks, wcs).partition(",")[2])
    (region,) = Regions.parse(text, format="ds9")
    ra, dec = wcs.all_pix2world(0.0, 9.5, 0)
    assert region.center.separation(SkyCoord(ra, dec, unit="deg")).arcsec < 0.01
    assert region.radius.to_value("arcsec") == pytest.approx(4 * 1.1e-4 * 3600, rel=1e-3)
    assert text.count("\n") == 3
    assert "text={7 1}" in text
