"""Layers of the page's viewer keep values, coordinates and names."""

import base64
import io

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from PIL import Image
from redpix.report import pixel_layers, pixel_viewer


def bytes_of(uri, kind="L"):
    """Bytes of a picture with the first row at the bottom."""
    data = base64.b64decode(uri.removeprefix("data:image/webp;base64,"))
    return np.asarray(Image.open(io.BytesIO(data)).convert(kind))[::-1].astype(int)


def wcs_of(ra=180.0, dec=45.0, scale=1.1e-4):
    """North-up tangential WCS, degrees per pixel."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [700.5, 500.5]
    wcs.wcs.cd = [[-scale, 0], [0, scale]]
    return wcs


def test_values_of_an_image_survive_to_a_quarter_of_the_noise_or_two_per_cent():
    rng = np.random.default_rng(1)
    values = 100 + rng.normal(0, 2.0, (90, 120))
    values[40, 50:60] = 100 + 2.0 * np.geomspace(5, 9000, 10)
    values[3, 4] = np.nan
    layer = pixel_layers.asinh_layer("image", values, "counts")
    levels = bytes_of(layer["uri"])
    sky, soft, below, steps = layer["asinh"]
    back = sky + soft * np.sinh((levels - below) / steps)
    assert (levels == 0).sum() == 1
    assert levels[3, 4] == 0
    inside = levels > 0
    error = np.abs(back - values)[inside]
    assert (error <= np.maximum(0.27 * 2.0, 0.02 * np.abs(values - sky)[inside])).all()


def test_equal_steps_have_half_a_step_of_error():
    values = np.linspace(0.02, 0.05, 600).reshape(20, 30)
    layer = pixel_layers.linear_layer("error", values, "nanomaggies", steps=60)
    low, step, _ = layer["linear"]
    back = low + (bytes_of(layer["uri"]) - 1) * step
    below = values <= np.percentile(values, 99.9)
    assert np.abs(back - values)[below].max() <= 0.51 * step
    assert step == pytest.approx(0.03 / 60, rel=0.01)


@pytest.mark.parametrize("values", [np.full((5, 4), np.nan), np.full((5, 4), 7.0)])
def test_an_image_without_contrast_is_a_layer(values):
    for make in (pixel_layers.asinh_layer, pixel_layers.linear_layer):
        layer = make("a", values, "counts")
        assert bytes_of(layer["uri"]).shape == (5, 4)


def test_segments_beyond_255_keep_their_names():
    labels = np.arange(400).reshape(20, 20)
    found = bytes_of(pixel_layers.label_layer("s", labels, range(399))["uri"], "RGB")
    assert (found[..., 0] + 256 * found[..., 1] == labels).all()


def interpolated(table, shape, x, y):
    """Return the direction that the page finds at a place, degrees."""
    n = table["n"]
    across = (x + 0.5) / shape[1] * (n - 1)
    up = (y + 0.5) / shape[0] * (n - 1)
    column, row = min(int(across), n - 2), min(int(up), n - 2)
    u, v = across - column, up - row
    weights = np.outer([1 - v, v], [1 - u, u])
    planes = [np.reshape(table[name], (n, n)) for name in "xyz"]
    cut = (slice(row, row + 2), slice(column, column + 2))
    a, b, c = ((weights * plane[cut]).sum() for plane in planes)
    return SkyCoord(x=a, y=b, z=c, representation_type="cartesian")


@pytest.mark.parametrize(
    ("options", "shape", "places"),
    [
        ({"ra": 0.01}, (1000, 1200), 9),  # across right ascension 0
        ({"dec": 89.97}, (500, 600), 9),  # with the pole
        ({"dec": -89.9, "scale": 1.1e-3}, (3000, 2000), 65),  # three degrees
    ],
)
def test_sky_coordinates_between_the_places_are_those_of_the_wcs(options, shape, places):
    wcs = wcs_of(**options)
    table = pixel_viewer.sky_table(wcs, shape)
    assert table["n"] <= places
    for share in ((0, 0), (0.513, 0.707), (0.33, 0.01), (0.99, 0.99)):
        x, y = share[0] * shape[1], share[1] * shape[0]
        true = SkyCoord(*wcs.all_pix2world(x, y, 0), unit="deg")
        found = SkyCoord(interpolated(table, shape, x, y).spherical, frame="icrs")
        assert found.separation(true).arcsec < 0.05


def test_galactic_coordinates_become_equatorial_ones():
    wcs = wcs_of()
    wcs.wcs.ctype = ["GLON-TAN", "GLAT-TAN"]
    table = pixel_viewer.sky_table(wcs, (50, 60))
    found = SkyCoord(interpolated(table, (50, 60), 20, 30).spherical, frame="icrs")
    galactic = SkyCoord(*wcs.all_pix2world(20, 30, 0), unit="deg", frame="galactic")
    assert found.separation(galactic).arcsec < 0.05


def test_without_a_wcs_no_coordinates_are_given():
    assert pixel_viewer.sky_table(None, (5, 6)) is None
