"""Linear fits to the neighbours of many points at once."""

from typing import NamedTuple

import numpy as np

#: ridge penalty on the slopes, relative to the mean variance of the neighbours along an axis;
#: fits stay defined if neighbours coincide or are fewer than the axes
RIDGE = 1e-3

#: maximum leverage of a neighbour on its fit; bounds the residuals
MOST_LEVERAGE = 0.9


class LocalFit(NamedTuple):
    """Fits at n points, one row per point."""

    value: np.ndarray  #: (n,), within the range of the neighbours' values
    residuals: np.ndarray  #: (n, k), residual of each neighbour from a fit without it
    beyond: np.ndarray  #: (n,), bool: the fit left that range and was clipped to it


def local_linear(offsets, values):
    """Fit the neighbours of each point linearly, and evaluate the fit at the point.

    Beck et al. (2016, MNRAS 460, 1371) estimate redshifts with this method. Slopes have a small
    ridge penalty, `RIDGE`. The fit is clipped to the range of its neighbours' values. The residual
    of a neighbour from the fit without it is r / (1 - h), with its residual r and its leverage h.

    Parameters
    ----------
    offsets : ndarray, shape (n, k, d)
        Neighbours minus point.
    values : ndarray, shape (n, k)
        Values of the neighbours.

    Returns
    -------
    LocalFit
    """
    k, axes = offsets.shape[1:]
    centre = offsets.mean(axis=1)
    centred = offsets - centre[:, None]
    mean = values.mean(axis=1)
    moments = np.einsum("nki,nkj->nij", centred, centred)
    penalty = RIDGE * np.trace(moments, axis1=1, axis2=2) / axes
    # if all neighbours coincide, any penalty gives their mean
    penalty = np.where(penalty > 0, penalty, 1.0)
    inverse = np.linalg.inv(moments + penalty[:, None, None] * np.eye(axes))
    towards = np.einsum("nki,nij->nkj", centred, inverse)
    slopes = np.einsum("nkj,nk->nj", towards, values - mean[:, None])
    fitted = mean[:, None] + np.einsum("nki,ni->nk", centred, slopes)
    leverage = 1 / k + np.einsum("nkj,nkj->nk", towards, centred)
    residuals = (values - fitted) / (1 - np.minimum(leverage, MOST_LEVERAGE))
    free = mean - np.einsum("ni,ni->n", centre, slopes)
    value = np.clip(free, values.min(axis=1), values.max(axis=1))
    return LocalFit(value, residuals, value != free)
