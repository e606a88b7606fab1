"""Survey alerts' stamps of 63 x 63 pixels against the survey's own difference stamps."""

import csv

import fits_sky
import numpy as np
import pytest
from astropy.io import fits
from conftest import ROOT
from scipy import ndimage

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
    """Return x and y of the object in the middle of a difference stamp."""
    image = fits.getdata(path).astype(float)
    image -= np.nanmedian(image)
    rows, columns = np.indices(image.shape)
    near = np.hypot(rows - 31, columns - 31) < 6
    sign = np.sign(image[30:33, 30:33].sum())
    light = np.where(near, np.clip(sign * ndimage.gaussian_filter(image, 1), 0, None), 0)
    light[light < 0.3 * light.max()] = 0
    return (light * columns).sum() / light.sum(), (light * rows).sum() / light.sum()


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
    # pixels of the stamp are noisy: a centroid of score s is known to about a width over s
    uncertain = 4 / abs(float(row["scorr"]))
    assert np.hypot(float(row["x"]) - x, float(row["y"]) - y) < 0.3 + uncertain
    flux, error = survey[name]
    errors = np.hypot(error, float(row["flux_error"]))
    assert float(row["flux"]) == pytest.approx(flux, rel=0.1, abs=2 * errors)
