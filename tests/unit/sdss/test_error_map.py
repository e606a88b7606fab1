"""Error maps against slow loops, a closed form and the integer counts of real frames."""

import bz2
import io

import numpy as np
import pytest
from astropy.io import fits
from astropy.stats import sigma_clip
from redpix.sdss import error_map

RNG = np.random.default_rng(5)
REAL_FRAME = "sas/dr17/eboss/photoObj/frames/301/2820/3/frame-{}-002820-3-0122.fits.bz2"


def slow_sky(allsky, xinterp, yinterp):
    """Interpolate bilinearly, clamped at the edges, one pixel at a time."""
    result = np.empty((len(yinterp), len(xinterp)))
    for j, y in enumerate(yinterp):
        for i, x in enumerate(xinterp):
            x_in = min(max(x, 0), allsky.shape[1] - 1)
            y_in = min(max(y, 0), allsky.shape[0] - 1)
            x0, y0 = min(int(x_in), allsky.shape[1] - 2), min(int(y_in), allsky.shape[0] - 2)
            u, v = x_in - x0, y_in - y0
            result[j, i] = (
                allsky[y0, x0] * (1 - u) * (1 - v)
                + allsky[y0, x0 + 1] * u * (1 - v)
                + allsky[y0 + 1, x0] * (1 - u) * v
                + allsky[y0 + 1, x0 + 1] * u * v
            )
    return result


def test_sky_is_bilinear_and_clamped():
    allsky = RNG.normal(100, 5, (7, 9))
    xinterp = np.linspace(-0.6, 8.7, 23)
    yinterp = np.linspace(0.4, 6.6, 17)
    assert error_map.sky_image(allsky, xinterp, yinterp) == pytest.approx(
        slow_sky(allsky, xinterp, yinterp), rel=1e-6
    )


def test_sky_uses_the_table_s_own_coordinates():
    """YINTERP of a real frame does not span the table, so it covers a part of the gradient."""
    allsky = np.arange(192.0)[:, None] * np.ones(256)
    sky = error_map.sky_image(
        allsky, (np.arange(2048) - 3.5) / 8, np.linspace(0.5625, 186.5625, 1489)
    )
    assert sky.shape == (1489, 2048)
    assert sky[0, 0] == pytest.approx(0.5625)
    assert sky[-1, -1] == pytest.approx(186.5625)


@pytest.mark.parametrize(
    ("camcol", "band", "run", "expected"),
    [
        (1, "u", 94, 1.62),
        (2, "u", 1100, 1.595),
        (2, "u", 1101, 1.825),
        (3, "r", 2820, 4.72),
        (5, "z", 4192, 3.48),
        (6, "g", 94, 4.035),
    ],
)
def test_gain(camcol, band, run, expected):
    assert error_map.gain(camcol, band, run) == expected


@pytest.mark.parametrize(
    ("camcol", "band", "run", "expected"),
    [
        (2, "i", 1500, 5.76),
        (2, "i", 1501, 6.25),
        (4, "i", 1500, 6.25),
        (4, "i", 1501, 7.5625),
        (4, "z", 1500, 9.61),
        (4, "z", 1501, 12.6025),
        (5, "z", 1500, 1.8225),
        (5, "z", 1501, 2.1025),
        (1, "z", 94, 0.81),
        (6, "r", 4192, 0.9025),
    ],
)
def test_dark_variance(camcol, band, run, expected):
    assert error_map.dark_variance(camcol, band, run) == expected


def test_error_map_is_the_scatter_of_simulated_exposures():
    """Draw electrons many times, then apply the camera and the calibration."""
    gain, dark, n = 4.7, 1.3, 4000
    calibration = np.array([0.004, 0.005, 0.006])
    sky = np.array([[120.0, 121, 122], [123, 124, 125]])
    source = np.array([[0.0, 50, 2000], [10, 0, 400]])
    electrons = RNG.poisson(gain * (sky + source), (n, 2, 3)) / gain
    dn = electrons + RNG.normal(0, np.sqrt(dark), (n, 2, 3))
    images = (dn - sky) * calibration
    predicted = error_map.error_map(source * calibration, calibration, sky, gain, dark)
    assert predicted == pytest.approx(images.std(axis=0), rel=0.05)
    assert predicted.dtype == np.float32


def test_negative_counts_leave_the_dark_variance():
    image, calibration = np.array([[-10.0]]), np.array([0.01])
    error = error_map.error_map(image, calibration, np.array([[50.0]]), 4.0, 2.25)
    assert error[0, 0] == pytest.approx(1.5 * 0.01)


def open_real(real, band):
    data = bz2.decompress((real / REAL_FRAME.format(band)).read_bytes())
    return fits.open(io.BytesIO(data))


@pytest.mark.parametrize("band", "ugriz")
def test_real_counts_were_integers_and_their_noise_is_predicted(real, band):
    with open_real(real, band) as hdus:
        image, calibration, sky = hdus[0].data, hdus[1].data, hdus[2].data[0]
        simg = error_map.sky_image(sky["ALLSKY"], sky["XINTERP"], sky["YINTERP"])
        table = np.array(sky["ALLSKY"])
    dn = error_map.counts(image, calibration, simg)
    near_sky = abs(dn - simg) < 30
    assert _distance_from_integers(dn[near_sky]) < 0.0035
    gain = error_map.gain(3, band, 2820)
    error = error_map.error_map(
        image, calibration, simg, gain, error_map.dark_variance(3, band, 2820)
    )
    # differences of neighbours are free of the sky's shape; clipping leaves the blank pixels
    pulls = (image[:, 1::2] - image[:, ::2]) / (np.sqrt(2) * error[:, ::2])
    assert sigma_clip(pulls, 3, maxiters=10).std() == pytest.approx(1, abs=0.03)
    if band == "i":  # its sky has enough structure to reveal a wrong recipe
        stretched = error_map.sky_image(table, np.linspace(0, 255, 2048), np.linspace(0, 191, 1489))
        wrong = error_map.counts(image, calibration, stretched)
        assert _distance_from_integers(wrong[near_sky]) > 0.0045


def _distance_from_integers(dn):
    return np.sqrt(np.mean((dn - np.rint(dn)) ** 2))
