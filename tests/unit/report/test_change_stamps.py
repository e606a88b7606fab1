"""Names of flags, values and pictures of transients on the page."""

import json

import numpy as np
import pandas as pd
from astropy.io import fits
from redpix.report import change_stamps
from redpix.subtraction.transients import FLAGS


def test_flags_have_their_names():
    assert change_stamps.flag_names(0) == []
    assert change_stamps.flag_names(4 + FLAGS["SHAPE"]) == ["SATURATED", "SHAPE"]


def table(**changed):
    row = {"id": 1, "band": "r", "ra": 1.0, "dec": 2.0, "x": 30.0, "y": 20.0, "scorr": 9.0}
    row |= {"flux": 5.0, "mag": np.nan, "kind": "brighter", "flags": 0, "score": 0.9}
    return pd.DataFrame([{**row, **changed}])


def images(value):
    planes = [fits.PrimaryHDU()]
    for name in ("NEW", "REF", "D"):
        planes.append(fits.ImageHDU(np.full((60, 80), value, "f4"), name=name))
    return fits.HDUList(planes)


def test_images_without_noise_or_data_have_pictures_too():
    for value in (0.0, np.nan):
        (stamp,) = change_stamps.show_stamps(images(value), table())
        assert all(stamp[name].startswith("data:image/") for name in ("new", "ref", "difference"))
        assert stamp["mag"] is None


def test_only_the_first_rows_have_pictures():
    rows = pd.concat([table(id=number) for number in range(5)])
    stamps = change_stamps.show_stamps(images(0.0), rows, most=2)
    assert [stamp["id"] for stamp in stamps] == [0, 1]
    assert change_stamps.show_stamps(images(0.0), rows.head(0)) == []


def test_words_of_a_table_cannot_leave_their_element():
    pairs = [{"name": "</script><b>", "stamps": change_stamps.show_stamps(images(0.0), table())}]
    text = change_stamps.stamps_json(pairs)
    assert "<" not in text
    assert json.loads(text)[0]["pair"] == "</script><b>"
    assert change_stamps.stamps_json([{"name": "a", "stamps": []}]) == ""
