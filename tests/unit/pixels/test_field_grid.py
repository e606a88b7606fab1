"""The north-up grid of a frame, and a WCS that would need a grid without end."""

import numpy as np
import pytest
from astropy.io import fits
from redpix.core.exceptions import InputError
from redpix.pixels.register_field import field_grid

SIDE = 1.1e-4  # degrees per pixel


def frame(path, matrix):
    """Write an image of 200 x 100 pixels with a CD matrix; return its path."""
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0})
    header.update({"CRVAL2": 1.0, "CRPIX1": 100.0, "CRPIX2": 50.0})
    for (i, j), value in np.ndenumerate(SIDE * np.array(matrix)):
        header[f"CD{i + 1}_{j + 1}"] = value
    fits.writeto(path, np.zeros((100, 200), np.float32), header)
    return str(path)


@pytest.mark.parametrize("angle", [0, 30, 45, 90])
def test_any_rotation_fits_into_the_diagonal(tmp_path, angle):
    cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    path = frame(tmp_path / "a.fits", [[-cosine, sine], [sine, cosine]])
    rows, columns = field_grid(path, "montage", None).shape
    assert columns == pytest.approx(200 * cosine + 100 * sine, abs=2)
    assert rows == pytest.approx(100 * cosine + 200 * sine, abs=2)


@pytest.mark.parametrize("matrix", [[[-100, 0], [0, 0.01]], [[-1, 1], [1, -1.0001]]])
def test_pixels_that_are_not_squares_are_refused(tmp_path, matrix):
    path = frame(tmp_path / "a.fits", matrix)
    with pytest.raises(InputError, match=f"{path}: WCS that cannot be used: a north-up grid"):
        field_grid(path, "montage", None)
