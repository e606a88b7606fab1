"""Probability that a transient is real, from what the difference shows of it.

A logistic model of eight features. `tests/benchmarks/train_real_score.py` fits it to injected
sources and to the false detections of real pairs, and checks it on pairs that the fit has not seen.
"""

from typing import NamedTuple

import numpy as np


class Features(NamedTuple):
    """Features of transients, one row per transient; each is 0 for an ideal point source.

    Attributes
    ----------
    misfit : ndarray
        Logarithm of `misfit` where it is above 1.
    pixels : ndarray
        Share of the gain over single pixels that is missing.
    deviation : ndarray
        The same in standard deviations of its noise.
    extended : ndarray
        Light at large scale over that of the transient.
    line : ndarray
        Light on both sides over that of the transient.
    dipole : ndarray
        Height of the opposite lobe over that of the peak.
    masked : ndarray
        Share of the pixels near the transient that have a mask bit.
    crowded : ndarray
        Logarithm of 1 + the number of other transients within 5 FWHM.
    """

    misfit: np.ndarray
    pixels: np.ndarray
    deviation: np.ndarray
    extended: np.ndarray
    line: np.ndarray
    dipole: np.ndarray
    masked: np.ndarray
    crowded: np.ndarray


#: weights of the features, in their order, and the constant; for as many real as false transients
WEIGHTS = (-1.42, -0.77, -0.56, -1.22, -1.54, -0.37, -0.66, -1.30)
CONSTANT = 3.15


def features_of(transients, shapes, line, masked, fwhm):
    """Return the features of transients.

    Parameters
    ----------
    transients : redpix.subtraction.transients.Transients
        Transients with their misfits.
    shapes : redpix.subtraction.shape_fit.ShapeFit
        Fits of their shapes.
    line : ndarray
        Signal-to-noise ratio of the light on both sides, positive if of the transient's sign.
    masked : ndarray
        Share of the pixels near each transient that have a mask bit.
    fwhm : float
        FWHM of the wider PSF, pixels.

    Returns
    -------
    Features
    """
    expected = np.maximum(shapes.expected_gain, 1.0)
    away = np.hypot(
        transients.x[:, None] - transients.x[None], transients.y[:, None] - transients.y[None]
    )
    missing = np.maximum(expected - shapes.gain, 0)
    return Features(
        misfit=np.clip(np.log(np.maximum(transients.misfit, 1.0)), 0, 3),
        pixels=np.clip(missing / expected, 0, 2),
        deviation=np.clip(missing / (2 * np.sqrt(expected)), 0, 8),
        extended=np.clip(shapes.extended, 0, 1.5),
        line=np.clip(line / np.maximum(abs(shapes.signal_to_noise), 1.0), 0, 1),
        dipole=np.clip(transients.dipole, 0, 1.5),
        masked=masked,
        crowded=np.log1p(np.sum(away < 5 * fwhm, axis=1) - 1),
    )


def probability(features, weights=WEIGHTS, constant=CONSTANT):
    """Return the probability that each transient is real.

    Parameters
    ----------
    features : Features
        Features of the transients.
    weights : sequence of float
        Weight of each feature.
    constant : float
        Logarithm of the odds of an ideal point source.

    Returns
    -------
    ndarray
        From 0 to 1, for as many real as false transients.
    """
    odds = constant + np.column_stack(features) @ np.asarray(weights)
    return 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
