"""Images as people have them: vignetting, saturation, defocus, dark strips, a globular cluster."""

import numpy as np
import pytest
import sep
from astropy.io import fits
from conftest import ROOT
from redpix.photometry.calibration import calibrate_exposure
from redpix.photometry.measure import full_photometry
from redpix.photometry.planes_file import read_calibrated
from redpix.photometry.quality import FLAGS
from scipy.spatial import cKDTree

STRANGERS = ROOT.parent / "shared/strangers"

pytestmark = pytest.mark.skipif(
    not STRANGERS.is_dir(), reason="no folder of strangers' files beside the project"
)

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


def measure(path, tmp_path, **row):
    """Return the stars, the cards and the calibrated planes of an image."""
    calibrated = tmp_path / "calibrated.fits"
    calibrate_exposure(str(path), str(calibrated), {**ROW, "path": str(path), **row}, SETTINGS)
    planes, header = read_calibrated(calibrated)
    made = full_photometry(planes, SETTINGS, header, path.name)
    stars = {name: np.asarray(values) for name, values in made.stars.items()}
    return stars, {card[0]: card[1] for card in made.cards}, planes


def compare(stars, truth):
    """Return magnitudes minus true ones, pulls, and which stars are real and bright.

    Light at the border can be of a star beyond it, so stars there are left out.
    """
    x, y, flux = np.loadtxt(STRANGERS / "ccd" / truth).T
    tree = cKDTree(np.column_stack([x, y]))
    distance, nearest = tree.query(np.column_stack([stars["centroid_x"], stars["centroid_y"]]))
    change = -2.5 * np.log10(stars["psf_flux"] / flux[nearest])
    pull = (stars["psf_flux"] - flux[nearest]) / stars["psf_flux_error"]
    return change, pull, distance < 1.5, flux[nearest] > np.median(flux)


@pytest.mark.parametrize(
    ("name", "truth", "found", "offset"),
    [
        ("base", "truth.txt", 58, 0.01),
        ("gain100", "truth.txt", 58, 0.01),
        ("skysub", "truth.txt", 58, 0.01),
        ("lowgain_nocard", "lowgain_truth.txt", 54, 0.01),
        ("zerorot", "truth.txt", 27, 0.01),
        ("sat65535", "sat_truth.txt", 54, 0.01),
        ("donut9", "donut9_t.txt", 20, 0.02),
    ],
)
def test_stars_are_those_of_the_truth(name, truth, found, offset, tmp_path):
    stars, cards, _ = measure(STRANGERS / f"ccd/{name}.fits", tmp_path)
    change, pull, real, bright = compare(stars, truth)
    clean = stars["flags"] == 0
    assert real.sum() >= found
    assert np.count_nonzero(~real & clean) == 0
    assert np.count_nonzero(~real & ((stars["flags"] & FLAGS["EDGE"]) == 0)) <= 2
    assert abs(np.median(change[real & bright & clean])) < offset
    # a standard deviation of n pulls is certain to 1 / sqrt(2 n)
    scatter = 1.4826 * np.median(abs(pull[real & clean] - np.median(pull[real & clean])))
    assert 0.7 < scatter < 1.6
    assert cards["NEGDET"] <= 0.05 * len(clean) + 5


def test_vignetting_does_not_make_false_stars(tmp_path):
    path = STRANGERS / "ccd/vig256_30_500.fits"
    stars, cards, planes = measure(path, tmp_path)
    assert 50 < len(stars["flags"]) < 70
    assert cards["NEGRATE"] < 0.05
    # apertures with a ring of local sky, which do not use any model of the sky
    image = fits.getdata(path).astype(float)
    x, y = stars["centroid_x"], stars["centroid_y"]
    local, _, _ = sep.sum_circle(image, x, y, 4.0, bkgann=(14, 20))
    from_model, _, _ = sep.sum_circle(planes["SCI"].astype(float), x, y, 4.0)
    good = (stars["flags"] == 0) & (stars["psf_flux"] > 80 * stars["psf_flux_error"])
    assert good.sum() > 15
    assert abs(np.median(2.5 * np.log10(from_model[good] / local[good]))) < 0.01


def test_saturated_stars_are_one_each(tmp_path):
    stars, _, _ = measure(STRANGERS / "ccd/sat65535.fits", tmp_path)
    saturated = (stars["flags"] & FLAGS["SATURATED"]) != 0
    assert saturated.sum() == 6
    change, *_ = compare(stars, "sat_truth.txt")
    # the flux comes from the wings
    assert abs(change[saturated]).max() < 0.05


def test_rows_without_light_do_not_make_false_stars(tmp_path):
    stars, cards, planes = measure(STRANGERS / "ccd/a8280271.fits", tmp_path)
    assert 4 <= np.count_nonzero(stars["flags"] == 0) < 10
    assert len(stars["flags"]) < 15
    # the image ends 8 rows before its TRIMSEC does
    assert np.all(planes["MASK"][-8:])
    assert planes["MASK"][-9].mean() < 0.1


def test_a_globular_cluster_has_stars(tmp_path):
    folder = STRANGERS / "night/orion"
    path = folder / "9_17_21_M1318L20.fit.gz"
    dark = str(folder / "9_17_21_2deg16D20.fit.gz")
    stars, cards, planes = measure(path, tmp_path, dark=dark)
    assert 1.5 < cards["FWHM"] < 2.5
    image = planes["SCI"].astype(float)
    sky = sep.Background(image)
    known = sep.extract(image - sky.back(), 5.0, err=sky.globalrms, minarea=5)
    tree = cKDTree(np.column_stack([stars["centroid_x"], stars["centroid_y"]]))
    distance, _ = tree.query(np.column_stack([known["x"], known["y"]]))
    assert len(known) > 100
    assert np.count_nonzero(distance < 2) > 0.7 * len(known)
    # the cores of stars are not cosmic rays
    assert np.mean(planes["MASK"] != 0) < 0.001


@pytest.mark.parametrize("colour", "RGB")
def test_each_colour_of_a_mosaic_has_its_stars(colour, tmp_path):
    path = STRANGERS / f"ccd/bayer.fits[{colour}]"
    stars, cards, planes = measure(path, tmp_path)
    assert planes["SCI"].shape == (128, 128)
    x, y, _ = np.loadtxt(STRANGERS / "ccd/truth.txt").T
    # a pixel of a colour is 2 x 2 pixels of the mosaic
    tree = cKDTree(np.column_stack([x, y]) / 2)
    distance, _ = tree.query(np.column_stack([stars["centroid_x"], stars["centroid_y"]]))
    clean = stars["flags"] == 0
    assert clean.sum() > 25
    assert np.mean(distance[clean] < 1.0) > 0.95
