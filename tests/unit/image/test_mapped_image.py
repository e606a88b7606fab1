"""Images that are kept in files while they are computed."""

import numpy as np
import pytest
import subtraction_sky
from redpix.image.mapped_image import MappedImage, planes_folder
from redpix.subtraction.tiles import subtract_tiles


def test_tiles_in_files_are_those_in_memory(tmp_path):
    sky = subtraction_sky.make(1, (200, 150))
    sky.new.image[:, :3] = np.nan
    psfs = (lambda x, y: sky.new.psf), (lambda x, y: sky.reference.psf)
    expected = subtract_tiles(sky.new, sky.reference, *psfs, side=90)
    with planes_folder(tmp_path / "out/difference.fits") as folder:
        planes = [MappedImage(folder / str(number), (200, 150), np.float32) for number in range(6)]
        subtract_tiles(sky.new, sky.reference, *psfs, side=90, planes=planes)
        for plane, image in zip(planes, expected[:6], strict=True):
            np.testing.assert_array_equal(plane.read(), image)
        (tmp_path / "out/difference.fits").touch()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["difference.fits"]


def test_what_fails_leaves_nothing_and_what_was_left_goes(tmp_path):
    (tmp_path / "out/.planes").mkdir(parents=True)
    (tmp_path / "out/.planes/0").write_text("of a killed process")

    def fail():
        with planes_folder(tmp_path / "out/a.fits") as folder:
            assert not any(folder.iterdir())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not any(tmp_path.iterdir())
