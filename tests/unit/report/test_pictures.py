"""Pictures of a field: colours, shrinking and cutting, against slow loops and closed forms."""

import base64
import io

import numpy as np
import pytest
from astropy.wcs import WCS
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure
from PIL import Image
from redpix.report import field_plots, figures, pictures
from redpix.report.pictures import (
    NO_DATA,
    Marks,
    Picture,
    close_up_corner,
    colour_bands,
    colour_picture,
    cut,
    shrink,
)


def make_wcs(angle=0.3, scale=1.1e-4):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crval = [180.3, 45.2]
    wcs.wcs.crpix = [40.0, 31.5]
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    wcs.wcs.cd = [[-cos, sin], [sin, cos]]
    return wcs


def make_marks(x, y, pixels=None):
    count = len(x)
    pixels = np.full(count, 20) if pixels is None else np.array(pixels)
    classes, redshift = (
        np.array(["GALAXY", "STAR", "QSO", ""])[np.arange(count) % 4],
        np.ones(count),
    )
    return Marks(np.array(x, float), np.array(y, float), pixels, classes, redshift)


@pytest.mark.parametrize(
    ("bands", "expected"),
    [
        ("ugriz", "irg"),
        ("zirgu", "irg"),
        ("griz", "irg"),
        ("uriz", "iru"),
        ("ugz", "zgu"),
        ("ugr", "rgu"),
        ("gz", "zg"),
        ("r", "r"),
    ],
)
def test_colour_bands_are_the_nearest(bands, expected):
    assert colour_bands(list(bands)) == tuple(expected)


def test_shrink_is_the_mean_of_blocks():
    image = np.random.default_rng(1).normal(size=(61, 90)).astype(np.float32)
    image[10, 20] = np.nan
    picture = shrink(image, make_wcs(), largest=30)
    assert picture.factor == 3
    assert picture.values.shape == (20, 30)
    for y in range(20):
        for x in range(30):
            block = image[3 * y : 3 * y + 3, 3 * x : 3 * x + 3]
            if (y, x) == (3, 6):
                assert np.isnan(picture.values[y, x])
            else:
                assert picture.values[y, x] == pytest.approx(block.mean(), abs=1e-6)


def test_shrink_leaves_a_small_image_alone():
    image = np.arange(12.0).reshape(3, 4)
    picture = shrink(image, make_wcs(), largest=4)
    assert picture.factor == 1
    np.testing.assert_array_equal(picture.values, image)


def test_shrunk_and_cut_pictures_are_at_their_place_on_the_sky():
    wcs = make_wcs()
    image = np.zeros((61, 90))
    x, y = np.array([0.0, 7.0, 55.5, 89.0]), np.array([0.0, 33.0, 12.25, 60.0])
    sky = wcs.all_pix2world(x, y, 0)
    for picture in (shrink(image, wcs, 30), shrink(image, wcs, 10), cut(image, wcs, (17, 5), 30)):
        by_wcs = picture.wcs.all_world2pix(*sky, 0)
        np.testing.assert_allclose(picture.transform(x, y), by_wcs, atol=1e-7)


def test_extent_is_in_pixels_of_the_image():
    assert Picture(np.zeros((20, 30)), None, factor=3).extent() == (-0.5, 89.5, -0.5, 59.5)
    assert cut(np.zeros((61, 90)), make_wcs(), (80, 50), 30).extent() == (79.5, 89.5, 49.5, 60.5)


def sun(magnitude, bands):
    """Return the fluxes of a star with solar colours: u-g 1.43, g-r 0.44, r-i 0.11, i-z 0.03."""
    colours = {"u": 1.43 + 0.44, "g": 0.44, "r": 0, "i": -0.11, "z": -0.11 - 0.03}
    return [10 ** (0.4 * (22.5 - magnitude - colours[band])) for band in bands]


@pytest.mark.parametrize("bands", ["irg", "zru", "zg"])
def test_a_star_like_the_sun_is_white_and_a_redder_one_red(bands):
    generator = np.random.default_rng(2)
    white = sun(19, bands)
    images = [flux * generator.normal(0, 0.001, (40, 40)) for flux in white]
    tint = dict(zip(bands, np.linspace(1.5, 0.67, len(bands)), strict=True))
    for image, flux, band in zip(images, white, bands, strict=True):
        image[20, 20] = 0.1 * flux
        image[20, 30] = 0.1 * flux * tint[band]
        image[20, 10] = 0.1 * flux / tint[band]
    picture = colour_picture(images, bands).astype(int)
    assert picture[20, 20].min() > 100
    assert np.ptp(picture[20, 20]) <= 3
    assert picture[20, 30, 0] > picture[20, 30, 1] + 10 > picture[20, 30, 2] + 20
    assert picture[20, 10, 0] + 20 < picture[20, 10, 1] + 10 < picture[20, 10, 2]


def test_a_picture_gets_brighter_with_flux_and_is_grey_without_data():
    image = np.random.default_rng(3).normal(0, 0.03, (50, 60))
    image[25, 10:50] = np.geomspace(0.1, 300, 40)
    image[0, :7] = np.nan
    picture = colour_picture([image], "g")
    assert picture.dtype == np.uint8
    assert picture.shape == (50, 60, 3)
    assert np.all(np.ptp(picture, axis=2) == 0)
    assert np.all(picture[0, :7] == NO_DATA)
    steps = np.diff(picture[25, 10:50, 0].astype(int))
    assert np.all(steps >= 0)
    assert steps.sum() > 150
    assert 5 < np.median(picture[1:20]) < 60  # the sky is dark, not black


