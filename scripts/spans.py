"""Read the table of masked spans that fetching leaves for a field."""

import numpy as np
from astropy.io import fits
from redpix.frames import masked_pixels
from redpix.masks import DTYPE


def read_masked(path, band):
    """Masked pixels (bit, y, x) of one band, from the field's table of spans."""
    spans = fits.getdata(path, "SPANS")
    spans = spans[spans["BAND"] == band]
    columns = [np.asarray(spans[name], np.int32) for name in ("BIT", "ROW", "FIRST", "LAST")]
    return masked_pixels(np.stack(columns, axis=1))


def span_mask(path, band, shape):
    """Mask of one band as an image of a shape, bits as in `redpix.masks`."""
    bit, y, x = read_masked(path, band)
    mask = np.zeros(shape, DTYPE)
    np.bitwise_or.at(mask, (y, x), np.left_shift(1, bit).astype(DTYPE))
    return mask
