"""Linear fits to the neighbours of each of many points at once."""

from typing import NamedTuple

import numpy as np

#: penalty on the slopes, relative to the mean variance of the neighbours along an axis: fits stay
#: defined where neighbours coincide or are fewer than axes
RIDGE = 1e-3

#: largest leverage of a neighbour on its own fit that is reckoned with
MOST_LEVERAGE = 0.9


class LocalFit(NamedTuple):
    """Fits at n points, one row each."""

    value: np.ndarray  #: (n,), within the range of the neighbours' values
    residuals: np.ndarray  #: (n, k), of each neighbour from a fit without it
    beyond: np.ndarray  #: (n,), bool: the fit left that range and was set to its end


def local_linear(offsets, values):
    """Linear least squares to the neighbours of each point, evaluated at the point.

    Beck et al. (2016, MNRAS 460, 1371) estimate redshifts so. Slopes bear a small ridge penalty,
    `RIDGE`. What a fit gives outside the range of its neighbours' values is set to the end of that
    range. A residual is that of the fit without the neighbour: r / (1 - h) with h the neighbour's
    leverage.

    Parameters
    ----------
    offsets : ndarray, shape (n, k, d)
        Neighbours minus point.
    values : ndarray, shape (n, k)

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
    # neighbours all in one place leave nothing to fit: any penalty then gives their mean
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
