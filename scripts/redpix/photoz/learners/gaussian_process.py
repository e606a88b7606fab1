"""A Gaussian process from features of objects to redshifts."""

import warnings

import numpy as np
from scipy.linalg import solve_triangular
from scipy.spatial.distance import cdist
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from threadpoolctl import threadpool_limits

from redpix.photoz import pdf
from redpix.photoz.attributes import Scaler
from redpix.photoz.learners.base import CLASSES, Prediction

#: most objects that lengths are fitted to, and that predictions are made from
MOST_FITTED, MOST_KNOWN = 400, 2000

#: standardised features beyond this many standard deviations count as this many
FARTHEST = 5.0

#: an object is outside where this share of the process's variance is left
OUTSIDE = 0.5

#: objects predicted at a time
BLOCK = 5000


class Process:
    """ln(1 + z) as a Gaussian process of standardised features, with a length for each feature.

    Rasmussen & Williams (2006), algorithm 2.1; the kernel is squared-exponential with white noise,
    its parameters those of the largest marginal likelihood. Works where there are few objects: a
    feature that tells nothing gets a long length.

    Parameters
    ----------
    scaler : Scaler
    known : ndarray, shape (n, features)
        Standardised features learnt from.
    lower : ndarray, shape (n, n)
        Cholesky factor of their covariance.
    alpha : ndarray, shape (n,)
        Covariance solved for ln(1 + z) less its mean.
    lengths : ndarray, shape (features,)
    scales : ndarray, shape (3,)
        Mean of ln(1 + z), variance of the process, variance of the noise.
    grid : ndarray, shape (nodes,)
    """

    _NAMES = ("known", "lower", "alpha", "lengths", "scales")

    def __init__(self, scaler, known, lower, alpha, lengths, scales, grid):
        self.scaler, self.grid = scaler, grid
        self.known, self.lower, self.alpha = known, lower, alpha
        self.lengths, self.scales = lengths, scales

    @classmethod
    def fit(cls, features, redshift, grid, seed):
        """Learn from features, shape (n, features), and redshifts of galaxies and quasars."""
        order = np.random.default_rng([seed, 7]).permutation(len(redshift))[:MOST_KNOWN]
        features, target = features[order], np.log1p(redshift[order])
        scaler = Scaler.fit(features)
        inputs = _clipped(scaler, features)
        mean = target.mean()
        kernel = ConstantKernel(0.1, (1e-4, 1e2)) * RBF(
            np.full(inputs.shape[1], 3.0), (0.3, 100.0)
        ) + WhiteKernel(1e-3, (1e-7, 1.0))
        with threadpool_limits(1), warnings.catch_warnings():
            # a length at its bound is a feature without use
            warnings.simplefilter("ignore", ConvergenceWarning)
            first = slice(MOST_FITTED)
            fitted = GaussianProcessRegressor(kernel).fit(inputs[first], target[first] - mean)
            fixed = GaussianProcessRegressor(fitted.kernel_, optimizer=None)
            fixed.fit(inputs, target - mean)
        smooth, noise = fitted.kernel_.k1, fitted.kernel_.k2
        scales = np.array([mean, smooth.k1.constant_value, noise.noise_level])
        known = (inputs, fixed.L_, fixed.alpha_, np.atleast_1d(smooth.k2.length_scale))
        return cls(scaler, *known, scales, grid)

    def arrays(self):
        """Everything needed to predict elsewhere, by name."""
        own = {name: getattr(self, name) for name in self._NAMES}
        return {**own, **self.scaler._asdict()}

    @classmethod
    def from_arrays(cls, arrays, grid):
        """The process whose `arrays` these are."""
        scaler = Scaler(*(arrays[name] for name in Scaler._fields))
        return cls(scaler, *(arrays[name] for name in cls._NAMES), grid)

    def predict(self, features):
        """Predict features, shape (n, features); no classes are told.

        Returns
        -------
        Prediction
        """
        parts = [
            self._predict(features[start : start + BLOCK])
            for start in range(0, max(len(features), 1), BLOCK)
        ]
        return Prediction(*(np.concatenate(field) for field in zip(*parts, strict=True)))

    def _predict(self, features):
        mean, variance, noise = self.scales
        inputs = _clipped(self.scaler, features)
        squared = cdist(inputs / self.lengths, self.known / self.lengths, "sqeuclidean")
        covariance = variance * np.exp(-0.5 * squared)
        centre = mean + np.einsum("ij,j->i", covariance, self.alpha)
        with threadpool_limits(1):
            explained = solve_triangular(self.lower, covariance.T, lower=True)
        left = np.maximum(variance - np.einsum("ij,ij->j", explained, explained), 0)
        stretched = np.log1p(self.grid)
        centre = np.clip(centre, stretched[0], stretched[-1])
        sigma = np.maximum(np.sqrt(left + noise), stretched[1] - stretched[0])
        offset = (stretched - centre[:, None]) / sigma[:, None]
        pdfs = pdf.normalise(np.exp(-0.5 * offset**2) / (1 + self.grid), self.grid)
        probability = np.full((len(features), len(CLASSES)), np.nan)
        return Prediction(np.expm1(centre), pdfs, probability, left > OUTSIDE * variance)


def _clipped(scaler, features):
    return np.clip(scaler.transform(features), -FARTHEST, FARTHEST)
