"""Stars that brighten or fade: one clean row at the star, with the flux that changed."""

import fits_sky
import numpy as np
import pandas as pd
import pytest
import subtraction_sky
from astropy.io import fits
from redpix.astrometry.flux_scatter import flux_scatter
from redpix.subtraction.star_places import fit_point
from redpix.subtraction.transient_places import climb, interpolated, without_neighbours


def test_the_change_of_a_bright_star_lies_on_the_star():
    """A relative error of 2 % damps the score of a star on its top, and not on its flank."""
    rows, columns = np.indices((61, 61))
    alpha = -4e4 * np.exp(-((columns - 30.3) ** 2 + (rows - 29.8) ** 2) / (2 * 2.4**2))
    scorr = alpha / np.sqrt(300.0**2 + (0.02 * 5 * alpha) ** 2)
    beside = scorr.copy()
    beside[29, 26] *= 1.05
    x, y = climb(beside, alpha, np.array([26]), np.array([29]), 6.0, 10)
    assert (x[0], y[0]) == (30, 30)
    # the top is out of reach, or below the threshold: the peak stays where it is
    for threshold, farthest in ((6.0, 2), (9.99, 10)):
        x, y = climb(beside, alpha, np.array([26]), np.array([29]), threshold, farthest)
        assert (x[0], y[0]) == (26, 29)


def test_of_two_neighbours_the_more_significant_stays():
    x, y = np.array([10, 13, 40]), np.array([10, 8, 40])
    kept = without_neighbours(x, y, np.array([5.0, 9.0, 2.0]), reach=4)
    assert np.array_equal(kept, [[13, 40], [8, 40]])


def test_a_flux_between_pixels_is_that_of_the_profile():
    rows, columns = np.indices((40, 40))
    image = np.exp(-((columns - 20.4) ** 2 + (rows - 19.7) ** 2) / (2 * 2.0**2))
    assert interpolated(image, np.array([20.4]), np.array([19.7]))[0] == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize("true", [0.0, 0.01, 0.03])
def test_scatter_of_flux_ratios_is_that_of_constant_stars(true):
    """Two of the brightest stars vary, and the errors of faint stars are twice too large."""
    rng, measured = np.random.default_rng(3), []
    for _ in range(100):
        error = 10 ** rng.uniform(-2.7, -1.4, 30)
        ratio = 1 + rng.standard_normal(30) * np.hypot(np.minimum(error, 0.01), true)
        ratio[np.argsort(error)[:2]] += [0.15, -0.25]
        measured.append(flux_scatter(ratio, error))
    assert np.median(measured) == pytest.approx(true, abs=0.002 + 0.15 * true)


def test_errors_of_star_places_are_what_they_scatter_by():
    rng, pulls = np.random.default_rng(4), []
    psf = subtraction_sky.gaussian(1.7)
    for _ in range(60):
        x, y = rng.uniform(14, 16, 2)
        image = 30 + subtraction_sky.light((30, 30), [x], [y], [3000.0], 1.7)
        image += rng.normal(0, 5, image.shape)
        fit = fit_point(image, psf, 5.0, x + 0.4, y - 0.3, 4.0)
        pulls += [(fit.place - (x, y)) / fit.error]
    assert np.sqrt(np.mean(np.square(pulls))) == pytest.approx(1, abs=0.2)
    assert fit_point(-image, psf, 5.0, 15, 15, 4.0) is None


def test_variable_stars_of_a_pair_are_clean_rows(strangers, tmp_path):
    """Perfect PSFs, six stars changed by 0.15 mag beside two that appear."""
    folder = strangers / "pairs"
    science, reference = (str(folder / name) for name in ("var_sci.fits", "base_ref.fits"))
    products = fits_sky.subtract(science, reference, tmp_path)
    found = pd.read_csv(products.transients)
    with fits.open(products.difference) as hdus:
        seen = np.isfinite(hdus["D"].data)
    x, y, _, change = np.load(folder / "var_idx.npy").T
    inside = (y > 0) & (x < 480)
    assert inside.sum() == 6
    for place_x, place_y, flux in zip(x[inside], y[inside], change[inside], strict=True):
        assert seen[round(place_y), round(place_x)]
        away = np.hypot(found["x"] - place_x, found["y"] - place_y)
        assert np.sum(away < 8) == 1
        row = found.loc[away.idxmin()]
        assert away.min() < 0.1
        assert row["flags"] == 0
        assert row["kind"] == ("brighter" if flux > 0 else "fainter")
        assert abs(row["flux"] - flux) < 3 * row["flux_error"]
        assert row["flux_error"] < 0.08 * abs(flux)


@pytest.mark.parametrize(("reference", "change"), [("cep1.fts", -0.162), ("cep13.fts", 0.277)])
def test_a_cepheid_in_a_crowded_field(strangers, tmp_path, reference, change):
    """Changes in magnitude, from the new image to the reference, are those of apertures."""
    folder = strangers / "pairs"
    science, reference = (str(folder / name) for name in ("cep61w.fits", reference))
    products = fits_sky.subtract(
        science, reference, tmp_path, registration="sources", background_mesh=128
    )
    found = pd.read_csv(products.transients)
    away = np.hypot(found["x"] - 258.3, found["y"] - 202.7)
    assert np.sum(away < 10) == 1
    row = found.loc[away.idxmin()]
    assert away.min() < 0.3
    assert row["flags"] == 0
    assert row["kind"] == ("brighter" if change < 0 else "fainter")
    # the star has 126 000 counts within 12 pixels, and 3.3 % of its light lies beyond
    total = 126000 / 0.967 * (1 - 10 ** (0.4 * change))
    assert row["flux"] == pytest.approx(total, rel=0.05)
    assert abs(row["flux"] - total) < 2 * row["flux_error"]
    assert row["score"] > 0.5
    header = fits.getheader(products.difference, "D")
    assert 0.95 < header["SCORRSKY"] < 1.05
    assert "WARN1" not in header
