"""Turn planes of an image into layers of the page's viewer: small pictures that keep values.

A layer is a lossless picture of 8-bit levels. Level 0 has no data. The page turns levels back into
values, so that it can show the value under the cursor and change the contrast.
"""

import numpy as np
from astropy.stats import mad_std

from redpix.report.figures import lossless_uri

#: levels below the sky, and levels per unit of the arc hyperbolic sine
_BELOW, _LEVELS = 24, 32

#: softening in units of the noise: a level is half of the noise on the sky, 3 percent of a bright
#: value, and the highest level is 10,000 times the noise
_SOFTENING = 16.0


def asinh_layer(name, values, unit, sample=None):
    """Return a layer of an image, in levels of equal steps of the arc hyperbolic sine.

    Parameters
    ----------
    name : str
        Name of the layer.
    values : ndarray, shape (ny, nx)
        NaN without data.
    unit : str
        Unit of the values.
    sample : ndarray, optional
        Values that show sky and noise; all by default.

    Returns
    -------
    dict
        `name`, `uri`, `unit`, and `asinh`: the sky and the softening, in the unit.
    """
    sample = values if sample is None else sample
    finite = sample[np.isfinite(sample)]
    sky = float(np.median(finite)) if len(finite) else 0.0
    soft = _SOFTENING * (float(mad_std(finite)) if len(finite) else 0.0) or 1.0
    levels = _BELOW + _LEVELS * np.arcsinh((values - sky) / soft)
    return {
        "name": name,
        "uri": levels_uri(levels),
        "unit": unit,
        "asinh": [significant(sky), significant(soft), _BELOW, _LEVELS],
    }


def linear_layer(name, values, unit, steps=254, colours="grey", sample=None):
    """Return a layer of an image in levels of equal steps.

    Parameters
    ----------
    name : str
        Name of the layer.
    values : ndarray, shape (ny, nx)
        NaN without data. Values above the 99.9th percentile get the highest level.
    unit : str
        Unit of the values.
    steps : int
        Number of steps between the lowest and the highest value, at most 254.
    colours : {"grey", "viridis"}
        Colours of the page.
    sample : ndarray, optional
        Values that have the lowest and the highest one; all by default.

    Returns
    -------
    dict
        `name`, `uri`, `unit`, `colours`, and `linear`: the lowest value and the step.
    """
    sample = values if sample is None else sample
    finite = sample[np.isfinite(sample)]
    low, high = np.percentile(finite, [0, 99.9]) if len(finite) else (0.0, 1.0)
    step = (high - low) / steps or 1.0
    return {
        "name": name,
        "uri": levels_uri(1 + (values - low) / step, 1 + steps),
        "unit": unit,
        "colours": colours,
        "linear": [significant(low), significant(step), steps],
    }


def mask_layer(name, mask, bits):
    """Return a layer of a mask; the page names the bits of a pixel.

    Parameters
    ----------
    name : str
        Name of the layer.
    mask : ndarray of int, shape (ny, nx)
        Sum of bits.
    bits : sequence of str
        Name of each bit, at most eight.

    Returns
    -------
    dict
        `name`, `uri` and `bits`.
    """
    return {
        "name": name,
        "uri": lossless_uri((mask[::-1].astype(np.int64) & 255).astype(np.uint8)),
        "bits": list(bits)[:8],
    }


def label_layer(name, labels, names):
    """Return a layer of segments; the page names the segment of a pixel.

    Parameters
    ----------
    name : str
        Name of the layer.
    labels : ndarray of int, shape (ny, nx)
        0 outside of segments, else 1 plus the number of a name; below 2**16.
    names : sequence of str
        Name of each segment.

    Returns
    -------
    dict
        `name`, `uri` and `labels`.
    """
    planes = [labels & 255, labels >> 8, np.zeros_like(labels)]
    return {
        "name": name,
        "uri": lossless_uri(np.stack(planes, axis=-1)[::-1].astype(np.uint8)),
        "labels": list(names),
    }


def levels_uri(levels, highest=255):
    """Return levels as a picture.

    Parameters
    ----------
    levels : ndarray, shape (ny, nx)
        NaN without data.
    highest : int
        Highest level.

    Returns
    -------
    str
        ``data:`` URI.
    """
    rounded = np.clip(np.rint(np.nan_to_num(levels)), 1, highest)
    return lossless_uri(np.where(np.isfinite(levels), rounded, 0)[::-1].astype(np.uint8))


def significant(value):
    """Return a number with six significant digits.

    Parameters
    ----------
    value : float
        The number.

    Returns
    -------
    float
    """
    return float(f"{value:.6g}")
