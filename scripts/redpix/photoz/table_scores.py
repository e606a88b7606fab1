"""Scores of the objects of a table, collected in blocks."""

import numpy as np

from redpix.photoz import metrics
from redpix.photoz.binned_metrics import conditional
from redpix.photoz.point_estimates import POINTS, score_points


class TableScores:
    """Scores, point estimates, brightness and colour of objects with a redshift.

    Parameters
    ----------
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.
    """

    def __init__(self, grid):
        self._grid, self._scores = grid, []
        self._points, self._truth = [np.empty((0, len(POINTS)))], [np.empty(0)]
        self._redshift, self._conditions = [np.empty(0)], [np.empty((0, 2))]

    def add(self, calibrated, table, conditions):
        """Add objects, all with a redshift.

        Parameters
        ----------
        calibrated : redpix.photoz.calibration.CalibratedRedshifts
            Redshifts and calibrated PDFs.
        table : redpix.photoz.catalogues.GalaxyTable
            The objects.
        conditions : ndarray, shape (n, 2)
            Brightness and colour.
        """
        truth = table.redshift
        scores = metrics.score(calibrated.redshift, calibrated.pdf, truth, self._grid)
        self._scores.append(scores)
        self._points.append(calibrated.points())
        self._truth.append(truth)
        self._redshift.append(calibrated.redshift)
        self._conditions.append(conditions)

    def summary(self):
        """Return the metrics, as from `redpix.photoz.metrics.summarise`.

        Returns
        -------
        dict
        """
        return metrics.summarise(metrics.Scores.concatenate(self._scores))

    def points(self, chosen):
        """Return the scores of the point estimates.

        Parameters
        ----------
        chosen : str
            The one that is ``z_phot``.

        Returns
        -------
        dict
            As from `redpix.photoz.point_estimates.score_points`.
        """
        points, truth = np.concatenate(self._points), np.concatenate(self._truth)
        return score_points(points, truth, chosen)

    def conditional(self):
        """Return metrics in bins, as from `redpix.photoz.binned_metrics.conditional`.

        Returns
        -------
        dict
        """
        return conditional(
            metrics.Scores.concatenate(self._scores),
            np.concatenate(self._redshift),
            np.concatenate(self._truth),
            np.concatenate(self._conditions),
        )
