"""Counts whose steps are as wide as the noise, as of cameras of many electrons per count.

Medians of such counts jump from one whole number to the next, so sky and noise are off by part of a
step. Random fractions of a step make them continuous, at the cost of a twelfth of a squared step in
variance.
"""

import numpy as np

#: noise of a pixel, counts, below which whole counts are coarse
COARSE = 2.0

#: differences of neighbours beyond this many times their median are not noise
_OUTLIER = 5.0

#: seed of the fractions, so that a run gives the same values again
_SEED = 20

#: number of pixels that tell the noise
_PIXELS = 1_000_000


def without_steps(raw, saturation):
    """Return counts with a random fraction of a count added where whole counts are coarse.

    Parameters
    ----------
    raw : ndarray, shape (ny, nx)
        Counts as they were read.
    saturation : float or None
        Counts from which pixels are saturated; these stay.

    Returns
    -------
    counts : ndarray, shape (ny, nx)
        `raw` itself if its steps are finer than the noise.
    remarks : tuple of str
        What was done.
    """
    some = np.asarray(raw[:: 1 + raw.size // _PIXELS], float)
    some = np.where(np.isfinite(some), some, np.nan)
    whole = some[np.isfinite(some)]
    if not len(whole) or np.any(whole != np.rint(whole)):
        return raw, ()
    noise = noise_of_whole_counts(some)
    if not 0 < noise < COARSE:
        return raw, ()
    fraction = np.random.default_rng(_SEED).uniform(-0.5, 0.5, raw.shape)
    if saturation is not None:
        fraction[raw >= saturation] = 0
    remark = (
        f"the noise is {noise:.2f} counts, and counts are whole: a random fraction of a count is "
        "added to each pixel, so that the sky can be measured"
    )
    return raw + fraction, (remark,)


def noise_of_whole_counts(counts):
    """Return the noise of whole counts from differences of neighbours, without a median of them.

    Parameters
    ----------
    counts : ndarray, shape (ny, nx)
        NaN in invalid pixels.

    Returns
    -------
    float
        0 without valid pixels.
    """
    steps = np.diff(counts, axis=1)
    steps = steps[np.isfinite(steps)]
    if not len(steps):
        return 0.0
    usual = max(float(np.median(abs(steps))), 1.0)
    return float(np.sqrt(np.mean(steps[abs(steps) < _OUTLIER * usual] ** 2) / 2))
