"""Gaussian-process regression from features of objects to redshifts."""

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

#: maximum numbers of objects of the fit of the length scales and of the prediction
MOST_FITTED, MOST_KNOWN = 400, 2000

#: standardised features are clipped to this number of standard deviations
FARTHEST = 5.0

#: an object is outside the training set if this fraction of the prior variance remains
OUTSIDE = 0.5

#: number of objects that are predicted at a time; bounds the memory
BLOCK = 5000


class Process:
    """A Gaussian process for ln(1 + z), with a length scale per standardised feature.

    See Rasmussen & Williams (2006), algorithm 2.1. The kernel is squared-exponential plus white
    noise. Its parameters maximise the marginal likelihood. The method suits small training sets: a
    useless feature gets a long length scale.

    Parameters
    ----------
    scaler : redpix.photoz.attributes.Scaler
        Standardisation of the attributes.
    known : ndarray, shape (n, features)
        Standardised features of the training set.
    lower : ndarray, shape (n, n)
        Cholesky factor of their covariance.
    alpha : ndarray, shape (n,)
        Inverse covariance times ln(1 + z) minus its mean.
    lengths : ndarray, shape (features,)
        Length scales.
    scales : ndarray, shape (3,)
        Mean of ln(1 + z), variance of the process, variance of the noise.
    grid : ndarray, shape (nodes,)
        Redshifts at which PDFs are given.
    """

    _NAMES = ("known", "lower", "alpha", "lengths", "scales")

    def __init__(self, scaler, known, lower, alpha, lengths, scales, grid):
        self.scaler, self.grid = scaler, grid
        self.known, self.lower, self.alpha = known, lower, alpha
        self.lengths, self.scales = lengths, scales

    @classmethod
    def fit(cls, features, redshift, grid, seed):
        """Return the process of a training set of galaxies and quasars.

        Parameters
        ----------
        features : ndarray, shape (n, features)
            Features of the objects.
        redshift : ndarray, shape (n,)
            Redshifts.
        grid : ndarray, shape (nodes,)
            Redshifts at which PDFs are given.
        seed : int
            Seed of the random numbers.

        Returns
        -------
        Process
        """
        order = np.random.default_rng([seed, 7]).permutation(len(redshift))[:MOST_KNOWN]
        features, target = features[order], np.log1p(redshift[order])
        scaler = Scaler.fit(features)
        inputs = _clipped(scaler, features)
        mean = target.mean()
        kernel = ConstantKernel(0.1, (1e-4, 1e2)) * RBF(
            np.full(inputs.shape[1], 3.0), (0.3, 100.0)
        ) + WhiteKernel(1e-3, (1e-7, 1.0))
        with threadpool_limits(1), warnings.catch_warnings():
            # scikit-learn warns if a length scale is at its bound: the feature is useless
            warnings.simplefilter("ignore", ConvergenceWarning)
            first = slice(MOST_FITTED)
            fitted = GaussianProcessRegressor(kernel).fit(inputs[first], target[first] - mean)
            fixed = GaussianProcessRegressor(fitted.kernel_, optimizer=None)
            fixed.fit(inputs, target - mean)
        smooth, noise = fitted.kernel_.k1, fitted.kernel_.k2
        scales = np.array([mean, smooth.k1.constant_value, noise.noise_level])
        return cls(
            scaler,
            known=inputs,
            lower=fixed.L_,
            alpha=fixed.alpha_,
            lengths=np.atleast_1d(smooth.k2.length_scale),
            scales=scales,
            grid=grid,
        )

    def arrays(self):
        """Return the learner as named arrays.

        Returns
        -------
        dict of str to ndarray
        """
        plain = {name: getattr(self, name) for name in self._NAMES}
        return {**plain, **self.scaler._asdict()}

    @classmethod
    def from_arrays(cls, arrays, grid):
        """Return the process that these arrays describe.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            From `arrays`.
        grid : ndarray, shape (nodes,)
            Redshifts at which PDFs are given.

        Returns
        -------
        Process
        """
        scaler = Scaler(arrays["mean"], arrays["deviation"])
        return cls(scaler, grid=grid, **{name: arrays[name] for name in cls._NAMES})

    def predict(self, features):
        """Predict objects from their features, without classes.

        Parameters
        ----------
        features : ndarray, shape (n, features)
            Features of the objects.

        Returns
        -------
        redpix.photoz.learners.base.Prediction
        """
        parts = [
            self._predict(features[start : start + BLOCK])
            for start in range(0, max(len(features), 1), BLOCK)
        ]
        return Prediction.concatenate(parts)

    def _predict(self, features):
        """Predict a block of objects."""
        mean, variance, noise = self.scales
        inputs = _clipped(self.scaler, features)
        squared = cdist(inputs / self.lengths, self.known / self.lengths, "sqeuclidean")
        covariance = variance * np.exp(-0.5 * squared)
        centre = mean + np.einsum("ij,j->i", covariance, self.alpha)
        with threadpool_limits(1):
            explained = solve_triangular(self.lower, covariance.T, lower=True)
        remaining = np.maximum(variance - np.einsum("ij,ij->j", explained, explained), 0)
        stretched = np.log1p(self.grid)
        centre = np.clip(centre, stretched[0], stretched[-1])
        sigma = np.maximum(np.sqrt(remaining + noise), stretched[1] - stretched[0])
        offset = (stretched - centre[:, None]) / sigma[:, None]
        pdfs = pdf.normalise(np.exp(-0.5 * offset**2) / (1 + self.grid), self.grid)
        probability = np.full((len(features), len(CLASSES)), np.nan)
        return Prediction(np.expm1(centre), pdfs, probability, remaining > OUTSIDE * variance)


def _clipped(scaler, features):
    """Return the standardised and clipped features."""
    return np.clip(scaler.transform(features), -FARTHEST, FARTHEST)
