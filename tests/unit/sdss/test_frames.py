"""Names, verification and survey masks of frames."""

import gzip
import io

import numpy as np
import pytest
from astropy.io import fits
from redpix.core import field_name
from redpix.core.exceptions import InputError
from redpix.image.masks import BITS
from redpix.sdss import frames
from redpix.sdss.psfield import psfield_path

FIELD = field_name.Field(2820, 3, 122)


def test_names_and_paths():
    field = field_name.parse_field("3813-5-23")
    assert field == (3813, 5, 23)
    assert str(field) == "3813-5-23"
    assert frames.frame_path("dr17", field, "r") == (
        "dr17/eboss/photoObj/frames/301/3813/5/frame-r-003813-5-0023.fits.bz2"
    )
    assert frames.mask_path("dr17", field, "g") == (
        "dr17/eboss/photo/redux/301/3813/objcs/5/fpM-003813-g5-0023.fit.gz"
    )


@pytest.mark.parametrize(
    ("release", "folder"),
    [
        ("dr8", "dr8/boss"),
        ("dr12", "dr12/boss"),
        ("dr13", "dr13/eboss"),
        ("dr17", "dr17/eboss"),
        ("dr18", "dr18/prior-surveys/sdss4-dr17-eboss"),
    ],
)
def test_each_release_has_its_folder(release, folder):
    field = field_name.Field(3813, 5, 23)
    paths = [frames.frame_path(release, field, "r"), frames.mask_path(release, field, "r")]
    paths.append(psfield_path(release, field))
    assert all(path.startswith(f"{folder}/photo") for path in paths)


@pytest.mark.parametrize(
    "name",
    ["", "3813-5", "3813-7-23", "0-5-23", "3813-5-23-r", "../x-5-23", "3813-5-23\n", "a-1-1"],
)
def test_other_names_are_refused(name):
    with pytest.raises(InputError, match="run-camcol-field"):
        field_name.parse_field(name)


def whole_frame(**changed):
    """Return the HDUs of a frame with some header cards changed."""
    image = fits.PrimaryHDU(np.zeros(frames.SHAPE, np.float32))
    cards = {"RUN": 2820, "CAMCOL": 3, "FILTER": "r", **changed}
    image.header.update({key: value for key, value in cards.items() if value is not None})
    sky = fits.BinTableHDU.from_columns(
        [
            fits.Column("ALLSKY", "49152E", dim="(256,192)", array=np.zeros((1, 192, 256))),
            fits.Column("XINTERP", "2048E", array=np.zeros((1, 2048))),
            fits.Column("YINTERP", "1489E", array=np.zeros((1, 1489))),
        ]
    )
    calibration = fits.ImageHDU(np.ones(2048, np.float32))
    return fits.HDUList([image, calibration, sky, fits.BinTableHDU.from_columns([])])


@pytest.mark.parametrize("changed", [{}, {"FIELD": "NA"}, {"FIELD": 122}, {"FIELD": "122 "}])
def test_whole_frame_passes(changed):
    frames.check_frame(whole_frame(**changed), FIELD, "r")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"RUN": 2821}, "RUN = 2821, its name says 2820"),
        ({"CAMCOL": 4}, "CAMCOL"),
        ({"FILTER": "g"}, "FILTER = g"),
        ({"FIELD": 123}, "FIELD = 123"),
        ({"RUN": None}, "RUN is missing"),
    ],
)
def test_header_must_agree_with_the_name(changed, message):
    with pytest.raises(InputError, match=message):
        frames.check_frame(whole_frame(**changed), FIELD, "r")


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_an_impossible_calibration_is_refused(value):
    frame = whole_frame()
    frame[1].data[7] = value
    with pytest.raises(InputError, match="calibration vector is not positive"):
        frames.check_frame(frame, FIELD, "r")


def test_wrong_shape_or_hdus_are_refused():
    short = whole_frame()[:3]
    with pytest.raises(InputError, match="3 HDUs"):
        frames.check_frame(short, FIELD, "r")
    small = whole_frame()
    small[0].data = np.zeros((100, 2048), np.float32)
    with pytest.raises(InputError, match="shape"):
        frames.check_frame(small, FIELD, "r")
    bare = whole_frame()
    bare[2] = fits.ImageHDU(np.zeros(3))
    with pytest.raises(InputError, match="sky table"):
        frames.check_frame(bare, FIELD, "r")


def test_masked_pixels_against_a_loop():
    spans = np.array([[2, 5, 3, 6], [4, 0, 0, 0], [2, 5, 6, 7]])
    expected = [
        (bit, row, column) for bit, row, first, last in spans for column in range(first, last + 1)
    ]
    assert list(zip(*frames.masked_pixels(spans), strict=True)) == expected
    assert all(len(part) == 0 for part in frames.masked_pixels(np.empty((0, 4), int)))


def test_real_survey_mask(real):
    """Compare spans with the number of pixels that each object states."""
    path = real / "sas/dr17/eboss/photo/redux/301/4192/objcs/4/fpM-004192-r4-0300.fit.gz"
    with fits.open(io.BytesIO(gzip.decompress(path.read_bytes()))) as hdus:
        spans = frames.mask_spans(hdus)
        planes = {"INTERPOLATED": 0, "SATURATED": 1}
        stated = {name: hdus[plane + 1].data["npix"].sum() for name, plane in planes.items()}
    for name, pixels in stated.items():
        chosen = spans[spans[:, 0] == BITS[name]]
        assert pixels > 0
        assert len(frames.masked_pixels(chosen)[0]) == pixels
    assert spans[:, 3].max() < 2048


def test_anything_else_is_refused_as_a_survey_mask():
    with pytest.raises(InputError, match="not a survey mask"):
        frames.mask_spans(whole_frame())


@pytest.mark.parametrize("name", ["ALLSKY", "XINTERP", "YINTERP"])
def test_a_sky_table_with_nan_is_refused(name):
    frame = whole_frame()
    frame[2].data[name][0].flat[3] = np.nan
    with pytest.raises(InputError, match=f"{name} is not finite"):
        frames.check_frame(frame, FIELD, "r")
