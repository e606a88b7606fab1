"""Read the table of masked spans that fetching leaves for a field."""

import numpy as np
from astropy.io import fits
from redpix.frames import masked_pixels


def read_masked(path, band):
    """Masked pixels (bit, y, x) of one band, from the field's table of spans."""
    spans = fits.getdata(path, "SPANS")
    spans = spans[spans["BAND"] == band]
    columns = [np.asarray(spans[name], np.int32) for name in ("BIT", "ROW", "FIRST", "LAST")]
    return masked_pixels(np.stack(columns, axis=1))
