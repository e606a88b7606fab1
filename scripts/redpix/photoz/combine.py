"""From the predictions of an object's pixels to one."""

import numpy as np
from scipy.sparse import csr_array

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
