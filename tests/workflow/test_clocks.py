"""Where dates mislead, the contents of files decide what is made again."""

import os
import shutil
import time

import pytest
from astropy.io import fits
from conftest import run
from star_field import simulate

STARS = "results/sky/photometry/e1.csv"
CALIBRATED = "results/sky/photometry/e1.calibrated.fits"

CONFIG = {"name": "sky", "images": "images.tsv", "photometry": {"mode": "simple"}}

#: length of a day, s
DAY = 86400.0


def date(path, shift):
    """Date a file relative to now, s."""
    moment = time.time() + shift
    os.utime(path, (moment, moment))


def write_image(path, seed):
    field = simulate(seed, side=96, stars=12)
    header = fits.Header({"GAIN": field.gain, "RDNOISE": field.read_noise})
    fits.PrimaryHDU(field.image.astype("f4"), header).writeto(path, overwrite=True)


def planned(folder):
    """Return which of the two jobs a dry run plans."""
    words = run(folder, "-n", STARS, **CONFIG)
    return {rule for rule in ("calibration", "photometry_of_image") if f"\n{rule} " in words}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A folder in which an image was measured that is dated two days ahead, and the words."""
    folder = tmp_path_factory.mktemp("from tomorrow")
    write_image(folder / "a.fits", 1)
    (folder / "images.tsv").write_text("image\tpath\ne1\ta.fits\n")
    date(folder / "a.fits", 2 * DAY)
    words = run(folder, STARS, **CONFIG)
    return folder, words


@pytest.fixture
def copy(measured, tmp_path):
    """Return a copy of that folder with its dates."""
    return shutil.copytree(measured[0], tmp_path / "copy")


def test_an_image_from_the_future_is_measured_once_and_the_date_is_said(measured):
    folder, words = measured
    assert words.count("a.fits: dated in the future, ") == 1
    assert (folder / STARS).exists()
    assert planned(folder) == set()


def test_a_changed_image_is_measured_again_whatever_its_date(copy):
    write_image(copy / "a.fits", 2)
    date(copy / "a.fits", 2 * DAY)
    assert planned(copy) == {"calibration", "photometry_of_image"}


def test_after_a_step_back_of_the_clock(copy):
    """Products are from the future; what is not changed stays, and a change is seen."""
    date(copy / "a.fits", -DAY)
    for path in (copy / "results").rglob("*"):
        if path.is_file():
            date(path, DAY)
    date(copy / STARS, -10)  # made after the step
    assert planned(copy) == set()
    write_image(copy / "a.fits", 2)
    assert "calibration" in planned(copy)


def test_a_copy_without_times_and_coarse_times(copy):
    """Inputs look newer than what was made of them, by days or by a fraction of a second."""
    date(copy / STARS, -2 * DAY)
    date(copy / CALIBRATED, -DAY)
    date(copy / "a.fits", -0.5)
    (copy / ".snakemake/metadata").rename(copy / "away")  # the records of provenance are enough
    assert planned(copy) == set()
