"""Choose the objects and the combiners whose PDFs are written beside those of the chosen one."""

import numpy as np

from redpix.photoz.estimates import APERTURE, WAYS
from redpix.photoz.pdf_file import write_pdfs


def write_estimates(path, ids, results, choices, grid):
    """Write the PDFs of objects by the chosen combiner, and of some objects by the others.

    Parameters
    ----------
    path : str
        The file pdfs.parquet to write.
    ids : array, shape (n,)
        Identifiers of the objects.
    results : dict of str to redpix.photoz.calibration.CalibratedRedshifts
        From `redpix.photoz.estimates.calibrated_estimates`.
    choices : redpix.photoz.pixel_choices.PixelChoices
        Choices of the run.
    grid : ndarray, shape (nodes,)
        Redshifts of the nodes.
    """
    others = other_pdfs(results, choices.combiner)
    rows = disputed_rows(results, choices.combiner_pdfs)
    write_pdfs(path, ids, results[choices.combiner].pdf, grid, combiners=others, rows=rows)


def other_pdfs(results, combiner):
    """Return the PDFs of the summed aperture and of all combiners but the chosen one.

    Parameters
    ----------
    results : dict of str to redpix.photoz.calibration.CalibratedRedshifts
        From `redpix.photoz.estimates.calibrated_estimates`.
    combiner : str
        The combiner whose PDF is that of the object.

    Returns
    -------
    dict of str to ndarray, shape (n, nodes)
        By the name of the estimate.
    """
    return {name: results[name].pdf for name in (*WAYS, APERTURE) if name != combiner}


def disputed_rows(results, most):
    """Return the rows of the objects on whose redshift the estimates disagree most.

    True redshifts do not take part, so that nothing about held-out objects leaks.

    Parameters
    ----------
    results : dict of str to redpix.photoz.calibration.CalibratedRedshifts
        From `redpix.photoz.estimates.calibrated_estimates`.
    most : int
        Maximum number of rows.

    Returns
    -------
    ndarray of int
        In increasing order. Objects with an unknown redshift come last.
    """
    redshifts = np.stack([results[name].redshift for name in (*WAYS, APERTURE)])
    if redshifts.shape[1] <= most:
        return np.arange(redshifts.shape[1])
    scatter = redshifts.std(axis=0) / (1 + np.median(redshifts, axis=0))
    order = np.argsort(-np.nan_to_num(scatter, nan=-1.0), kind="stable")
    return np.sort(order[:most])
