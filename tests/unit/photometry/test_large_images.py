"""Large images are worked on in strips: stars and cosmic rays on their borders are as elsewhere."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from redpix.image.strips import ROWS, strips
from redpix.photometry import ccd
from redpix.photometry.detection import detect
from redpix.photometry.measured_exposure import MeasuredExposure
from redpix.photometry.nearest_known import nearest_known
from redpix.photometry.quality import FLAGS
from redpix.photometry.saturated_stars import saturated_stars
from redpix.photometry.scene import Scene
from star_bound import TruePsf
from star_field import Moffat, draw

PROFILE = Moffat(2.8)


@pytest.mark.parametrize("number", [1, ROWS, ROWS + 1, 3 * ROWS - 5])
def test_strips_cover_each_row_once(number):
    rows = np.arange(number)
    made = strips(number, 7)
    inner = np.concatenate([rows[strip.wide][strip.inner] for strip in made])
    assert np.array_equal(inner, rows)
    assert np.array_equal(np.concatenate([rows[strip.rows] for strip in made]), rows)
    for strip in made:
        assert strip.wide.start == max(strip.rows.start - 7, 0)
        assert strip.wide.stop == min(strip.rows.stop + 7, number)


def tall(seed=2):
    """Return an image of two strips without sky, with stars on their border."""
    rng = np.random.default_rng(seed)
    y = np.array([ROWS - 3.2, ROWS - 0.5, ROWS + 2.4, ROWS + 40.0, 200.3])
    x = np.array([12.2, 25.4, 39.7, 20.0, 30.1])
    image = draw((ROWS + 60, 52), x, y, np.full(5, 3000.0), PROFILE, 0.01)
    return rng.poisson(image + 100) - 100.0, x, y


def test_stars_on_the_border_of_strips_are_detected_as_elsewhere():
    image, x, y = tall()
    plane = np.ones(image.shape)
    psf = TruePsf(PROFILE, image.shape, PROFILE.fwhm, reach=20)
    stars, ratio = detect(Scene(image, 100 * plane, plane), psf, 10.0, with_ratio=True)
    assert len(stars.x) == 5
    order = np.argsort(x)[np.argsort(np.argsort(stars.x))]
    assert stars.x == pytest.approx(x[order], abs=0.2)
    assert stars.y == pytest.approx(y[order], abs=0.2)
    low = ROWS - 60  # the border lies within the only strip of a cut-out
    part = Scene(image[low:], 100 * plane[low:], plane[low:])
    cut, cut_ratio = detect(part, psf, 10.0, with_ratio=True)
    near = stars.y > low + 10
    assert cut.y + low == pytest.approx(stars.y[near], abs=1e-3)
    assert cut_ratio == pytest.approx(ratio[near], rel=1e-3)


def test_cosmic_rays_on_the_border_of_strips_are_found_as_elsewhere():
    image, _, _ = tall()
    rays = [(ROWS - 1, 5), (ROWS, 6), (ROWS, 47), (ROWS + 20, 30)]
    for row, column in rays:
        image[row, column] += 900
    masks = []
    for low in (0, ROWS - 200):
        mask = np.zeros(image.shape, np.int16)
        ccd.mark_cosmic_rays(image[low:], mask[low:], 100.0, 1.0, 3.0, 2.8)
        masks.append(mask)
    assert all(masks[0][ray] for ray in rays)
    assert np.array_equal(*(mask[ROWS - 100 :] for mask in masks))


def test_groups_of_saturated_pixels_keep_their_labels():
    mask = np.zeros((60, 50), np.int16)
    mask[10:15, 20:24] = mask[40:43, 7:10] = mask[11, 22:40] = 4
    mask[30, 30] = 4  # a hot pixel
    x, y, labels = saturated_stars(mask)
    assert np.unique(labels).tolist() == [0, 1, 2]
    assert [(labels == n).sum() for n in (1, 2)] == [20 + 16, 9]
    assert np.column_stack([x, y]) == pytest.approx(np.array([[21.5, 12], [8, 41]]), abs=0.8)
    assert labels[30, 30] == 0


def test_a_pixel_without_a_value_takes_the_nearest():
    y, x = np.mgrid[:90, :80]
    plane = 100.0 * y + x
    plane[20:70, 15:60] = np.nan
    columns, rows = np.array([17, 5, 40, 200]), np.array([45, 45, 67, 3])
    # the nearest pixels with values lie at column 14, there, at row 70 and in the last column
    assert nearest_known(plane, columns, rows) == pytest.approx([4514, 4505, 7040, 379])


def test_light_curves_have_magnitudes_where_apertures_have_the_zero_point(tmp_path):
    number = np.arange(1, 9.0)
    stars = pd.DataFrame({"psf_flux": 1000 * number, "aperture_flux": 1250 * number})
    stars["aperture_flux_error"] = 10.0
    stars["flags"] = FLAGS["PSF"]
    stars.loc[0, ["aperture_flux", "flags"]] = 90_000, FLAGS["BLENDED"]
    table, residual = tmp_path / "stars.csv", tmp_path / "residual.fits"
    stars.to_csv(table, index=False)
    exposure = MeasuredExposure("one", "calibrated.fits", table, residual)
    for column, expected in (("psf_flux", 25.0), ("aperture_flux", 25 - 2.5 * np.log10(1.25))):
        header = fits.Header({"ZEROPT": 25.0, "FLUXCOL": column})
        fits.PrimaryHDU(None, header).writeto(residual, overwrite=True)
        assert exposure.zero_point == pytest.approx(expected)
    table.write_text(stars[:2].to_csv(index=False))
    assert np.isnan(MeasuredExposure("one", "calibrated.fits", table, residual).zero_point)
