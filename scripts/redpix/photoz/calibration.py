"""Recalibrate PDFs with the PIT of objects of known redshift."""

from typing import NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator

from redpix.photoz import pdf
from redpix.photoz.pdf_transforms import stretch

#: number of objects per knot of the recalibration curve, and maximum number of knots
OBJECTS_PER_KNOT, MOST_KNOTS = 150, 20

#: probabilities below the ends of the 95 % and 68 % intervals and below the median
LEVELS = (0.025, 0.16, 0.5, 0.84, 0.975)

#: minimum scale of PDFs; reached if most redshifts are exactly as predicted
LEAST_SCALE = 1e-3


class CalibratedRedshifts(NamedTuple):
    """Redshifts and calibrated PDFs of objects, one row per object."""

    redshift: np.ndarray  #: (n,)
    error: np.ndarray  #: (n,), half the width of the 68 % interval
    low68: np.ndarray  #: (n,), 16th percentile of the PDF
    high68: np.ndarray  #: (n,), 84th percentile
    low95: np.ndarray  #: (n,), 2.5th percentile
    high95: np.ndarray  #: (n,), 97.5th percentile
    mean: np.ndarray  #: (n,), mean of the PDF
    median: np.ndarray  #: (n,), median of the PDF
    mode: np.ndarray  #: (n,), redshift of the maximum of the PDF
    pdf: np.ndarray  #: (n, nodes), float32


class Calibration(NamedTuple):
    """A recalibration of PDFs.

    PDFs are first widened by `scale`. Then the cumulative distribution F is replaced by G(F). G is
    the monotone cubic curve from (0, 0) through the points (``levels[j]``, (j + 1) / (knots + 1))
    to (1, 1).
    """

    scale: float  #: factor of the width
    levels: tuple  #: (knots,), quantiles of the PIT values

    @classmethod
    def fit(cls, prediction, truth, grid):
        """Return the calibration of held-out predictions.

        The levels are quantiles of the PIT values F(truth) of the widened PDFs. So the PIT values
        G(F(truth)) are uniform (Bordoloi et al. 2010, MNRAS 406, 881).

        Parameters
        ----------
        prediction : redpix.photoz.learners.base.Prediction
            Of objects that the learner has not seen.
        truth : ndarray, shape (n,)
            True redshifts.
        grid : ndarray, shape (nodes,)
            Redshifts of the nodes.

        Returns
        -------
        Calibration
        """
        scale = width_scale(prediction, truth, grid)
        stretched = stretch(prediction.pdf, prediction.redshift, scale, grid)
        pit = pdf.evaluate(pdf.cumulative(stretched, grid), truth, grid)
        knots = int(np.clip(len(pit) // OBJECTS_PER_KNOT, 1, MOST_KNOTS))
        levels = np.quantile(pit, np.arange(1, knots + 1) / (knots + 1))
        # equal levels make no curve: space them, as for truths outside all PDFs
        floor = 1e-3 * np.arange(1, knots + 1)
        levels = np.clip(levels, floor, 1 - floor[::-1])
        levels = np.maximum.accumulate(levels - floor) + floor
        return cls(scale, tuple(float(level) for level in levels))

    def apply(self, pdfs, centre, grid):
        """Return calibrated PDFs.

        Parameters
        ----------
        pdfs : ndarray, shape (n, nodes)
            PDFs, one row per object or pixel.
        centre : ndarray, shape (n,)
            Redshifts about which the PDFs are widened.
        grid : ndarray, shape (nodes,)
            Redshifts of the nodes.

        Returns
        -------
        ndarray, shape (n, nodes)
        """
        stretched = stretch(pdfs, centre, self.scale, grid)
        steps = np.linspace(0, 1, len(self.levels) + 2)
        curve = PchipInterpolator([0, *self.levels, 1], steps)
        slope = curve.derivative()(pdf.cumulative(stretched, grid))
        return pdf.normalise(stretched * slope, grid)


def width_scale(prediction, truth, grid):
    """Return the factor of the width with which the 68 % interval contains 68 % of the truths.

    The PDFs of the pixels of an object are not independent, so that the width of their mean has to
    be calibrated with objects of known redshift. For each object there is a factor with which the
    truth is at the end of its 68 % interval. The result is the 68th percentile of these factors.

    Parameters
    ----------
    prediction : redpix.photoz.learners.base.Prediction
        Of objects that the learner has not seen.
    truth : ndarray, shape (n,)
        True redshifts.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.

    Returns
    -------
    float
        At least `LEAST_SCALE`.
    """
    ends = pdf.quantiles(prediction.pdf, [0.16, 0.84], grid)
    step = grid[1] - grid[0]
    residual = truth - prediction.redshift
    above = np.maximum(ends[:, 1] - prediction.redshift, step)
    below = np.maximum(prediction.redshift - ends[:, 0], step)
    needed = np.where(residual > 0, residual / above, -residual / below)
    return max(float(np.percentile(needed, 68)), LEAST_SCALE)


def calibrate(prediction, calibration, grid, rows=5000):
    """Calibrate the PDFs of objects, and measure their quantiles, means and modes.

    Parameters
    ----------
    prediction : redpix.photoz.learners.base.Prediction
        Predictions, one row per object.
    calibration : Calibration
        From held-out predictions.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.
    rows : int
        Number of PDFs that are calibrated at a time; bounds the memory.

    Returns
    -------
    CalibratedRedshifts
    """
    pdfs = np.empty_like(prediction.pdf, dtype=np.float32)
    points = np.empty((len(pdfs), len(LEVELS) + 2))
    for start in range(0, len(pdfs), rows):
        block = slice(start, start + rows)
        calibrated = calibration.apply(prediction.pdf[block], prediction.redshift[block], grid)
        pdfs[block] = calibrated
        points[block, :-2] = pdf.quantiles(calibrated, LEVELS, grid)
        points[block, -2] = pdf.mean(calibrated, grid)
        points[block, -1] = pdf.mode(calibrated, grid)
    low95, low68, median, high68, high95, mean, mode = points.T
    return CalibratedRedshifts(
        redshift=prediction.redshift,
        error=(high68 - low68) / 2,
        low68=low68,
        high68=high68,
        low95=low95,
        high95=high95,
        mean=mean,
        median=median,
        mode=mode,
        pdf=pdfs,
    )
