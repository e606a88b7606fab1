"""MOC and DS9 regions that the page offers for download."""

import io
from urllib.parse import unquote

import numpy as np
from astropy import units
from astropy.io import fits
from astropy_healpix import HEALPix
from redpix.report import sky_coverage
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
    cells = sky_coverage.coverage(wcs, SHAPE)
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-0.5, SHAPE[1] - 0.5, 3000), rng.uniform(-0.5, SHAPE[0] - 0.5, 3000)
    assert inside(cells, *wcs.all_pix2world(x, y, 0)).mean() > 0.999
    area = sum(len(one) * 4 * np.pi / (12 * 4**order) for order, one in cells.items())
    image = SHAPE[0] * SHAPE[1] * np.radians(1.1e-4) ** 2
    border = 2 * (SHAPE[0] + SHAPE[1]) * np.radians(1.1e-4) * np.radians(0.43 / 60)
    assert image < area < image + 1.5 * border
    assert len(cells) > 2  # full cells are joined


def test_the_file_follows_the_standard():
    cells = {12: np.array([5]), 13: np.array([40, 41])}
    with fits.open(io.BytesIO(sky_coverage.moc_file(cells))) as hdus:
        header, rows = hdus[1].header, hdus[1].data["UNIQ"].tolist()
    assert rows == [4**13 + 5, 4**14 + 40, 4**14 + 41]
    assert (header["ORDERING"], header["MOCORDER"], header["COORDSYS"]) == ("NUNIQ", 13, "C")


def test_regions_count_pixels_from_one():
    marks = [{"x": 0.0, "y": 9.5, "r": 4.0, "label": "7"}]
    text = unquote(sky_coverage.regions_uri(marks).partition(",")[2])
    assert text.splitlines()[1:] == ["image", "circle(1.000,10.500,4.00) # text={7}"]
