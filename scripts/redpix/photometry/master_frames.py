"""Combine raw calibration frames into masters: clipped means, flats scaled by their medians."""

import ccdproc
import numpy as np
from astropy import units
from astropy.nddata import CCDData
from astropy.stats import mad_std

from redpix.core.exceptions import InputError

#: values this far from the median of a pixel, in its scatter, are left out
CLIP = 4.0

#: fewest frames of which outliers are told
LEAST_CLIPPED = 4

#: pixels of all frames that are combined at once
BLOCK = 20_000_000


def clipped_mean(frames):
    """Return the mean of each pixel over frames, without outliers.

    Parameters
    ----------
    frames : list of ndarray, shape (ny, nx)
        Counts. With fewer than `LEAST_CLIPPED` frames the median is returned: it loses less to a
        cosmic ray than the mean.

    Returns
    -------
    ndarray, float32
    """
    rows = max(1, BLOCK // (len(frames) * frames[0].shape[1]))
    mean = np.empty(frames[0].shape, np.float32)
    for first in range(0, len(mean), rows):
        block = slice(first, first + rows)
        ccds = [CCDData(np.asarray(frame[block], np.float32), unit=units.adu) for frame in frames]
        combiner = ccdproc.Combiner(ccds, dtype=np.float32)
        if len(frames) < LEAST_CLIPPED:
            mean[block] = combiner.median_combine().data
            continue
        combiner.sigma_clipping(
            low_thresh=CLIP, high_thresh=CLIP, func=np.ma.median, dev_func=mad_std
        )
        mean[block] = combiner.average_combine().data
    return mean


def scaled_dark(dark, bias, factor):
    """Return the dark of another exposure time: (dark - bias) * factor + bias.

    Parameters
    ----------
    dark, bias : ndarray
        Masters, counts; the dark holds its bias.
    factor : float
        Exposure time of the light over that of the dark.

    Returns
    -------
    ndarray, float32
    """
    return ((dark - bias) * np.float32(factor) + bias).astype(np.float32)


def master_flat(frames, darks=None, *, colours=False):
    """Return the master flat, of median 1.

    Parameters
    ----------
    frames : list of ndarray
        Raw flats, counts.
    darks : list of ndarray or None, optional
        Taken away from each first; None where there is nothing to take away.
    colours : bool
        Flats of a colour camera. Each of the four pixels of its mosaic has median 1, because the
        colour of twilight changes from flat to flat.

    Returns
    -------
    ndarray, float32

    Raises
    ------
    InputError
        If a flat, or a colour of it, has no light.
    """
    scaled = [
        np.asarray(frame, np.float32) - (0 if dark is None else dark)
        for frame, dark in zip(frames, darks or [None] * len(frames), strict=True)
    ]
    for light in scaled:
        _scale_to_median(light, colours)
    mean = clipped_mean(scaled)
    _scale_to_median(mean, colours)
    return mean


def _scale_to_median(light, colours):
    """Divide a flat, or each pixel of its mosaic, by its median, in place."""
    step = 2 if colours else 1
    for row in range(step):
        for column in range(step):
            pixels = light[row::step, column::step]
            median = np.nanmedian(pixels)
            if not median > 0:
                raise InputError(
                    f"a flat has no light: its median is {median:.1f} counts above its dark"
                )
            pixels /= median
