"""Programs work in a temporary folder whose name has blanks and more than 240 characters."""

import tempfile

import numpy as np
import pytest
from astropy.wcs import WCS
from redpix.core.exceptions import InputError
from redpix.core.programs import find_tool
from redpix.pixels import resampling_engines
from redpix.pixels.grid import Grid
from redpix.psf.sextractor import copied_settings, run_sextractor
from test_full_disk import SETTINGS, stars


@pytest.fixture
def long(tmp_path, monkeypatch):
    """A long temporary folder in which `tempfile` makes others."""
    folder = tmp_path / "a b" / ("t" * 120) / ("ü" * 60)
    folder.mkdir(parents=True)
    assert len(str(folder).encode()) > 240
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize("engine", ["montage", "swarp"])
def test_montage_and_swarp(long, engine):
    try:
        find_tool(engine)
    except InputError:
        pytest.skip(f"{engine} is not installed")
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.cdelt = ("RA---TAN", "DEC--TAN"), (10, 1), (-1e-4, 1e-4)
    wcs.wcs.crpix = 20, 20
    image = np.random.default_rng(1).normal(size=(40, 40)).astype("f4")
    found = resampling_engines.engine(engine)[0](image, wcs, Grid(wcs, (40, 40)))
    np.testing.assert_allclose(found[8:-8, 8:-8], image[8:-8, 8:-8], atol=1e-3)
    assert list(long.iterdir()) == []


def test_sextractor(long):
    with tempfile.TemporaryDirectory() as name:
        folder = type(long)(name)
        inputs = stars(folder)
        paths = {
            "config": SETTINGS / "sources.sex",
            "parameters": SETTINGS / "detections.param",
            "filter": SETTINGS / "sources.conv",
        }
        settings = copied_settings(paths, folder)
        products = folder / "table.fits", folder / "map.fits"
        run_sextractor(inputs, inputs, *products, settings, {})
        assert all(path.stat().st_size for path in products)
