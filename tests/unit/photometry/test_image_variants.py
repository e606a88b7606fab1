"""Photometry of 48 simulated images: sky, gradient, gain, noise, border and seeing vary."""

import numpy as np
import pytest
from astropy.io import fits
from redpix.photometry.calibration import calibrate_exposure
from redpix.photometry.measure import full_photometry
from redpix.photometry.planes_file import read_calibrated
from scipy.spatial import cKDTree
from star_field import Moffat, draw

CAMERA = ("gain", "read_noise", "saturation", "zero_point")
SETTINGS = {
    "camera": dict.fromkeys(CAMERA),
    "flat": "maximum",
    "scale_dark": False,
    "background_mesh": 64,
    "cosmic_rays": True,
    "threshold": 5.0,
    "window": 11,
}
ROW = dict.fromkeys(("dark", "flat", "mask", "exposure", "frame", "magnitude", *CAMERA))

#: sky (counts), gain, read noise (electrons), FWHM (pixels), shape of the sky, border
SKIES = ("flat", "slope", "vignetted")
CASES = [
    (sky, gain, noise, fwhm, kind, border)
    for number, (sky, gain, noise) in enumerate(
        [(0, 1.5, 8), (50, 1.0, 5), (300, 1.5, 8), (300, 0.3, 3), (2000, 1.5, 8), (2000, 4.0, 12)]
    )
    for fwhm in (1.8, 2.5, 3.5, 5.0)
    for kind, border in [
        (SKIES[number % 3], "none"),
        (SKIES[(number + 1) % 3], ("zeros", "nan", "dark rows")[number % 3]),
    ]
]


def background(kind, side):
    """Return the sky relative to its mean."""
    y, x = (np.indices((side, side)) - (side - 1) / 2) / (side / 2)
    if kind == "slope":
        return 1 + 0.25 * x - 0.1 * y
    return 1 - 0.25 * (x**2 + y**2) / 2 if kind == "vignetted" else np.ones((side, side))


def simulated(number, side=256, stars=36):
    """Return the image of a case, the truth, and the pixels that show the sky."""
    sky, gain, noise, fwhm, kind, border = CASES[number]
    rng = np.random.default_rng([11, number])
    x, y = rng.uniform(4, side - 5, (2, stars))
    area = 4 * np.pi * (fwhm / 2.355) ** 2 * 1.5
    one = np.sqrt(area * (sky / gain + (noise / gain) ** 2)) + 25 / gain
    flux = one * 10 ** rng.uniform(1, 2.6, stars)
    level = sky * background(kind, side)
    light = draw((side, side), x, y, flux, Moffat(fwhm), 0.02 * one / fwhm)
    image = rng.poisson((level + light) * gain) / gain + rng.normal(0, noise / gain, light.shape)
    shown = np.ones(image.shape, bool)
    if border != "none":
        shown[:12] = False
        image[:12] = {"zeros": 0, "nan": np.nan, "dark rows": image[:12] - 0.3 * sky}[border]
    return image.astype(np.float32), (x, y, flux), shown


def measured(number, folder):
    """Return changes in magnitude, pulls and the numbers of clean and of false stars of a case."""
    image, (x, y, flux), shown = simulated(number)
    sky, gain, noise, *_ = CASES[number]
    path = folder / f"{number}.fits"
    header = fits.Header({"GAIN": gain, "RDNOISE": float(noise)})
    fits.writeto(path, image, header)
    calibrated = folder / f"{number}.calibrated.fits"
    calibrate_exposure(str(path), str(calibrated), {**ROW, "path": str(path)}, SETTINGS)
    planes, header = read_calibrated(calibrated)
    made = full_photometry(planes, SETTINGS, header, path.name)
    stars = {name: np.asarray(values) for name, values in made.stars.items()}
    tree = cKDTree(np.column_stack([x, y]))
    distance, nearest = tree.query(np.column_stack([stars["centroid_x"], stars["centroid_y"]]))
    clean = stars["flags"] == 0
    good = clean & (distance < 1.5)
    truth = flux[nearest]
    pull = (stars["psf_flux"] - truth) / stars["psf_flux_error"]
    bright = good & (stars["psf_flux"] > 30 * stars["psf_flux_error"])
    change = -2.5 * np.log10(np.maximum(stars["psf_flux"], 1e-9) / truth)
    return change[bright], pull[good], clean.sum(), np.count_nonzero(clean & (distance >= 1.5))


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    folder = tmp_path_factory.mktemp("variants")
    return [measured(number, folder) for number in range(len(CASES))]


def test_the_grid_is_large_enough(grid):
    assert len(grid) >= 40
    assert min(len(change) for change, *_ in grid) >= 5


def test_the_median_offset_is_small(grid):
    for case, (change, *_) in zip(CASES, grid, strict=True):
        # a median of n stars is certain to 1.25 sigma / sqrt(n)
        scatter = 1.4826 * np.median(abs(change - np.median(change)))
        assert abs(np.median(change)) < 0.01 + 2 * 1.25 * scatter / np.sqrt(len(change)), case
    assert abs(np.median(np.concatenate([change for change, *_ in grid]))) < 0.002


def test_errors_are_those_of_the_fluxes(grid):
    pulls = np.concatenate([pull for _, pull, *_ in grid])
    assert 0.9 < 1.4826 * np.median(abs(pulls - np.median(pulls))) < 1.2
    widths = [1.4826 * np.median(abs(pull - np.median(pull))) for _, pull, *_ in grid]
    assert 0.9 < np.median(widths) < 1.2
    # a width of about 20 pulls is certain to a fifth
    assert 0.4 < min(widths) < max(widths) < 1.8


def test_few_stars_are_false(grid):
    clean, false = (np.array([case[k] for case in grid]) for k in (2, 3))
    assert false.sum() < 0.02 * clean.sum()
    assert max(false) <= 2


def test_a_gain_is_believed_on_a_steep_sky(tmp_path, caplog):
    """The gradient of the sky adds to the scatter within squares."""
    number = CASES.index((2000, 1.5, 8, 1.8, "slope", "none"))
    measured(number, tmp_path)
    assert "neither is used" not in caplog.text
