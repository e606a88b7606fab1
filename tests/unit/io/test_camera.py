"""The WCS of headers, and the noise and masks of pixels, against simulated counts."""

import fits_sky
import numpy as np
import pytest
from astropy.io import fits
from redpix.core.exceptions import InputError
from redpix.image.masks import bit_value
from redpix.image.noise import image_mask, pixel_noise, sky_noise
from redpix.image.wcs import celestial_wcs, wcs_cards
from redpix.io.camera import read_camera
from scipy.ndimage import gaussian_filter

NOTHING = {}


def test_any_projection_is_a_wcs():
    plain = fits_sky.wcs()
    header = plain.to_header()
    assert "CD1_1" in wcs_cards(celestial_wcs(header))
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN-SIP", "DEC--TAN-SIP"
    header["A_ORDER"], header["B_ORDER"], header["A_2_0"] = 2, 2, 1e-6
    bent = celestial_wcs(header)
    positions = [[0.0, 0.0], [300.0, 20.0]]
    sky = bent.all_pix2world(positions, 0)
    assert np.abs(sky - plain.all_pix2world(positions, 0)).max() > 1e-6
    again = celestial_wcs(wcs_cards(bent))
    assert np.allclose(again.all_pix2world(positions, 0), sky, atol=1e-10)


@pytest.mark.parametrize("kind", ["TAN", "TPV"])
def test_distortions_of_scamp_are_kept(kind):
    header = fits_sky.wcs().to_header()
    header["CTYPE1"], header["CTYPE2"] = f"RA---{kind}", f"DEC--{kind}"
    for axis in (1, 2):
        header[f"PV{axis}_1"], header[f"PV{axis}_7"] = 1.0, 2.0
    bent = celestial_wcs(header)
    positions = [[0.0, 0.0], [900.0, 700.0]]
    sky = bent.all_pix2world(positions, 0)
    assert np.abs(sky - fits_sky.wcs().all_pix2world(positions, 0)).max() > 1e-5
    again = celestial_wcs(wcs_cards(bent))
    assert np.allclose(again.all_pix2world(positions, 0), sky, atol=1e-10)


@pytest.mark.parametrize(
    "cards", [{}, {"CTYPE1": "LINEAR"}, {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--XYZ"}]
)
def test_no_wcs(cards):
    with pytest.raises(InputError, match="WCS"):
        celestial_wcs(fits.Header(cards))


@pytest.mark.parametrize(
    ("level", "cards", "words"),
    [
        (fits_sky.SKY, {"GAIN": 2.0, "RDNOISE": 6.0}, "from gain and read noise"),
        (0.0, {"GAIN": 2.0, "RDNOISE": 6.0}, "measured on blank sky"),  # sky was subtracted
        (fits_sky.SKY, {"GAIN": 2.0}, "measured on blank sky"),
    ],
)
def test_variance_is_that_of_the_counts(level, cards, words):
    sky = fits_sky.stars()
    exposures = [fits_sky.counts(sky, seed) for seed in range(30)]
    truth = np.var(exposures, axis=0, ddof=1)
    image = exposures[0] - fits_sky.SKY + level
    background = np.full(image.shape, level)
    mask = image_mask(image, None)
    noise = pixel_noise(image, background, mask, read_camera(cards, NOTHING), 64)
    assert noise.words.startswith(words)
    blank = np.mean(exposures, axis=0) < fits_sky.SKY + 5
    bright = np.mean(exposures, axis=0) > fits_sky.SKY + 500
    assert bright.sum() > 300
    assert np.median(noise.variance[blank]) == pytest.approx(truth[blank].mean(), rel=0.03)
    assert noise.variance[bright].mean() == pytest.approx(truth[bright].mean(), rel=0.05)


def test_without_a_gain_it_is_the_skys():
    image = fits_sky.counts(fits_sky.stars(), 1)
    mask = image_mask(image, None)
    noise = pixel_noise(image, np.full(image.shape, fits_sky.SKY), mask, read_camera({}, {}), 64)
    expected = fits_sky.SKY / fits_sky.GAIN + (fits_sky.READ_NOISE / fits_sky.GAIN) ** 2
    assert np.median(noise.variance) == pytest.approx(expected, rel=0.05)
    assert noise.variance.max() < 1.5 * expected
    assert "no gain is known" in noise.words


def test_correlated_noise_is_measured_between_pixels_apart():
    rng = np.random.default_rng(3)
    image = gaussian_filter(rng.normal(0, 10, (300, 300)), 1.0)
    mask = image_mask(image, None)
    noise = pixel_noise(image, np.zeros(image.shape), mask, read_camera({}, {}), 100)
    assert "correlated" in noise.words
    assert np.sqrt(np.median(noise.variance)) == pytest.approx(image.std(), rel=0.03)


def test_noise_that_varies_over_the_image():
    rng = np.random.default_rng(4)
    true = np.linspace(3, 9, 400)[:, None] * np.ones((400, 400))
    image = rng.standard_normal((400, 400)) * true
    measured = sky_noise(image, image_mask(image, None), 50)
    assert measured[25:-25] == pytest.approx(true[25:-25], rel=0.1)
    for what, words in ((np.full((50, 50), 7.0), "constant"), (image * np.nan, "no pixel has")):
        with pytest.raises(InputError, match=words):
            sky_noise(what, image_mask(what, None), 50)


def test_masks_of_holes_and_saturation():
    image = np.zeros((5, 5))
    image[1, 1], image[2, 2], image[3, 3] = np.nan, 6e4, 5e4
    image[4, 2:] = np.nan
    mask = image_mask(image, 6e4)
    assert mask[1, 1] == bit_value("BAD")
    assert mask[2, 2] == bit_value("SATURATED")
    assert np.all(mask[4, 2:] == bit_value("NO_DATA"))
    assert np.count_nonzero(mask) == 5
    assert np.count_nonzero(image_mask(image, None)) == 4


def test_zeros_beyond_the_sky_are_no_data():
    rng = np.random.default_rng(2)
    image = rng.normal(100, 5, (80, 90))
    image[:, :12] = 0  # programs that resample leave zeros outside the sky
    image[40, 50] = 0
    mask = image_mask(image, None)
    assert np.all(mask[:, :12] == bit_value("NO_DATA"))
    assert np.count_nonzero(mask) == 80 * 12
    for brightness in (0.2, 1.0, 3.0):
        counts = rng.poisson(brightness, (80, 90)).astype(float)
        assert not image_mask(counts, None).any()
