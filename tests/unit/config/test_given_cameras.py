"""Properties of science image and reference that a user gives, and what comes before what."""

import pytest
import yaml
from conftest import ROOT
from redpix.config.given_cameras import camera_of_stack, cameras_of_pair
from redpix.config.pairs_table import Pair, read_pairs
from redpix.core.exceptions import InputError

SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/pairs.schema.yaml").read_text())
NOTHING = dict.fromkeys(("gain", "read_noise", "saturation", "zero_point", "psf", "fwhm"))


def config(science=None, reference=None, **exposures):
    common = {**dict.fromkeys(("gain", "read_noise", "saturation", "zero_point")), **exposures}
    both = {"science": NOTHING | (science or {}), "reference": NOTHING | (reference or {})}
    return {"exposures": common, "subtraction": both}


def rows(header, *lines):
    text = "".join(f"{line}\n" for line in (header, *lines)).encode()
    return read_pairs(text, SCHEMA, "gr", lambda path: path.endswith(".fits"), "p.tsv")


def test_columns_are_optional_and_cells_may_be_empty():
    header = "pair\tscience\treference\tband\tgain\treference_fwhm\treference_psf"
    first, second = rows(header, "a\tx.fits\ty.fits\tr\t1.5\t2.5\t", "b\tx.fits\ty.fits\tr")
    assert first.of_science == {"gain": 1.5}
    assert first.of_reference == {"fwhm": 2.5}
    assert second == Pair("b", "x.fits", "y.fits", "r")


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("gain", "0", "p.tsv: line 2: gain: 0.0; allowed: electrons per count, a number above 0"),
        ("reference_gain", "two", "line 2: reference_gain: 'two'; allowed: electrons per count"),
        ("reference_psf", "psf.txt", "reference_psf: psf.txt: the file does not exist"),
        ("brightness", "1", "columns pair, science, reference, band, brightness; allowed"),
    ],
)
def test_impossible_properties_are_refused(column, cell, words):
    with pytest.raises(InputError) as caught:
        rows(f"pair\tscience\treference\tband\t{column}", f"a\tx.fits\ty.fits\tr\t{cell}")
    assert words in str(caught.value)


def test_psf_and_fwhm_of_one_image_are_refused():
    with pytest.raises(InputError, match="reference_fwhm: 2.0: given with psf; allowed: one"):
        rows(
            "pair\tscience\treference\tband\treference_psf\treference_fwhm",
            "a\tx.fits\ty.fits\tr\tpsf.fits\t2",
        )


def test_a_cell_comes_before_subtraction_and_that_before_exposures():
    given = config(science={"gain": 2.0}, reference={"psf": "p.fits"}, gain=1.0, read_noise=5.0)
    row = Pair("a", "x.fits", "y.fits", "r", {}, {"gain": 3.0, "fwhm": 2.5})
    science, reference = cameras_of_pair(row, given)
    assert science == NOTHING | {"gain": 2.0, "read_noise": 5.0}
    assert reference == NOTHING | {"gain": 3.0, "read_noise": 5.0, "fwhm": 2.5}


def test_images_of_a_coadded_reference_have_what_the_row_gives():
    row = Pair("a", "x.fits", "y.fits,z.fits", "r", {"gain": 9.0}, {"gain": 3.0})
    assert camera_of_stack([row], "a.reference", "r", config(gain=1.0))["gain"] == 3.0
    assert camera_of_stack([row], "deep", "r", config(gain=1.0))["gain"] == 1.0
    # the coadd itself has its noise in planes
    assert cameras_of_pair(row, config())[1] == NOTHING


def test_a_given_psf_is_that_of_a_coadded_reference():
    row = Pair("a", "x.fits", "y.fits,z.fits", "r", {}, {"fwhm": 2.5, "gain": 3.0})
    assert camera_of_stack([row], "a.reference", "r", config()) == NOTHING | {"gain": 3.0}
    assert cameras_of_pair(row, config())[1] == NOTHING | {"fwhm": 2.5}
    row = row._replace(of_reference={})
    given = config(reference={"psf": "p.fits"})
    assert camera_of_stack([row], "a.reference", "r", given)["psf"] is None
    assert cameras_of_pair(row, given)[1]["psf"] == "p.fits"
