"""Densities that mean what they say, by what they said of objects of known redshift."""

from typing import NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator

from redpix.photoz import pdf

#: objects for each knot of the map of PIT values, and the most knots
OBJECTS_A_KNOT, MOST_KNOTS = 150, 20

#: probabilities below the ends of the intervals and below the median
LEVELS = (0.025, 0.16, 0.5, 0.84, 0.975)


#: least factor by which densities are narrowed, where most truths are exactly as predicted
LEAST_SCALE = 1e-3


class Calibrated(NamedTuple):
    """Redshifts of objects with widths that mean what they say, one row an object."""

    redshift: np.ndarray  #: (n,)
    error: np.ndarray  #: (n,), half the distance of the two below
    low68: np.ndarray  #: (n,), 16th percentile of the density
    high68: np.ndarray  #: (n,), 84th percentile
    low95: np.ndarray  #: (n,), 2.5th percentile
    high95: np.ndarray  #: (n,), 97.5th percentile
    mean: np.ndarray  #: (n,), of the density, as the two below
    median: np.ndarray  #: (n,)
    mode: np.ndarray  #: (n,)
    pdf: np.ndarray  #: (n, nodes), float32


class Calibration(NamedTuple):
    """What has to be done to densities.

    They are stretched by `scale`, then their cumulative distribution F becomes G(F), with G the
    monotone cubic curve from (0, 0) over (`levels`[j], (j + 1) / (len(levels) + 1)) to (1, 1).
    """

    scale: float
    levels: tuple

    @classmethod
    def fit(cls, prediction, truth, grid):
        """Learn it from objects that were not learnt from.

        The levels are quantiles of the stretched densities' PIT values, F(truth), so that those
        of G(F) are uniform (Bordoloi et al. 2010, MNRAS 406, 881).

        Parameters
        ----------
        prediction : Prediction
        truth : ndarray, shape (n,)
        grid : ndarray, shape (nodes,)
        """
        scale = width_scale(prediction, truth, grid)
        stretched = pdf.stretch(prediction.pdf, prediction.redshift, scale, grid)
        pit = pdf.evaluate(pdf.cumulative(stretched, grid), truth, grid)
        knots = int(np.clip(len(pit) // OBJECTS_A_KNOT, 1, MOST_KNOTS))
        levels = np.quantile(pit, np.arange(1, knots + 1) / (knots + 1))
        # equal ones, as of truths outside all densities or all as predicted, would leave no curve
        floor = 1e-3 * np.arange(1, knots + 1)
        levels = np.clip(levels, floor, 1 - floor[::-1])
        levels = np.maximum.accumulate(levels - floor) + floor
        return cls(scale, tuple(float(level) for level in levels))

    def apply(self, pdfs, centre, grid):
        """Calibrated densities of densities, shape (n, nodes), about their centres, shape (n,)."""
        stretched = pdf.stretch(pdfs, centre, self.scale, grid)
        steps = np.linspace(0, 1, len(self.levels) + 2)
        curve = PchipInterpolator([0, *self.levels, 1], steps)
        slope = curve.derivative()(pdf.cumulative(stretched, grid))
        return pdf.normalise(stretched * slope, grid)


def width_scale(prediction, truth, grid):
    """Factor by which densities have to be widened for their 68 % interval to hold 68 % of truths.

    The densities of an object's pixels are far from independent, so their mean has the wrong width
    by a factor that only objects of known redshift tell. For each object, the factor by which its
    density has to be stretched about its redshift for the truth to fall on the end of the interval
    is found; the 68th percentile of these is returned, at least `LEAST_SCALE`.

    Parameters
    ----------
    prediction : Prediction
        Of objects that were not learnt from.
    truth : ndarray, shape (n,)
    grid : ndarray, shape (nodes,)
    """
    ends = pdf.quantiles(prediction.pdf, [0.16, 0.84], grid)
    step = grid[1] - grid[0]
    residual = truth - prediction.redshift
    above = np.maximum(ends[:, 1] - prediction.redshift, step)
    below = np.maximum(prediction.redshift - ends[:, 0], step)
    needed = np.where(residual > 0, residual / above, -residual / below)
    return max(float(np.percentile(needed, 68)), LEAST_SCALE)


def calibrate(prediction, calibration, grid, rows=5000):
    """Calibrate the densities of objects and measure them, `rows` at a time to bound memory.

    Returns
    -------
    Calibrated
    """
    pdfs = np.empty_like(prediction.pdf, dtype=np.float32)
    points = np.empty((len(pdfs), len(LEVELS) + 2))
    for start in range(0, len(pdfs), rows):
        part = slice(start, start + rows)
        right = calibration.apply(prediction.pdf[part], prediction.redshift[part], grid)
        pdfs[part] = right
        points[part, :-2] = pdf.quantiles(right, LEVELS, grid)
        points[part, -2], points[part, -1] = pdf.mean(right, grid), pdf.mode(right, grid)
    low95, low68, median, high68, high95, mean, mode = points.T
    ends = (low68, high68, low95, high95)
    error = (high68 - low68) / 2
    return Calibrated(prediction.redshift, error, *ends, mean, median, mode, pdfs)
