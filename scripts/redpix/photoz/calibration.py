"""Recalibrate PDFs with the PIT of objects of known redshift."""

from typing import NamedTuple

import numpy as np

from redpix.photoz import pdf
from redpix.photoz.conditional_calibration import Cells, knots_of, level_curve, map_by_levels
from redpix.photoz.pdf_transforms import stretch
from redpix.photoz.point_estimates import POINTS, best_point, best_redshifts

#: probabilities below the ends of the 95 % and 68 % intervals and below the median
LEVELS = (0.025, 0.16, 0.5, 0.84, 0.975)

#: maximum number of objects that choose the point estimate; bounds the memory
MOST_POINTS = 20_000

#: minimum scale of PDFs; reached if most redshifts are exactly as predicted
LEAST_SCALE = 1e-3


class CalibratedRedshifts(NamedTuple):
    """Redshifts and calibrated PDFs of objects, one row per object."""

    redshift: np.ndarray  #: (n,), the chosen point estimate, ``z_phot``
    error: np.ndarray  #: (n,), half the width of the 68 % interval
    low68: np.ndarray  #: (n,), 16th percentile of the PDF
    high68: np.ndarray  #: (n,), 84th percentile
    low95: np.ndarray  #: (n,), 2.5th percentile
    high95: np.ndarray  #: (n,), 97.5th percentile
    mean: np.ndarray  #: (n,), mean of the PDF
    median: np.ndarray  #: (n,), median of the PDF
    mode: np.ndarray  #: (n,), redshift of the maximum of the PDF
    best: np.ndarray  #: (n,), redshift of the smallest expected loss
    pdf: np.ndarray  #: (n, nodes), float32
    predicted: np.ndarray  #: (n,), redshift of the learner or combiner itself

    def points(self):
        """Return the point estimates in the order of `redpix.photoz.point_estimates.POINTS`.

        Returns
        -------
        ndarray, shape (n, points)
        """
        return np.stack([getattr(self, name) for name in POINTS], axis=1)


class Calibration(NamedTuple):
    """A recalibration of PDFs.

    PDFs are first widened by `scale`. Then the cumulative distribution F is replaced by G(F). G is
    the monotone cubic curve from (0, 0) through the points (``levels[j]``, (j + 1) / (knots + 1))
    to (1, 1). Cells of brightness and colour in which F is still not uniform have such curves of
    their own.
    """

    scale: float  #: factor of the width
    levels: tuple  #: (knots,), quantiles of the PIT values
    cells: Cells = Cells()
    point: str = POINTS[0]  #: point estimate that is ``z_phot``, one of `POINTS`

    @classmethod
    def fit(cls, prediction, truth, grid, conditions=None):
        """Return the calibration of held-out predictions, and the best point estimate of them.

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
        conditions : ndarray, shape (n, 2), optional
            From `redpix.photoz.conditional_calibration.brightness_and_colour`; without them there
            are no cells.

        Returns
        -------
        Calibration
        """
        scale = width_scale(prediction, truth, grid)
        plain = cls(scale, ())
        pit = _pit(plain, prediction, truth, grid)
        plain = plain._replace(levels=level_curve(pit, knots_of(len(pit))))
        if conditions is not None:
            pit = _pit(plain, prediction, truth, grid)
            plain = plain._replace(cells=Cells.fit(pit, conditions))
        some = slice(None, None, max(1, len(truth) // MOST_POINTS))
        few = None if conditions is None else conditions[some]
        calibrated = calibrate(prediction.take(some), plain, grid, few)
        return plain._replace(point=best_point(calibrated.points(), truth[some]))

    @classmethod
    def of(cls, values):
        """Return the calibration that a list describes, as JSON gives it.

        Parameters
        ----------
        values : sequence
            In the order of the fields.

        Returns
        -------
        Calibration

        Raises
        ------
        ValueError
            If the point estimate is unknown, or sizes do not agree.
        """
        scale, levels, cells, point = values
        if point not in POINTS:
            raise ValueError(f"unknown point estimate {point}")
        return cls(float(scale), tuple(levels), Cells.of(cells), point)

    def apply(self, pdfs, centre, grid, conditions=None):
        """Return calibrated PDFs.

        Parameters
        ----------
        pdfs : ndarray, shape (n, nodes)
            PDFs, one row per object or pixel.
        centre : ndarray, shape (n,)
            Redshifts about which the PDFs are widened.
        grid : ndarray, shape (nodes,)
            Redshifts of the nodes.
        conditions : ndarray, shape (n, 2), optional
            Brightness and colour; without them the cells have no effect.

        Returns
        -------
        ndarray, shape (n, nodes)
        """
        stretched = stretch(pdfs, centre, self.scale, grid)
        if self.levels:
            stretched = map_by_levels(stretched, self.levels, grid)
        return self.cells.apply(stretched, conditions, grid)


def _pit(calibration, prediction, truth, grid, rows=5000):
    """Return the PIT values of calibrated PDFs, in blocks of rows."""
    pit = np.empty(len(truth))
    for start in range(0, len(truth), rows):
        block = slice(start, start + rows)
        pdfs = calibration.apply(prediction.pdf[block], prediction.redshift[block], grid)
        pit[block] = pdf.evaluate(pdf.cumulative(pdfs, grid), truth[block], grid)
    return pit


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


def calibrate(prediction, calibration, grid, conditions=None, rows=5000):
    """Calibrate the PDFs of objects, and measure their quantiles and point estimates.

    Parameters
    ----------
    prediction : redpix.photoz.learners.base.Prediction
        Predictions, one row per object.
    calibration : Calibration
        From held-out predictions.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.
    conditions : ndarray, shape (n, 2), optional
        Brightness and colour, from
        `redpix.photoz.conditional_calibration.brightness_and_colour`.
    rows : int
        Number of PDFs that are calibrated at a time; bounds the memory.

    Returns
    -------
    CalibratedRedshifts
    """
    pdfs = np.empty_like(prediction.pdf, dtype=np.float32)
    points = np.empty((len(pdfs), len(LEVELS) + 3))
    for start in range(0, len(pdfs), rows):
        block = slice(start, start + rows)
        where = None if conditions is None else conditions[block]
        centre = prediction.redshift[block]
        calibrated = calibration.apply(prediction.pdf[block], centre, grid, where)
        pdfs[block] = calibrated
        points[block, :-3] = pdf.quantiles(calibrated, LEVELS, grid)
        points[block, -3] = pdf.mean(calibrated, grid)
        points[block, -2] = pdf.mode(calibrated, grid)
        points[block, -1] = best_redshifts(calibrated, grid)
    low95, low68, median, high68, high95, mean, mode, best = points.T
    points = {"predicted": prediction.redshift, "median": median, "mean": mean, "mode": mode}
    points["best"] = best
    return CalibratedRedshifts(
        redshift=points[calibration.point],
        error=(high68 - low68) / 2,
        low68=low68,
        high68=high68,
        low95=low95,
        high95=high95,
        mean=mean,
        median=median,
        mode=mode,
        best=best,
        pdf=pdfs,
        predicted=prediction.redshift,
    )
