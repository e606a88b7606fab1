"""The page of images: curve of growth, gain and noise given and found, exposures left out."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from redpix.report.camera_facts import camera_facts, gain_in_words, given_noise, psf_facts
from redpix.report.growth_plots import growth_curves, growth_figure, shares_in_circles
from redpix.report.light_curves_section import read_left_out_exposures
from redpix.report.photometry_section import show_images, wanted

SIGMA = 2.0


class Gaussian:
    """A PSF in the form that the curve of growth needs."""

    fwhm, reach = 2.3548 * SIGMA, 30

    def stamps(self, x, y, half, derivatives):
        assert not derivatives
        axis = np.arange(-half, half + 1)
        dx, dy = x[0] - np.rint(x[0]), y[0] - np.rint(y[0])
        square = (axis - dx) ** 2 + ((axis - dy) ** 2)[:, None]
        return [np.exp(-square / (2 * SIGMA**2)) / (2 * np.pi * SIGMA**2)]


def test_circles_have_their_area():
    radius = np.array([1.0, 3.3, 8.0])
    made = shares_in_circles(np.ones((21, 21)), 0.3, -0.2, radius)
    assert made == pytest.approx(np.pi * radius**2, rel=0.02)


def test_a_curve_of_growth_is_that_of_the_stars():
    """A fitted flux that is 10 % low shows as a curve that ends at 1.1."""
    rng = np.random.default_rng(2)
    x, y = rng.uniform(40, 160, (2, 12))
    flux = np.full(12, 1e4)
    stars = pd.DataFrame({"centroid_x": x, "centroid_y": y, "psf_flux": flux, "flags": 0})
    stars.loc[3, "flags"] = 8
    residual = np.zeros((200, 200))
    radius, shares, model = growth_curves(residual, Gaussian(), stars, 1.0)
    expected = 1 - np.exp(-(radius**2) / (2 * SIGMA**2))
    assert shares.shape == (11, 30)
    assert model == pytest.approx(expected, abs=0.025)
    assert shares.mean(axis=0) == pytest.approx(expected, abs=0.025)
    row, column = np.rint(y[0]).astype(int), np.rint(x[0]).astype(int)
    residual[row - 20 : row + 21, column - 20 : column + 21] += (
        0.1 * 1e4 * Gaussian().stamps(x[:1], y[:1], 20, derivatives=False)[0]
    )
    _, shares, _ = growth_curves(residual, Gaussian(), stars.head(1), 1.0)
    assert shares[0, -1] == pytest.approx(1.1, abs=0.01)
    assert growth_figure(radius, shares, model, 4.7).axes


def test_gain_and_noise_are_shown_as_given_and_as_found(tmp_path):
    path = tmp_path / "raw.fits"
    raw = fits.Header({"GAIN": 2.0, "RDNOISE": 6.0, "EXPTIME": 30.0})
    fits.writeto(path, np.zeros((80, 80)), raw)
    residual = np.random.default_rng(3).normal(0, 9.0, (80, 80))
    header = fits.Header({"BUNIT": "count", "GAIN": 1.1, "NOISFROM": "the measured noise"})
    facts = camera_facts(str(path), header, np.full((80, 80), 80.0), residual)
    given = facts["gain and read noise in the header"]
    assert given == "2 electrons per count (GAIN), 6 electrons (RDNOISE)"
    # sqrt(80 / 2 + (6 / 2)^2) = 7
    assert "7 by gain and read noise of the header" in facts["noise"]
    assert float(facts["noise"].split()[0]) == pytest.approx(9, abs=0.4)
    assert camera_facts(str(path), fits.Header({"BUNIT": "nanomaggy"}), residual, residual) == {}


def test_a_flat_field_changes_the_gain_that_noise_is_judged_by(tmp_path):
    path = tmp_path / "raw.fits"
    fits.writeto(path, np.zeros((80, 80)), fits.Header({"GAIN": 2.0, "RDNOISE": 6.0}))
    noise, sky = np.random.default_rng(3).normal(0, 9.0, (80, 80)), np.full((80, 80), 80.0)
    # 1.5 electrons per calibrated count: sqrt(80 / 1.5 + (6 / 1.5)^2)
    header = fits.Header({"BUNIT": "count", "GAIN": 1.5, "GAINFROM": "GAIN"})
    found, expected = given_noise(str(path), header, sky, noise)
    assert expected == pytest.approx(np.sqrt(80 / 1.5 + 16))
    assert found == pytest.approx(9, abs=0.4)
    measured = fits.Header({"BUNIT": "count", "GAIN": 1.5, "GAINFROM": "photon transfer"})
    assert given_noise(str(path), measured, sky, noise)[1] == pytest.approx(7)
    assert given_noise(str(path), fits.Header({"BUNIT": "nanomaggy"}), sky, noise) is None


def test_an_image_that_is_left_out_is_shown_with_its_reason(tmp_path):
    for end in ("calibrated.fits", "residual.fits"):
        header = fits.Header({"LEFTOUT": "bad.fits: HDU 0 is truncated"})
        fits.PrimaryHDU(None, header).writeto(tmp_path / f"bad.{end}")
    (tmp_path / "bad.csv").write_text("peak_x,psf_flux,psf_flux_error\n")
    files = [[str(tmp_path / f"bad.{end}")] for end in ("calibrated.fits", "csv", "residual.fits")]
    shown = show_images(["bad.fits"], *files)
    (image,) = shown["images"]
    assert image["facts"] == {"left out": "bad.fits: HDU 0 is truncated"}
    assert image["pictures"] is None
    assert shown["errors"] is None


def test_many_images_do_not_make_a_page_of_pictures_alone():
    assert [wanted(number) for number in (0, 2, 3, 11, 12, 500)] == [
        *("all", "all", "stars", "stars"),
        *("", ""),
    ]


def test_exposures_that_are_left_out_are_listed_by_field(tmp_path):
    (tmp_path / "light_curves").mkdir()
    table = "field,image,used,reason\na,i1,yes,\na,i2,no,truncated\nb,i3,no,other stars\n"
    (tmp_path / "light_curves/exposures.csv").write_text(table)
    found = read_left_out_exposures(str(tmp_path / "lightcurves.csv"))
    assert found == {"a": ["i2: truncated"], "b": ["i3: other stars"]}
    assert read_left_out_exposures(str(tmp_path / "elsewhere/lightcurves.csv")) == {}


def test_the_gain_of_a_calibrated_image_is_told_apart_from_that_of_the_header():
    header = {"GAIN": 1.5467, "BUNIT": "count", "GAINFROM": "GAIN"}
    expected = "1.55 electrons per calibrated count, the median; from GAIN"
    assert gain_in_words(header) == expected


def test_it_is_said_why_fluxes_of_the_psf_are_not_trusted():
    cards = {"FWHM": 24.7, "PSFSTARS": 4, "FLUXCOL": "aperture_flux", "PSFFAULT": "donuts"}
    facts = psf_facts(cards)
    assert facts["PSF photometry"] == "not trusted: donuts; magnitudes are of aperture_flux"
    for trusted in (cards | {"PSFFAULT": ""}, {"FWHM": 2.0, "PSFSTARS": 50}):
        assert list(psf_facts(trusted)) == ["FWHM"]
