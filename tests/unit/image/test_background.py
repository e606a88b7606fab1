"""The smooth background of small images."""

import numpy as np
import pytest
from redpix.core.exceptions import InputError
from redpix.image.background import smooth_background


def test_a_hundred_valid_pixels_are_enough():
    image = np.full((12, 10), np.nan)
    image[:10] = 7.0
    np.testing.assert_array_equal(smooth_background(image), np.full((12, 10), 7.0))
    image[0, 0] = np.nan
    with pytest.raises(InputError, match="every square of the background has fewer than 100"):
        smooth_background(image)
