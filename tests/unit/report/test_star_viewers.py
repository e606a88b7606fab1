"""Stars of the viewer and their light curves; the PSF over an image."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from redpix.report import star_viewers
from redpix.report.photometry_plots import calibration_figure
from redpix.report.psf_field_plots import psf_over_field, psf_over_field_figure, width_errors
from redpix.report.star_pictures import cell_error

CURVES = pd.DataFrame(
    {
        "field": "m67",
        "star": [1, 2, 1, 2],
        "image": ["a", "a", "b", "b"],
        "mjd": [58000.123456, 58000.123456, np.nan, np.nan],
        "x": [10.004, 20.0, 11.0, 21.0],
        "y": [5.0, 6.0, 5.0, 6.0],
        "relative_flux": [1.0, 1.2, 0.9, np.nan],
        "relative_error": [0.01, 0.02, 0.01, 0.02],
        "flags": [0, 0, 8, 0],
    }
)
SCATTER = pd.DataFrame(
    {
        "field": "m67",
        "star": [1, 2, 3],
        "flux": [900.0, 100.0, 50.0],
        "magnitude": [12.0, np.nan, np.nan],
        "scatter": [0.1, 0.2, np.nan],
        "expected": [0.05, 0.1, 0.1],
        "flags": [0, 1, 0],
    }
)


def test_a_star_of_an_image_has_its_light_curve():
    table = pd.DataFrame({"centroid_x": [20.0, 10.0, 33.0], "centroid_y": [6.0, 5.0, 3.0]})
    of_image = CURVES[CURVES["image"] == "a"]
    assert star_viewers.curve_keys(table, of_image, {"m67 1", "m67 2"}) == ["m67 2", "m67 1", None]
    assert star_viewers.curve_keys(table, of_image, {"m67 1"}) == [None, "m67 1", None]
    assert star_viewers.curve_keys(table, None, {"m67 1"}) == [None] * 3


def test_without_all_times_exposures_are_counted():
    curves = star_viewers.curves_of(CURVES, {"m67 1", "m67 2"})
    assert curves["m67 1"]["t"] == [0, 1]
    assert curves["m67 2"]["flux"] == [1.2, None]
    assert curves["m67 1"]["flags"] == [0, 8]
    timed = star_viewers.curves_of(CURVES.head(2), {"m67 1"})
    assert timed == {
        "m67 1": {"t": [58000.123456], "flux": [1.0], "error": [0.01], "flags": [0]},
    }


def test_a_star_without_scatter_is_left_out_and_magnitudes_come_from_fluxes():
    rows = star_viewers.scatter_of(SCATTER, {"m67 1", "m67 2", "m67 3"})
    assert rows == [["m67 1", 12.0, 0.1, 0.05, False], ["m67 2", -5.0, 0.2, 0.1, True]]


def test_the_brightest_stars_have_curves_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(star_viewers, "MOST_POINTS", 5)  # two exposures each
    assert star_viewers.choose_curves(SCATTER, CURVES) == {"m67 1", "m67 2"}


def test_a_mark_names_the_flags_of_its_star():
    row = {"centroid_x": 1.234, "centroid_y": 5, "psf_flux": 1234.5, "psf_flux_error": 3.2}
    mark = star_viewers.star_mark({**row, "flags": 1 + 8, "magnitude": np.nan}, "m 1", 6.0)
    assert mark["text"] == "x 1.23, y 5.00; psf_flux 1,234.5 ± 3.2; flags: SATURATED, BLENDED"
    assert mark["key"] == "m 1"
    clean = star_viewers.star_mark({**row, "flags": 0}, None, 6.0)
    assert clean["text"].endswith("without flags")
    assert "key" not in clean
    assert clean["colour"] != mark["colour"]


@pytest.mark.parametrize(
    "cards",
    [
        {},
        {"CTYPE1": "LINEAR", "CTYPE2": "LINEAR"},
        {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": "x", "CRPIX1": 1.0},
    ],
)
def test_an_image_without_a_usable_wcs_has_no_sky_coordinates(cards):
    assert star_viewers.usable_wcs(fits.Header(cards), "a") is None


class Widening:
    """A Gaussian PSF whose width grows along x."""

    fwhm = 2.3548 * 1.8  # in the middle of the image

    def stamps(self, x, y, half, derivatives):
        assert not derivatives
        axis = np.arange(-half, half + 1)
        square = axis**2 + axis[:, None] ** 2
        sigma = (1.5 + x / 1000)[:, None, None]
        return np.exp(-square / (2 * sigma**2)) / (2 * np.pi * sigma**2)


def test_the_width_of_the_psf_is_measured_at_nine_places():
    x, y, stamps, widths = psf_over_field(Widening(), (300, 600), half=8)
    assert x.tolist() == [100, 300, 500] * 3
    assert y.tolist() == [50] * 3 + [150] * 3 + [250] * 3
    assert widths == pytest.approx(2.3548 * (1.5 + x / 1000), rel=0.02)
    titles = [axes.get_title() for axes in psf_over_field_figure(x, y, stamps, widths).axes]
    assert titles[6].startswith("x 100, y 50")  # below, on the left


@pytest.mark.parametrize("degree", [0, 1])
def test_the_error_of_a_width_is_that_of_its_fit_to_stars(degree):
    """Of many fits to simulated stars, the scatter at a place is the error that is stated."""
    rng = np.random.default_rng(4)
    psf = SimpleNamespace(degree=degree, shape=(300, 600), fwhm=4.0, stars=60)
    places = np.array([300.0, 590.0]), np.array([150.0, 290.0])
    found, stated = [], []
    for _ in range(200):
        x, y = rng.uniform(0, 600, 60), rng.uniform(0, 300, 60)
        width = 1.7 * rng.normal(1, 0.05, 60)
        stars = pd.DataFrame({"centroid_x": x, "centroid_y": y, "width_x": width, "width_y": width})
        stated.append(width_errors(psf, stars.assign(flags=0), *places))
        terms = np.stack([np.ones(60), x, y][: 1 + 2 * degree], axis=1)
        fit = np.linalg.lstsq(terms, width / 1.7, rcond=None)[0]
        found.append(np.stack([np.ones(2), *places][: 1 + 2 * degree], axis=1) @ fit)
    assert np.mean(stated, axis=0) == pytest.approx(4.0 * np.std(found, axis=0), rel=0.2)


def test_with_few_stars_a_width_has_no_error():
    psf = SimpleNamespace(degree=1, shape=(300, 600), fwhm=4.0, stars=60)
    one = {"centroid_x": 5.0, "centroid_y": 6.0, "width_x": 1.7, "width_y": 1.6, "flags": 0}
    few = pd.DataFrame([one] * 5)
    for stars in (few, few.drop(columns="width_x")):
        assert np.isnan(width_errors(psf, stars, np.zeros(2), np.zeros(2))).all()


def test_noise_of_a_background_is_not_stretched_to_structure():
    rng = np.random.default_rng(5)
    sky = rng.normal(0, 10.0, (128, 128))
    sky[:9] = np.nan
    error = cell_error(sky, 32)
    cells = [np.median(rng.normal(0, 10.0, (32, 32))) for _ in range(800)]
    assert error == pytest.approx(np.std(cells), rel=0.1)
    assert cell_error(sky, None) == 0
    noise = 180 + rng.normal(0, error, (128, 128))
    figure = calibration_figure(sky, sky, noise, "counts", error)
    low, high = figure.axes[2].images[0].get_clim()
    assert high - low > 11.9 * error
    slope = calibration_figure(sky, sky, np.linspace(0, 500, 128**2).reshape(sky.shape), "x", error)
    assert slope.axes[2].images[0].get_clim() == pytest.approx((2.5, 497.5), abs=0.1)
