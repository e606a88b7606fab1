"""Combine the predictions of the pixels of an object."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_array

from redpix.photoz import metrics, pdf
from redpix.photoz.learners.base import CLASSES, Prediction

#: minimum signal-to-noise ratio of a weight, so that faint objects have a weight
LEAST_SNR = 0.1

#: weight of a pixel as a function of its signal-to-noise ratio, for each weighted mean
WEIGHTS = {
    "mean": np.ones_like,
    "weighted": lambda snr: np.maximum(snr, LEAST_SNR) ** 2,
}

#: names of the combinations of the pixels of an object
COMBINERS = (*WEIGHTS, "stacked", "tempered")

#: minimum PDF of a pixel in a product, per unit of redshift; limits the effect of one pixel
FLOOR = 1e-2

#: smallest and largest exponent of a product, and maximum number of objects of its fit
EXPONENTS, MOST_FITTED = (0.2, 30.0), 3000


class WeightedMeans:
    """Weighted means of the predictions of the pixels of each object, summed in chunks.

    Parameters
    ----------
    objects : int
        Number of objects.
    nodes : int
        Number of nodes of the grid.
    """

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
            Weight of each pixel.
        prediction : redpix.photoz.learners.base.Prediction
            One row per pixel.
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
        """Return the sum of the weights of each object, NaN without pixels."""
        return np.where(self.weight > 0, self.weight, np.nan)

    def prediction(self):
        """Return the weighted means, NaN for objects without pixels.

        Returns
        -------
        redpix.photoz.learners.base.Prediction
            One row per object.
        """
        total = self._total()
        return Prediction(
            self.redshift / total,
            self.pdf / total[:, None].astype(np.float32),
            self.probability / total[:, None],
            self.outside / total,
        )

    def moments(self):
        """Return the weighted mean and standard deviation of the pixels' redshifts.

        Returns
        -------
        ndarray, shape (objects, 2)
        """
        mean, square = self.redshift / self._total(), self.square / self._total()
        return np.stack([mean, np.sqrt(np.maximum(square - mean**2, 0))], axis=1)


class GeometricMeans:
    """Weighted geometric means of the PDFs of the pixels of each object, summed in chunks.

    The product of the PDFs is a power of their geometric mean. If the pixels were independent, the
    exponent would be the number of pixels. They are not, and the exponent is fitted.

    Parameters
    ----------
    objects : int
        Number of objects.
    nodes : int
        Number of nodes of the grid.
    """

    def __init__(self, objects, nodes):
        self.weight = np.zeros(objects)
        self.logarithm = np.zeros((objects, nodes), np.float32)

    def add(self, index, weight, pdfs):
        """Add pixels.

        Parameters
        ----------
        index : ndarray of int, shape (n,)
            Object of each pixel.
        weight : ndarray, shape (n,)
            Weight of each pixel.
        pdfs : ndarray, shape (n, nodes)
            PDFs, one row per object or pixel.
        """
        present, sums = summing_matrix(index, weight)
        self.weight[present] += sums.sum(axis=1)
        self.logarithm[present] += sums @ np.log(np.maximum(pdfs, FLOOR))

    def pdfs(self, exponent, grid, rows=slice(None)):
        """Return the normalised powers of the geometric means, NaN for objects without pixels.

        Parameters
        ----------
        exponent : float
            Exponent of the geometric means.
        grid : ndarray, shape (nodes,)
            Redshifts of the nodes.
        rows : slice or ndarray of int
            Rows of the objects; all by default.

        Returns
        -------
        ndarray, shape (rows, nodes)
        """
        total = np.where(self.weight[rows] > 0, self.weight[rows], np.nan)
        mean = self.logarithm[rows] / total[:, None]
        return tempered(mean, exponent, grid)


def summing_matrix(index, weight):
    """Return a matrix that sums over the pixels of each object with their weights.

    Parameters
    ----------
    index : ndarray of int, shape (n,)
        Object of each pixel.
    weight : ndarray, shape (n,)
        Weight of each pixel.

    Returns
    -------
    present : ndarray of int, shape (m,)
        Objects that have pixels.
    matrix : scipy.sparse.csr_array, shape (m, n)
    """
    present, local = np.unique(index, return_inverse=True)
    shape = (len(present), len(index))
    cells = (local, np.arange(len(index)))
    return present, csr_array((weight.astype(np.float64), cells), shape)


def tempered(logarithm, exponent, grid):
    """Return normalised PDFs proportional to exp(exponent * logarithm).

    Parameters
    ----------
    logarithm : ndarray, shape (n, nodes)
        Logarithms of the geometric means.
    exponent : float
        Exponent of the geometric means.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    ndarray, shape (n, nodes)
    """
    raised = exponent * logarithm.astype(np.float64)
    return pdf.normalise(np.exp(raised - raised.max(axis=1, keepdims=True)), grid)


def fit_exponent(product, members, truth, grid):
    """Return the exponent with the smallest mean CRPS of held-out objects.

    Parameters
    ----------
    product : GeometricMeans
        Geometric means of the pixels' PDFs.
    members : ndarray of int
        Rows of the held-out objects.
    truth : ndarray, shape (members,)
        True redshifts.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    float
    """
    step = -(-len(members) // MOST_FITTED)
    members, truth = members[::step], truth[::step]

    def loss(logarithm):
        pdfs = product.pdfs(np.exp(logarithm), grid, members)
        return metrics.crps(pdf.cumulative(pdfs, grid), truth, grid).mean()

    bounds = tuple(np.log(EXPONENTS))
    best = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-3})
    return float(np.exp(best.x))


def with_median(prediction, pdfs, grid):
    """Return a prediction with other PDFs, and with their medians as redshifts.

    Parameters
    ----------
    prediction : redpix.photoz.learners.base.Prediction
        Predictions, one row per object.
    pdfs : ndarray, shape (n, nodes)
        NaN for objects without pixels.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    redpix.photoz.learners.base.Prediction
    """
    redshift = np.full(len(pdfs), np.nan)
    finite = np.isfinite(pdfs[:, 0])
    redshift[finite] = pdf.quantiles(pdfs[finite], [0.5], grid)[:, 0]
    return prediction._replace(redshift=redshift, pdf=pdfs)
