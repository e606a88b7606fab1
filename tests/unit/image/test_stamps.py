"""Stamps of any sides keep their middle."""

import numpy as np
import pytest
from redpix.image.stamps import resized


@pytest.mark.parametrize("shape", [(5, 5), (9, 9), (8, 8), (6, 9), (9, 4), (7, 7)])
@pytest.mark.parametrize("side", [3, 7, 11])
def test_the_middle_stays_in_the_middle(shape, side):
    stamp = np.arange(1.0, 1 + shape[0] * shape[1]).reshape(shape)
    made = resized(stamp, side)
    assert made.shape == (side, side)
    y, x = (length // 2 for length in shape)
    for row in range(side):
        for column in range(side):
            down, right = row - side // 2, column - side // 2
            inside = abs(down) <= (shape[0] - 1) // 2 and abs(right) <= (shape[1] - 1) // 2
            assert made[row, column] == (stamp[y + down, x + right] if inside else 0)
