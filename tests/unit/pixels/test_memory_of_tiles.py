"""Memory per pixel of a field's bands: a tile of 9,000 x 9,000 pixels takes less than 4 GB.

Each stage holds the planes of one band at a time. The limits are about 1.3 times what it takes.
"""

import tracemalloc

import numpy as np
import pytest
from astropy.io import fits
from given_sky import tilted
from redpix.catalogue.detection_image import prepare_combined, weighted_sum
from redpix.config.given_frame import GivenFrame
from redpix.image import noise
from redpix.pixels import montage_engine, resampling_engines
from redpix.pixels.given_field import prepare_field
from redpix.pixels.register_field import register_field

SIDE = 1000
BANDS = ["g", "r", "i", "z", "y"]


def bytes_per_pixel(function, *arguments):
    """Return the peak of memory of a call, divided by the pixels of a plane."""
    tracemalloc.start()
    try:
        function(*arguments)
        return tracemalloc.get_traced_memory()[1] / SIDE**2
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module")
def tile(tmp_path_factory):
    """Folder with images, weights and masks of five bands."""
    folder = tmp_path_factory.mktemp("tile")
    header = tilted((SIDE, SIDE), 0.2, 0, (150.0, 2.0))
    rng = np.random.default_rng(1)
    for band in BANDS:
        image = rng.standard_normal((SIDE, SIDE), dtype=np.float32)
        fits.writeto(folder / f"{band}.image.fits", image, header)
        fits.writeto(folder / f"{band}.weight.fits", np.ones_like(image))
        mask = np.zeros((SIDE, SIDE), np.int32)
        mask[10:20, 30:90] = 4
        fits.writeto(folder / f"{band}.mask.fits", mask, fits.Header([("MP_SAT", 2)]))
    return folder


def test_stages_hold_one_band_at_a_time(tile, monkeypatch):
    # a part of the rows for the noise and strips for drizzle, as for a tile
    monkeypatch.setattr(noise, "ENOUGH", 50_000)
    monkeypatch.setattr(resampling_engines, "_WHOLE", 0)
    monkeypatch.setattr(resampling_engines, "_STRIP", 16)
    rows = {}
    for band in BANDS:
        paths = [str(tile / f"{band}.{kind}.fits") for kind in ("image", "weight", "mask")]
        rows[band] = list(
            GivenFrame("t", band, paths[0], weight=paths[1], mask=paths[2], zero_point=27.0)
        )
    masks = tile / "masks.fits"
    arguments = tile / "status.json", masks, rows, None, BANDS, "r", tile, "t"
    assert bytes_per_pixel(prepare_field, *arguments) < 40
    frames, errors = ([str(tile / f"{b}{end}.fits") for b in BANDS] for end in ("", ".error"))
    images = [str(tile / f"t-{band}.fits") for band in BANDS]
    arguments = frames, errors, masks, images, BANDS, "r", "drizzle"
    assert bytes_per_pixel(register_field, *arguments) < 40
    monkeypatch.setattr(montage_engine, "_WHOLE", 128 * SIDE)
    r = BANDS.index("r")
    arguments = frames[r : r + 1], errors[r : r + 1], masks, [str(tile / "m.fits")], ["r"], "r"
    assert bytes_per_pixel(register_field, *arguments, "montage") < 40
    for kind in ("chi2", "sum"):
        folder = tile / kind
        folder.mkdir()
        # strips of 256 rows are a quarter of this tile
        assert bytes_per_pixel(prepare_combined, images, kind, folder) < 40, kind
    # strips give the sum of the whole planes
    planes = ([fits.getdata(path, name) for path in images] for name in ("SCI", "ERR"))
    assert np.array_equal(fits.getdata(tile / "sum/combined.sci.fits"), weighted_sum(*planes).image)
