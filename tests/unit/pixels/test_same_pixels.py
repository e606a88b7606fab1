"""Frames of SDSS through a table of images, and through the survey's path: the same pixels."""

import bz2
import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from redpix.config.given_frame import GivenFrame
from redpix.demo import camera, fields, sdss_files
from redpix.image.wcs import frame_wcs
from redpix.pixels.given_field import prepare_field
from redpix.pixels.pixel_table import write_pixel_table
from redpix.pixels.register_field import register_field
from redpix.pixels.softening import write_softening
from redpix.sdss.fetch import write_masks
from redpix.sdss.frames import SHAPE, mask_spans
from redpix.sdss.write_error_maps import write_error_maps

FIELD = fields.FIELDS[0]
BANDS = ["g", "r"]
#: x, y and flux (nanomaggies) of round sources; some meet saturated pixels and the border
SOURCES = [(700, 500, 80), (706, 508, 40), (1200, 900, 9000), (1990, 40, 60), (30, 1400, 50)]


def light(scale):
    """Return Gaussian sources in a frame, nanomaggies."""
    image = np.zeros(SHAPE)
    for x, y, flux in SOURCES:
        box = np.s_[max(y - 40, 0) : y + 40, max(x - 40, 0) : x + 40]
        rows, columns = (plane[box] for plane in np.indices(SHAPE))
        profile = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 8) / (8 * np.pi)
        image[box] += scale * flux * profile
    return image


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """Folder with frames, plain and packed, and survey masks of two bands."""
    folder = tmp_path_factory.mktemp("same")
    for number, band in enumerate(BANDS):
        exposure = camera.expose(np.random.default_rng(number), light(1 + number), FIELD, band)
        frame = folder / f"frame-{band}.fits"
        sdss_files.frame_hdus(exposure, FIELD, band).writeto(frame)
        (folder / f"frame-{band}.fits.bz2").write_bytes(bz2.compress(frame.read_bytes(), 1))
        sdss_files.mask_hdus(exposure, FIELD, band).writeto(folder / f"fpM-{band}.fit")
    return folder


def survey_path(survey, folder):
    """Write error maps and masks as for `source`; return the paths of frames and error maps."""
    frames = [str(survey / f"frame-{band}.fits") for band in BANDS]
    errors = [str(folder / f"error-{band}.fits") for band in BANDS]
    write_error_maps(frames, errors, BANDS, FIELD.name)
    spans = {}
    for band in BANDS:
        with fits.open(survey / f"fpM-{band}.fit") as hdus:
            spans[band] = mask_spans(hdus)
    write_masks(folder / "masks.fits", spans, BANDS)
    return frames, errors, ()


def table_path(survey, folder, **more):
    """Prepare the field as for `frames`; return the paths of images, error maps and softening."""
    rows = {}
    for band in BANDS:
        image, mask = survey / f"frame-{band}.fits.bz2", survey / f"fpM-{band}.fit"
        rows[band] = list(GivenFrame("sky", band, str(image), mask=str(mask), **more))
    status = folder / "status.json"
    prepare_field(status, folder / "masks.fits", rows, None, BANDS, "r", folder, "sky")
    write_softening([status], folder / "softening.json")
    return (
        [str(folder / f"{band}.fits") for band in BANDS],
        [str(folder / f"{band}.error.fits") for band in BANDS],
        str(folder / "softening.json"),
    )


def pixel_rows(folder, frames, errors, softening):
    """Register, and return the table of the pixels around each source."""
    images = [str(folder / f"{band}.registered.fits") for band in BANDS]
    register_field(frames, errors, folder / "masks.fits", images, BANDS, "r", "drizzle")
    flux = np.nan_to_num(fits.getdata(images[1]))
    segments = np.zeros(flux.shape, np.int32)
    wcs = camera.band_wcs(FIELD, "r")
    sky = wcs.all_pix2world([source[:2] for source in SOURCES], 0)
    places = frame_wcs(fits.getheader(images[1])).all_world2pix(sky, 0)
    rows, columns = np.indices(flux.shape)
    peaks = []
    for number, (x, y) in enumerate(places, start=1):
        segments[(np.hypot(columns - x, rows - y) < 12) & (segments == 0)] = number
        peaks.append((number, round(x) + 1, round(y) + 1))
    fits.writeto(folder / "seg.fits", segments)
    numbers, x, y = np.transpose(peaks)
    listed = {"NUMBER": numbers, "XPEAK_IMAGE": x, "YPEAK_IMAGE": y, "OBJECT_ID": numbers}
    columns = [fits.Column(name, "K", array=values) for name, values in listed.items()]
    fits.BinTableHDU.from_columns(columns, name="OBJECTS").writeto(folder / "cat.fits")
    objects = pd.DataFrame({"id": numbers, "redshift": 0.1, "redshiftError": 0.001})
    objects.assign(**{"class": "GALAXY"}).to_csv(folder / "objects.csv", index=False)
    write_pixel_table(
        images,
        [str(folder / "cat.fits")],
        [str(folder / "seg.fits")],
        str(folder / "objects.csv"),
        folder / "pixels.parquet",
        folder / "counts.csv",
        BANDS,
        "r",
        "reference",
        ["NO_DATA", "BAD"],
        softening=softening,
    )
    return pq.read_table(folder / "pixels.parquet").to_pandas()


def test_both_paths_give_the_same_pixel_table(survey, tmp_path):
    tables = []
    for name, path in (("survey", survey_path), ("table", table_path)):
        folder = tmp_path / name
        folder.mkdir()
        tables.append(pixel_rows(folder, *path(survey, folder)))
    one, other = tables
    assert len(one) == len(other) > 1500
    assert (one["mask"] & 1 << 2).any()  # saturated pixels by the survey's mask
    assert list(one.columns) == list(other.columns)
    for name in one.columns:
        if name == "class":
            assert (one[name] == other[name]).all()
        else:
            assert other[name].to_numpy() == pytest.approx(one[name].to_numpy(), rel=1e-6), name


def test_values_of_the_table_that_a_frame_states_itself_are_not_used_and_said(survey, tmp_path):
    table_path(survey, tmp_path, zero_point=25.0, gain=3.0)
    about = json.loads((tmp_path / "status.json").read_text())["frames"]["r"]
    assert about["zero_point"] == 22.5
    assert about["remarks"][0].startswith("gain 3, zero_point 25 of the table: not used, as a fra")
