"""Survey alerts' stamps of 63 x 63 pixels against the survey's own difference stamps."""

import csv

import fits_sky
import numpy as np
import pytest
from astropy.io import fits
from conftest import ROOT
from scipy.optimize import least_squares

PAIRS = ROOT.parent / "shared/strangers/pairs"
if not PAIRS.is_dir():
    pytest.skip("no folder of strangers' files beside the project", allow_module_level=True)

#: bright stars with bad subtractions of the survey itself, which its classifier doubts
DOUBTFUL = ("2475433850415015002", "2475433850415015006")
STAMPS = sorted(path.name[4:-9] for path in (PAIRS / "ztf").glob("*_sci.fits"))


@pytest.fixture(scope="module")
def survey():
    """Return the survey's PSF flux of each object and its error."""
    with open(PAIRS / "truth_known.tsv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["file"][:3] == "ztf"]
    return {
        row["file"][8:-9]: (float(row["flux"]), float(row["mag_error"]) * abs(float(row["flux"])))
        for row in rows
    }


def place_of(path):
    """Return x and y of the object in the middle of a difference stamp, by a Moffat profile."""
    image = fits.getdata(path).astype(float)
    cut = np.nan_to_num(image[22:41, 22:41] - np.nanmedian(image))
    rows, columns = np.indices(cut.shape)
    light = cut[8:11, 8:11].sum()

    def residuals(fit):
        flux, x, y, width, level = fit
        one = 1 + ((columns - x) ** 2 + (rows - y) ** 2) / width**2
        return (flux / one**3 + level - cut).ravel()

    low, high = [-np.inf, 7, 7, 1, -np.inf], [np.inf, 11, 11, 7, np.inf]
    fit = least_squares(residuals, [light / 4, 9, 9, 2.5, 0], bounds=(low, high), x_scale="jac")
    return fit.x[1] + 22, fit.x[2] + 22


@pytest.mark.parametrize("name", STAMPS)
def test_a_stamp_runs_by_default_and_shows_its_object(tmp_path, name, survey):
    path = str(PAIRS / f"ztf/ztf_{name}_sci.fits")
    reference = path.replace("_sci", "_ref")
    made = fits_sky.subtract(path, reference, tmp_path, background_mesh=128)
    with open(made.transients, newline="") as file:
        rows = list(csv.DictReader(file))
    assert fits.getheader(made.difference, "D")["FLXRATIO"] == pytest.approx(1, abs=0.06)
    if name in DOUBTFUL:
        return
    x, y = place_of(path.replace("_sci", "_dif"))
    row = max(rows, key=lambda row: abs(float(row["scorr"])))
    assert np.hypot(float(row["x"]) - x, float(row["y"]) - y) < 0.3
    flux, error = survey[name]
    errors = np.hypot(error, float(row["flux_error"]))
    # magnitudes of faint objects are uncertain by up to 0.2, those of the survey as well
    assert float(row["flux"]) == pytest.approx(flux, rel=0.05, abs=2 * errors)
