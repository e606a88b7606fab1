"""From the predictions of an object's pixels to one."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_array

from redpix.photoz import metrics, pdf
from redpix.photoz.learners.base import CLASSES, Prediction

#: signal to noise that a pixel counts with at least, so that faint objects have a weight
LEAST_SNR = 0.1

#: weight of a pixel by its signal to noise, for the ways that are plain sums
WEIGHTS = {
    "mean": np.ones_like,
    "weighted": lambda snr: np.maximum(snr, LEAST_SNR) ** 2,
}

#: the ways in which the predictions of pixels are combined
COMBINERS = (*WEIGHTS, "stacked", "tempered")

#: density of a pixel, per unit of redshift, below which a product does not believe it
FLOOR = 1e-2

#: exponents of a product that are tried, least and most, and objects that it is fitted to
EXPONENTS, MOST_FITTED = (0.2, 30.0), 3000


class Stack:
    """Weighted means of what is predicted for the pixels of each object, added up in chunks."""

    def __init__(self, objects, nodes):
        self.weight = np.zeros(objects)
        self.redshift, self.square = np.zeros(objects), np.zeros(objects)
        self.pdf = np.zeros((objects, nodes), np.float32)
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
        present, sums = summing_matrix(index, weight)
        redshift = prediction.redshift
        self.weight[present] += sums.sum(axis=1)
        self.redshift[present] += sums @ redshift
        self.square[present] += sums @ redshift**2
        self.pdf[present] += sums @ prediction.pdf
        self.probability[present] += sums @ prediction.probability
        self.outside[present] += sums @ prediction.outside

    def _total(self):
        return np.where(self.weight > 0, self.weight, np.nan)

    def prediction(self):
        """The weighted means so far as a `Prediction` of all objects, NaN for those without."""
        total = self._total()
        return Prediction(
            self.redshift / total,
            self.pdf / total[:, None].astype(np.float32),
            self.probability / total[:, None],
            self.outside / total,
        )

    def moments(self):
        """Mean and standard deviation of the pixels' redshifts, shape (objects, 2)."""
        mean, square = self.redshift / self._total(), self.square / self._total()
        return np.stack([mean, np.sqrt(np.maximum(square - mean**2, 0))], axis=1)


class Product:
    """Weighted geometric means of the densities of each object's pixels, added up in chunks.

    Raised to an exponent, such a mean is the product of the pixels' densities, each to a small
    power: to the number of pixels if they were independent, to far less as they are not.
    """

    def __init__(self, objects, nodes):
        self.weight = np.zeros(objects)
        self.logarithm = np.zeros((objects, nodes), np.float32)

    def add(self, index, weight, pdfs):
        """Add pixels: their objects, weights and densities, shape (n, nodes)."""
        present, sums = summing_matrix(index, weight)
        self.weight[present] += sums.sum(axis=1)
        self.logarithm[present] += sums @ np.log(np.maximum(pdfs, FLOOR))

    def pdfs(self, exponent, grid, rows=slice(None)):
        """Normalised densities of all objects or of some rows, NaN for those without a pixel."""
        total = np.where(self.weight[rows] > 0, self.weight[rows], np.nan)
        mean = self.logarithm[rows] / total[:, None]
        return tempered(mean, exponent, grid)


def summing_matrix(index, weight):
    """The objects present, and the matrix that sums over the pixels of each with their weights."""
    present, local = np.unique(index, return_inverse=True)
    shape = (len(present), len(index))
    cells = (local, np.arange(len(index)))
    return present, csr_array((weight.astype(np.float64), cells), shape)


def tempered(logarithm, exponent, grid):
    """Densities in proportion to exp(exponent x logarithm), shape (n, nodes), normalised."""
    raised = exponent * logarithm.astype(np.float64)
    return pdf.normalise(np.exp(raised - raised.max(axis=1, keepdims=True)), grid)


def fit_exponent(product, members, truth, grid):
    """The exponent of the least mean CRPS of objects that were not learnt from.

    Parameters
    ----------
    product : Product
    members : ndarray of int
        Rows of those objects.
    truth : ndarray, shape (members,)
    grid : ndarray, shape (nodes,)
    """
    step = -(-len(members) // MOST_FITTED)
    members, truth = members[::step], truth[::step]

    def loss(logarithm):
        pdfs = product.pdfs(np.exp(logarithm), grid, members)
        return metrics.crps(pdf.cumulative(pdfs, grid), truth, grid).mean()

    bounds = tuple(np.log(EXPONENTS))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-3})
    return float(np.exp(found.x))


def with_median(prediction, pdfs, grid):
    """The prediction with another density, and that one's median as its redshift."""
    redshift = np.full(len(pdfs), np.nan)
    told = np.isfinite(pdfs[:, 0])
    redshift[told] = pdf.quantiles(pdfs[told], [0.5], grid)[:, 0]
    return prediction._replace(redshift=redshift, pdf=pdfs)
