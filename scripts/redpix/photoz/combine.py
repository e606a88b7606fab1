"""From the predictions of an object's pixels to one redshift with an honest width."""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from redpix.photoz import pdf
from redpix.photoz.learner import CLASSES, Prediction

#: signal to noise that a pixel counts with at least, so that faint objects have a weight
LEAST_SNR = 0.1

#: weight of a pixel by its signal to noise
COMBINERS = {
    "mean": np.ones_like,
    "weighted": lambda snr: np.maximum(snr, LEAST_SNR) ** 2,
}


class Stack:
    """Weighted means of what is predicted for the pixels of each object, added up in chunks."""

    def __init__(self, objects, nodes):
        self.weight = np.zeros(objects)
        self.redshift = np.zeros(objects)
        self.density = np.zeros((objects, nodes), np.float32)
        self.probability = np.zeros((objects, len(CLASSES)))
        self.outside = np.zeros(objects)

    def add(self, index, weight, prediction):
        """Add pixels.

        Parameters
        ----------
        index : ndarray of int, shape (n,)
            Object of each pixel.
        weight : ndarray, shape (n,)
        prediction : Prediction
            Of the n pixels.
        """
        present, local = np.unique(index, return_inverse=True)
        shape = (len(present), len(index))
        sums = csr_array((weight.astype(np.float64), (local, np.arange(len(index)))), shape)
        self.weight[present] += np.bincount(local, weight, len(present))
        self.redshift[present] += sums @ prediction.redshift
        self.density[present] += sums @ prediction.density
        self.probability[present] += sums @ prediction.probability
        self.outside[present] += sums @ prediction.outside

    def prediction(self):
        """The weighted means so far as a `Prediction` of all objects, NaN for those without."""
        total = np.where(self.weight > 0, self.weight, np.nan)
        return Prediction(
            self.redshift / total,
            self.density / total[:, None].astype(np.float32),
            self.probability / total[:, None],
            self.outside / total,
        )


class Calibrated(NamedTuple):
    """Redshifts of objects with widths that mean what they say, one row an object."""

    redshift: np.ndarray  #: (n,)
    error: np.ndarray  #: (n,), half the distance of the two below
    low68: np.ndarray  #: (n,), 16th percentile of the density
    high68: np.ndarray  #: (n,), 84th percentile
    density: np.ndarray  #: (n, nodes), float32


def width_scale(prediction, truth, grid):
    """Factor by which densities have to be widened for their 68 % interval to hold 68 % of truths.

    The densities of an object's pixels are far from independent, so their mean has the wrong width
    by a factor that only objects of known redshift tell. For each object, the factor by which its
    density has to be stretched about its redshift for the truth to fall on the end of the interval
    is found; the 68th percentile of these is returned.

    Parameters
    ----------
    prediction : Prediction
        Of objects that were not learnt from.
    truth : ndarray, shape (n,)
    grid : ndarray, shape (nodes,)
    """
    ends = pdf.quantiles(prediction.density, [0.16, 0.84], grid)
    step = grid[1] - grid[0]
    residual = truth - prediction.redshift
    above = np.maximum(ends[:, 1] - prediction.redshift, step)
    below = np.maximum(prediction.redshift - ends[:, 0], step)
    needed = np.where(residual > 0, residual / above, -residual / below)
    return float(np.percentile(needed, 68))


def calibrate(prediction, scale, grid, rows=5000):
    """Stretch the densities of objects by `scale` about their redshifts and measure them.

    Works through `rows` objects at a time to bound memory.

    Returns
    -------
    Calibrated
    """
    density = np.empty_like(prediction.density, dtype=np.float32)
    ends = np.empty((len(density), 2))
    for start in range(0, len(density), rows):
        part = slice(start, start + rows)
        centre = prediction.redshift[part]
        stretched = pdf.stretch(prediction.density[part], centre, scale, grid)
        density[part] = stretched
        ends[part] = pdf.quantiles(stretched, [0.16, 0.84], grid)
    low, high = ends.T
    return Calibrated(prediction.redshift, (high - low) / 2, low, high, density)