def test_pictures_of_nothing():
    assert np.all(colour_picture([np.full((4, 5), np.nan)], "r") == NO_DATA)
    assert np.ptp(colour_picture([np.zeros((4, 5))] * 3, "irg")) == 0


def test_the_close_up_holds_most_objects_found():
    generator = np.random.default_rng(4)
    x, y = generator.uniform(0, 400, 150), generator.uniform(0, 300, 150)
    pixels = generator.integers(0, 2, 150)
    marks = make_marks(x, y, pixels)
    counts = {}
    for bottom in range(0, 201, 50):
        for left in range(0, 301, 50):
            inside = [
                left <= a < left + 100 and bottom <= b < bottom + 100 and n > 0
                for a, b, n in zip(x, y, pixels, strict=True)
            ]
            counts[left, bottom] = sum(inside)
    left, bottom = close_up_corner(np.zeros((300, 400)), marks, 100)
    assert counts[left, bottom] == max(counts.values())


def test_the_close_up_keeps_away_from_empty_corners():
    image = np.zeros((300, 400))
    image[:100, :100] = np.nan
    marks = make_marks([60, 60, 60, 350], [60, 61, 62, 250])
    left, bottom = close_up_corner(image, marks, 100)
    assert left <= 350 < left + 100
    assert bottom <= 250 < bottom + 100


def test_the_close_up_of_an_image_smaller_than_itself():
    assert close_up_corner(np.zeros((30, 40)), make_marks([5], [5]), 100) == (0, 0)


def fields_figure(marks):
    image = np.random.default_rng(5).normal(0, 0.03, (150, 120)).astype(np.float32)
    small = shrink(image, make_wcs(), 50)
    field = small._replace(values=colour_picture([small.values], "r"))
    close_up = cut(colour_picture([image], "r"), make_wcs(), (30, 45), 60)
    return field_plots.field_figure(field, close_up, marks)


def test_objects_are_circled_where_they_are():
    marks = make_marks([10, 31.5, 100, 60], [20, 75, 140, 100], [9, 100, 0, 25])
    with figures.house_style():
        figure = fields_figure(marks)
    left, right = figure.axes
    for axes, factor, corner in ((left, 3, (0, 0)), (right, 1, (30, 45))):
        places = [np.ravel(item.get_offsets()) for item in axes.collections]
        kinds = [isinstance(item, EllipseCollection) for item in axes.collections]
        assert kinds == [True, True, True, False]
        # one collection per class, in the order of the legend, then the object that is not found
        expected = np.array([(10, 20), (31.5, 75), (60, 100), (100, 140)])
        np.testing.assert_allclose(places, (expected - corner + 0.5) / factor - 0.5)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["GALAXY: 1", "STAR: 1", "class unknown: 1", "not found: 1"]
    # the close-up names the redshifts of its objects, except where the words would be cut off
    assert [text.get_text() for text in right.texts] == ["1.000"]


def test_axes_and_colour_bars_are_named_with_units():
    generator = np.random.default_rng(6)
    image = generator.normal(0, 0.03, (60, 90)).astype(np.float32)
    picture = shrink(image, make_wcs(), 40)
    with figures.house_style():
        figure = field_plots.band_figure(picture, picture, picture, "g")
        sky = fields_figure(make_marks([], []))
    names = [axes.get_xlabel() for axes in figure.axes]
    assert names.count("nanomaggies per pixel") == 3
    assert names.count("x (pixels)") == 2
    for axes in (figure.axes[-2], *sky.axes):
        labels = [axis.get_axislabel() for axis in axes.coords]
        assert labels == ["Right ascension (deg)", "Declination (deg)"]


@pytest.mark.parametrize("photograph", [True, False])
def test_a_figure_is_the_same_bytes_each_time(photograph):
    uris = []
    for _ in range(2):
        with figures.house_style():
            figure = fields_figure(make_marks([50], [60]))
            uris.append(figures.data_uri(figure, photograph))
    assert uris[0] == uris[1]
    head, data = uris[0].split(",")
    assert head == "data:image/webp;base64"
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    assert picture.format == "WEBP"
    assert min(picture.size) > 500
    assert "Software" not in picture.info


def test_a_figure_is_whole_where_it_reaches_beyond_its_canvas():
    with figures.house_style():
        figure = Figure(figsize=(3, 2), layout="constrained")
        figure.text(0.8, 0.5, "beyond the canvas", color="red")
        pixels = figures.drawn(figure).astype(int)
        alone = Figure(figsize=(6, 2))
        alone.text(0.1, 0.5, "beyond the canvas", color="red")
        whole = figures.drawn(alone).astype(int)
    red = [(one[..., 0] - one[..., 1] > 100).any(axis=0).sum() for one in (pixels, whole)]
    assert red[0] == pytest.approx(red[1], abs=3)


def test_a_part_has_the_colours_of_the_whole():
    images = np.random.default_rng(1).normal(0, 1, (3, 60, 60))
    whole = pictures.colour_picture(images, "irg")
    noise = pictures.colour_noise(images, "irg")
    window = slice(10, 30), slice(20, 45)
    part = pictures.colour_picture([image[window] for image in images], "irg", noise)
    assert np.abs(part.astype(int) - whole[window]).max() <= 1
