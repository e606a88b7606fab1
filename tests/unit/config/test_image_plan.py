"""The plan of images whose stars are measured."""

from redpix.config.image_plan import ImagePlan
from redpix.config.images_table import Image

ROWS = [
    Image("a", "raw/a.fits[1]", dark="dark.fits", flat="flat.fits[SCI]", field="m13"),
    Image("b", "raw/b.fits", field="m13"),
    Image("c", "9001-3-100-r", mask="stars.reg", field="survey"),
]


def test_files_of_an_image_are_its_own_or_those_of_a_frame():
    plan = ImagePlan(ROWS, "results/x")
    assert plan.files_of("a") == {
        "image": "raw/a.fits",
        "dark": "dark.fits",
        "flat": "flat.fits",
    }
    assert plan.files_of("c") == {
        "mask": "stars.reg",
        "image": "results/x/frames/9001-3-100-r.fits",
        "errors": "results/x/errors/9001-3-100-r.fits",
        "masks": "results/x/frames/9001-3-100.masks.fits",
    }
    assert plan.row("c")["frame"] == ("9001-3-100", "r")
    assert plan.row("a")["frame"] is None
    assert plan.raw_images()[0] == "raw/a.fits[1]"
    assert plan.raw_images()[2] == "results/x/frames/9001-3-100-r.fits"


def test_fields_of_several_images_have_light_curves():
    plan = ImagePlan(ROWS, "results/x")
    assert plan.fields == {"m13": ["a", "b"]}
    assert plan.exposures == ["a", "b"]
    assert plan.light_curves() == [
        "results/x/photometry/lightcurves.csv",
        "results/x/photometry/scatter.csv",
        "results/x/photometry/light_curves/exposures.csv",
    ]


def test_a_survey_is_the_catalogue_of_images_without_one():
    plan = ImagePlan(ROWS, "results/x", survey="gaia")
    assert plan.catalogue_of("a") == "results/x/photometry/catalogues/gaia/m13.ecsv"
    assert plan.images_with("m13", "gaia") == ["a", "b"]
    assert plan.catalogue_of("c") is None  # a frame of the survey
    assert ImagePlan(ROWS, "results/x").catalogue_of("a") is None


def test_simple_photometry_has_none():
    plan = ImagePlan(ROWS, "results/x", light_curves=False)
    assert plan.light_curves() == plan.exposures == []
    assert plan.products(".csv")[1] == "results/x/photometry/b.csv"
