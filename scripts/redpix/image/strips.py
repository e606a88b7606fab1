"""Cut a large image into strips of rows, so that temporary planes stay small."""

from typing import NamedTuple

#: number of rows of a strip
ROWS = 1024


class Strip(NamedTuple):
    """Rows of an image, with a margin.

    Attributes
    ----------
    rows : slice
        Rows of the image that the strip is for.
    wide : slice
        The same with the margin, as far as the image goes.
    inner : slice
        `rows` within `wide`.
    """

    rows: slice
    wide: slice
    inner: slice


def strips(number, margin, size=ROWS):
    """Return the strips of an image.

    Parameters
    ----------
    number : int
        Rows of the image.
    margin : int
        Rows on either side that a calculation needs.
    size : int
        Rows of a strip.

    Returns
    -------
    list of Strip
    """
    made = []
    for first in range(0, number, size):
        last = min(first + size, number)
        low, high = max(first - margin, 0), min(last + margin, number)
        made.append(Strip(slice(first, last), slice(low, high), slice(first - low, last - low)))
    return made
